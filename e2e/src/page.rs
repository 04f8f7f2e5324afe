//! What people do on the chat page, and what it shows them.

mod messages;
mod reading;
mod rooms;
mod writing;

use anyhow::{Context, Result};
use serde::Deserialize;
use thirtyfour::Key;

use crate::{browser::Window, wait::until};

/// The room that is there from the start.
pub const LOBBY: &str = "Lobby";

/// A message as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ShownMessage {
    /// The author's name; nothing while it is being sent.
    pub author: Option<String>,
    /// The text, without its formatting.
    pub text: String,
    /// How far one's own has come.
    pub state: Option<String>,
}

impl Window {
    /// Enters as a guest.
    pub async fn enter(&self, name: &str) -> Result<()> {
        self.type_name(name).await?;
        self.continue_as_guest().await?;
        self.wait_until_inside(name).await
    }

    /// Signs in as this person of the local identity provider, and enters under their name.
    pub async fn sign_in_as(&self, name: &str) -> Result<()> {
        self.type_name(name).await?;
        self.sign_in(name).await?;
        self.wait_until_inside(name).await
    }

    /// Fills in the name.
    pub async fn type_name(&self, name: &str) -> Result<()> {
        self.fill_in("What should people call you?", name).await
    }

    /// Waits until the page is up to date for a person of this name.
    pub async fn wait_until_inside(&self, name: &str) -> Result<()> {
        self.wait_for_text("#own-name", name).await?;
        self.wait_until_connected().await
    }

    /// Waits until the page is up to date.
    pub async fn wait_until_connected(&self) -> Result<()> {
        self.wait_for_text("#connection", "Connected").await
    }

    /// Joins a public room, from the page that those see who have not opened any.
    pub async fn join_room(&self, name: &str) -> Result<()> {
        self.press(&format!("Open {name}")).await?;
        self.press("Join").await?;
        self.wait_for_room(name).await
    }

    /// Enters as a guest, and joins the room that is there from the start.
    pub async fn enter_lobby(&self, name: &str) -> Result<()> {
        self.enter(name).await?;
        self.join_room(LOBBY).await
    }

    /// Opens one of one's own rooms, or a conversation with somebody of this name.
    pub async fn open_room(&self, name: &str) -> Result<()> {
        self.click(&format!("[data-room='{name}']")).await?;
        self.wait_for_room(name).await
    }

    /// Waits until one can write in the room, or to the person, of this name.
    pub async fn wait_for_room(&self, name: &str) -> Result<()> {
        self.wait_for(&composer(name)).await.map(|_| ())
    }

    /// Opens a conversation with somebody.
    pub async fn write_to(&self, name: &str) -> Result<()> {
        self.press("New direct message").await?;
        self.fill_in("Find people by name", name).await?;
        self.press(&format!("Write {name}")).await?;
        self.wait_for_room(name).await
    }

    /// Types a message, and presses Enter as soon as it can be sent.
    pub async fn say(&self, text: &str) -> Result<()> {
        let composer = self.wait_for("#composer").await?;
        composer.send_keys(text).await?;
        self.wait_for("#send-button:not([disabled])").await?;
        Ok(composer.send_keys(Key::Enter + "").await?)
    }

    /// All messages that the page shows now, those that are being sent last.
    pub async fn messages(&self) -> Result<Vec<ShownMessage>> {
        // One script, because elements may be replaced between two WebDriver commands.
        let script = "return [...document.querySelectorAll('article.message')].map((message) => ({
            author: message.dataset.author ?? null,
            text: message.querySelector('.text')?.textContent ?? '',
            state: message.querySelector('.send-state')?.getAttribute('aria-label') ?? null,
        }))";
        self.ask(script, []).await
    }

    /// Waits until the page shows a message with this text that is not just being sent.
    pub async fn wait_for_message(&self, text: &str) -> Result<ShownMessage> {
        until(&format!("the message '{text}' on the page"), || async {
            let shown = self.messages().await?.into_iter();
            let mut found = shown.filter(|it| it.author.is_some() && it.text == text);
            Ok(found.next())
        })
        .await
    }

    /// Waits until the page has a note that contains `text`.
    pub async fn wait_for_note(&self, text: &str) -> Result<()> {
        self.wait_for_text(".note", text).await
    }

    /// Opens the list of the room's members beside it, unless it is open.
    pub async fn show_members(&self) -> Result<()> {
        if !self.has("aside[aria-label=Details]").await? {
            self.press("Details and members").await?;
        }
        self.wait_for("aside[aria-label=Details]").await.map(|_| ())
    }

    /// Waits until the open list of members has somebody of this name who is here.
    pub async fn wait_for_person(&self, name: &str) -> Result<()> {
        let here = format!("{} [aria-label=Online]", member(name));
        self.wait_for(&here).await.map(|_| ())
    }

    /// Waits until the open list of members has somebody of this name who is not here.
    pub async fn wait_for_absence(&self, name: &str) -> Result<()> {
        let away = format!("{} [aria-label^='Last seen']", member(name));
        self.wait_for(&away).await.map(|_| ())
    }

    /// The principal of somebody in the open list of members.
    pub async fn person_id(&self, name: &str) -> Result<String> {
        let id = self.wait_for(&member(name)).await?.attr("data-id").await?;
        id.context("a person without an id")
    }

    /// Ends the session, as the profile offers it: `Sign out`, or for a guest `Leave`.
    pub async fn leave(&self, how: &str) -> Result<()> {
        self.click("#own-name").await?;
        self.press(how).await?;
        self.wait_for("#sign-in-button").await.map(|_| ())
    }
}

fn composer(name: &str) -> String {
    format!("[aria-label='Message {name}']")
}

fn member(name: &str) -> String {
    format!("[data-testid=person][data-name='{name}']")
}
