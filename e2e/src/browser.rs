//! Headless Chromium, and its windows.

mod complaints;
mod device;
mod entering;
mod keys;

use std::process::Stdio;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;
use thirtyfour::{ChromiumLikeCapabilities, WindowHandle, prelude::*};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use xtask::process::die_with_parent;

pub use self::device::{ColorScheme, Device};
use crate::wait::{until, within_deadline};

/// Chromium without the parts that need a network, a screen or a sandbox. It is driven through a pipe, and ends when
/// nobody holds the other end any more.
const CHROMIUM_FLAGS: [&str; 11] = [
    "--remote-debugging-pipe",
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
        let mut command = Command::new("chromedriver");
        command
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        die_with_parent(&mut command);
        let mut chromedriver = command
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
        self.window_on(Device::Desktop, page).await
    }

    /// Opens `page` on a device of its own.
    pub async fn window_on(&self, device: Device, page: &str) -> Result<Window> {
        let mut capabilities = DesiredCapabilities::chrome();
        for flag in CHROMIUM_FLAGS {
            capabilities.add_arg(flag)?;
        }
        device.configure(&mut capabilities)?;
        complaints::record(&mut capabilities)?;
        let driver = WebDriver::new(&self.url, capabilities).await?;
        driver.goto(page).await?;
        Ok(Window { driver })
    }
}

/// One browser window.
pub struct Window {
    driver: WebDriver,
}

impl Window {
    /// Waits for an element.
    pub async fn wait_for(&self, css: &str) -> Result<WebElement> {
        self.wait_for_any(By::Css(css), css).await
    }

    async fn wait_for_any(&self, by: By, what: &str) -> Result<WebElement> {
        until(&format!("'{what}' on the page"), || async {
            Ok(self.driver.find_all(by.clone()).await?.into_iter().next())
        })
        .await
    }

    /// Waits until there is no such element.
    pub async fn wait_for_none(&self, css: &str) -> Result<()> {
        until(&format!("'{css}' to be gone from the page"), || async {
            Ok((!self.has(css).await?).then_some(()))
        })
        .await
    }

    /// Whether there is such an element now.
    pub async fn has(&self, css: &str) -> Result<bool> {
        Ok(!self.driver.find_all(By::Css(css)).await?.is_empty())
    }

    /// Clicks on an element as soon as it can be clicked on.
    pub async fn click(&self, css: &str) -> Result<()> {
        self.click_any(By::Css(css), css).await.map(|_| ())
    }

    /// Presses the button of this name as soon as it can be pressed.
    pub async fn press(&self, name: &str) -> Result<()> {
        let button = By::XPath(button(name));
        self.click_any(button, name).await.map(|_| ())
    }

    /// Presses a button in a part of the page that has a name, too.
    pub async fn press_in(&self, part: &str, name: &str) -> Result<()> {
        let button = format!("//*[@aria-label='{part}']{}", button(name));
        self.click_any(By::XPath(button), name).await.map(|_| ())
    }

    async fn click_any(&self, by: By, what: &str) -> Result<WebElement> {
        until(&format!("a click on '{what}'"), || async {
            for element in self.driver.find_all(by.clone()).await? {
                if element.click().await.is_ok() {
                    return Ok(Some(element));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Puts a text in the place of what is in the field of this name, as soon as that can be used.
    pub async fn fill_in(&self, name: &str, text: &str) -> Result<()> {
        let field =
            format!("//*[@aria-label='{name}' or @id=//label[normalize-space()='{name}']/@for]");
        let field = self.click_any(By::XPath(field), name).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// What the page says in an element.
    pub async fn text(&self, css: &str) -> Result<String> {
        Ok(self.wait_for(css).await?.text().await?)
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

    /// Waits until the page says this anywhere, as people see it.
    pub async fn wait_for_words(&self, words: &str) -> Result<()> {
        let heard = until(&format!("the words '{words}'"), || async {
            Ok(self.says(words).await?.then_some(()))
        })
        .await;
        let Err(error) = heard else {
            return Ok(());
        };
        let said = self.execute("return document.body.innerText").await?;
        Err(error.context(format!("the page says {said}")))
    }

    /// Waits until the page does not say this anywhere.
    pub async fn wait_for_no_words(&self, words: &str) -> Result<()> {
        until(&format!("the words '{words}' to be gone"), || async {
            Ok((!self.says(words).await?).then_some(()))
        })
        .await
    }

    /// Whether the page says this anywhere, as people see it.
    pub async fn says(&self, words: &str) -> Result<bool> {
        let script = "return document.body.innerText.includes(arguments[0])";
        self.ask(script, [words.into()]).await
    }

    /// Runs a script in the page, and gives what it returns.
    pub async fn execute(&self, script: &str) -> Result<Value> {
        self.ask(script, []).await
    }

    /// Runs a script with arguments in the page, and gives what it returns.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        script: &str,
        arguments: impl Into<Vec<Value>>,
    ) -> Result<T> {
        let returned = self.driver.execute(script, arguments.into()).await?;
        Ok(returned.convert()?)
    }

    /// Runs a script in the page that calls `done` with its result.
    pub async fn execute_async(&self, script: &str) -> Result<Value> {
        let script = format!("const done = arguments[arguments.length - 1]; {script}");
        let result = self.driver.execute_async(script, vec![]).await?;
        Ok(result.convert()?)
    }

    /// Runs a script with arguments in the page that returns elements.
    pub async fn elements(
        &self,
        script: &str,
        arguments: impl Into<Vec<Value>>,
    ) -> Result<Vec<WebElement>> {
        let returned = self.driver.execute(script, arguments.into()).await?;
        Ok(returned.elements()?)
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

    /// Opens `page` in another tab and goes on there; gives this one.
    pub async fn open_tab(&self, page: &str) -> Result<WindowHandle> {
        let tab = self.driver.new_tab().await?;
        let this = self.switch_to_tab(tab).await?;
        self.driver.goto(page).await?;
        Ok(this)
    }

    /// Goes on in another tab; gives this one.
    pub async fn switch_to_tab(&self, tab: WindowHandle) -> Result<WindowHandle> {
        let this = self.driver.window().await?;
        self.driver.switch_to_window(tab).await?;
        Ok(this)
    }

    /// Closes another tab.
    pub async fn close_tab(&self, tab: WindowHandle) -> Result<()> {
        let this = self.switch_to_tab(tab).await?;
        self.driver.close_window().await?;
        Ok(self.driver.switch_to_window(this).await?)
    }

    /// Presses the browser's button that leads back.
    pub async fn go_back(&self) -> Result<()> {
        Ok(self.driver.back().await?)
    }

    /// What the window looks like, as PNG.
    pub async fn screenshot(&self) -> Result<Vec<u8>> {
        Ok(self.driver.screenshot_as_png().await?)
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

fn button(name: &str) -> String {
    format!("//button[@aria-label='{name}' or normalize-space()='{name}']")
}
