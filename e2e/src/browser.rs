//! Somebody who chats with the page, in headless Chromium.

use std::process::Stdio;

use anyhow::{Context, Result};
use thirtyfour::{ChromiumLikeCapabilities, WindowHandle, prelude::*};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::wait::{until, within_deadline};

/// Chromium without the parts that need a network, a screen or a sandbox.
const CHROMIUM_FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1100,760",
];

/// A WebDriver server. Ends when dropped.
pub struct Browser {
    _chromedriver: Child,
    url: String,
}

impl Browser {
    /// Starts `chromedriver` on a free port.
    pub async fn start() -> Result<Self> {
        until("chromedriver", Self::try_start).await
    }

    /// Nothing if the port that it found is not free any more when it listens there.
    async fn try_start() -> Result<Option<Self>> {
        let mut chromedriver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot run chromedriver (Debian package chromium-driver)")?;
        let stdout = chromedriver
            .stdout
            .take()
            .context("chromedriver has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let port = within_deadline("chromedriver to say its port", async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    return Ok(Some(port.trim_end_matches('.').to_owned()));
                }
            }
            anyhow::Ok(None)
        })
        .await??;
        // Whatever it says later must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(port.map(|port| Self {
            _chromedriver: chromedriver,
            url: format!("http://127.0.0.1:{port}"),
        }))
    }

    /// Opens `page` in a window of its own, with a profile of its own.
    pub async fn window(&self, page: &str) -> Result<Window> {
        let mut capabilities = DesiredCapabilities::chrome();
        for flag in CHROMIUM_FLAGS {
            capabilities.add_arg(flag)?;
        }
        let driver = WebDriver::new(&self.url, capabilities).await?;
        driver.goto(page).await?;
        Ok(Window { driver })
    }
}

/// One browser window with the chat page.
pub struct Window {
    driver: WebDriver,
}

/// A message as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownMessage {
    /// The author's name.
    pub author: String,
    /// The text.
    pub text: String,
    /// Whether it is shown as a direct message.
    pub direct: bool,
}

impl Window {
    /// Fills in the name and enters the room as a guest.
    pub async fn join(&self, name: &str) -> Result<()> {
        self.type_name(name).await?;
        self.click("#join-button").await?;
        self.wait_for("#connection[data-state=open]").await?;
        self.wait_for_person(name).await
    }

    /// Signs in as this person of the local identity provider, and enters the room under their name.
    pub async fn sign_in_as(&self, name: &str) -> Result<()> {
        self.type_name(name).await?;
        self.click("#sign-in-button").await?;
        let page = self.enter_popup().await?;
        self.click(&format!("button[value='{name}']")).await?;
        self.wait_for_popup_to_close(page).await?;
        self.wait_for("#connection[data-state=open]").await?;
        self.wait_for_person(name).await
    }

    /// Fills in the name.
    pub async fn type_name(&self, name: &str) -> Result<()> {
        let input = self.wait_for("#name-input").await?;
        input.clear().await?;
        Ok(input.send_keys(name).await?)
    }

    /// Types a message, and presses Enter as soon as it can be sent.
    pub async fn say(&self, text: &str) -> Result<()> {
        let composer = self.wait_for("#composer").await?;
        composer.send_keys(text).await?;
        self.wait_for("#send-button:not([disabled])").await?;
        Ok(composer.send_keys(Key::Enter + "").await?)
    }

    /// Chooses whom the next message is for.
    pub async fn write_to(&self, name: &str) -> Result<()> {
        self.wait_for(&person(name)).await?.click().await?;
        self.wait_for("#recipient").await?;
        Ok(())
    }

    /// All messages that the page shows now.
    pub async fn messages(&self) -> Result<Vec<ShownMessage>> {
        // One script, because elements may be replaced between two WebDriver commands.
        let script = "return [...document.querySelectorAll('[data-testid=message]')].map(m =>
            [m.dataset.author, m.querySelector('.text').textContent, m.dataset.direct])";
        let shown: Vec<(String, String, String)> =
            self.driver.execute(script, vec![]).await?.convert()?;
        Ok(shown
            .into_iter()
            .map(|(author, text, direct)| ShownMessage {
                author,
                text,
                direct: direct == "true",
            })
            .collect())
    }

    /// Waits until the page shows a message with this text.
    pub async fn wait_for_message(&self, text: &str) -> Result<ShownMessage> {
        until(&format!("the message '{text}' on the page"), || async {
            Ok(self
                .messages()
                .await?
                .into_iter()
                .find(|message| message.text == text))
        })
        .await
    }

    /// Waits until `name` is among the people on the page.
    pub async fn wait_for_person(&self, name: &str) -> Result<()> {
        self.wait_for(&person(name)).await.map(|_| ())
    }

    /// The principal of `name`, once they are among the people on the page.
    pub async fn person_id(&self, name: &str) -> Result<String> {
        let id = self.wait_for(&person(name)).await?.attr("data-id").await?;
        id.context("a person without an id")
    }

    /// Waits until the page has a notice that contains `text`.
    pub async fn wait_for_notice(&self, text: &str) -> Result<()> {
        until(&format!("a notice '{text}' on the page"), || async {
            let notices = self
                .driver
                .find_all(By::Css("[data-testid=notice]"))
                .await?;
            for notice in notices {
                if notice.text().await.is_ok_and(|shown| shown.contains(text)) {
                    return Ok(Some(()));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Waits until `name` is no longer among the people on the page.
    pub async fn wait_for_absence(&self, name: &str) -> Result<()> {
        until(&format!("{name} to be gone from the page"), || async {
            Ok(self
                .driver
                .find_all(By::Css(person(name)))
                .await?
                .is_empty()
                .then_some(()))
        })
        .await
    }

    /// Waits for an element.
    pub async fn wait_for(&self, css: &str) -> Result<WebElement> {
        until(&format!("'{css}' on the page"), || async {
            Ok(self.driver.find_all(By::Css(css)).await?.into_iter().next())
        })
        .await
    }

    /// Clicks on an element as soon as it can be clicked on.
    pub async fn click(&self, css: &str) -> Result<()> {
        until(&format!("a click on '{css}'"), || async {
            let element = self.wait_for(css).await?;
            Ok(element.click().await.is_ok().then_some(()))
        })
        .await
    }

    /// Runs a script in the page.
    pub async fn execute(&self, script: &str) -> Result<()> {
        self.driver.execute(script, vec![]).await?;
        Ok(())
    }

    /// Goes on in the window that the page opens; gives the page's own.
    pub async fn enter_popup(&self) -> Result<WindowHandle> {
        let page = self.driver.window().await?;
        let popup = until("another window", || async {
            let windows = self.driver.windows().await?;
            Ok(windows.into_iter().find(|window| *window != page))
        });
        self.driver.switch_to_window(popup.await?).await?;
        Ok(page)
    }

    /// Goes back to the page, whether or not the window that it opened is still there.
    pub async fn leave_popup(&self, page: WindowHandle) -> Result<()> {
        Ok(self.driver.switch_to_window(page).await?)
    }

    /// Goes back to the page as soon as the window that it opened is closed.
    pub async fn wait_for_popup_to_close(&self, page: WindowHandle) -> Result<()> {
        until("the other window to close", || async {
            Ok((self.driver.windows().await?.len() == 1).then_some(()))
        })
        .await?;
        self.leave_popup(page).await
    }

    /// Closes the window that the page opened, and goes back to the page.
    pub async fn close_popup(&self, page: WindowHandle) -> Result<()> {
        self.driver.close_window().await?;
        self.leave_popup(page).await
    }

    /// Whether there is such an element on the page now.
    pub async fn has(&self, css: &str) -> Result<bool> {
        Ok(!self.driver.find_all(By::Css(css)).await?.is_empty())
    }

    /// Runs a script in the page that calls `done` with its result.
    pub async fn execute_async(&self, script: &str) -> Result<serde_json::Value> {
        let script = format!("const done = arguments[arguments.length - 1]; {script}");
        let result = self.driver.execute_async(script, vec![]).await?;
        Ok(result.convert()?)
    }

    /// Waits until an element says something that contains `text`.
    pub async fn wait_for_text(&self, css: &str, text: &str) -> Result<()> {
        until(&format!("'{text}' in '{css}'"), || async {
            let elements = self.driver.find_all(By::Css(css)).await?;
            for element in elements {
                if element.text().await.is_ok_and(|shown| shown.contains(text)) {
                    return Ok(Some(()));
                }
            }
            Ok(None)
        })
        .await
    }

    /// What the page says in an element.
    pub async fn text(&self, css: &str) -> Result<String> {
        Ok(self.wait_for(css).await?.text().await?)
    }

    /// Loads the page again.
    pub async fn reload(&self) -> Result<()> {
        Ok(self.driver.refresh().await?)
    }

    /// Closes the window.
    pub async fn close(self) -> Result<()> {
        Ok(self.driver.quit().await?)
    }
}

fn person(name: &str) -> String {
    format!("[data-testid=person][data-name='{name}']")
}
