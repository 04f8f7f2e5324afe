//! Writing messages.

use anyhow::Result;
use thirtyfour::prelude::*;

use crate::{browser::Window, wait::until};

impl Window {
    /// Types a message of any characters and any length at once, and sends it.
    pub async fn paste(&self, text: &str) -> Result<()> {
        self.click("#composer").await?;
        self.write(text).await?;
        self.wait_for("#send-button:not([disabled])").await?;
        self.press_keys(Key::Enter).await
    }

    /// Says something to everyone that mentions somebody.
    pub async fn mention(&self, name: &str, text: &str) -> Result<()> {
        self.click("#composer").await?;
        self.write(&format!("@{name}")).await?;
        self.wait_for_text("[role=option]", name).await?;
        self.press_keys(Key::Enter).await?;
        self.wait_for_none("[role=option]").await?;
        self.write(text).await?;
        self.press_keys(Key::Enter).await
    }

    /// What is written and not sent.
    pub async fn draft(&self) -> Result<String> {
        self.ask("return document.querySelector('#composer').value", [])
            .await
    }

    /// Sends a message that was refused once more.
    pub async fn send_again(&self, text: &str) -> Result<()> {
        self.press_at_refused(text, "Send again").await
    }

    /// Gives up on a message that was refused.
    pub async fn discard(&self, text: &str) -> Result<()> {
        self.press_at_refused(text, "Discard").await
    }

    async fn press_at_refused(&self, text: &str, button: &str) -> Result<()> {
        let script = "return [...document.querySelectorAll('.pending li')]
            .filter((li) => li.querySelector('.text').textContent === arguments[0])
            .flatMap((li) => [...li.querySelectorAll('[role=alert] button')])
            .filter((button) => button.textContent.trim() === arguments[1])";
        until(&format!("'{button}' at '{text}'"), || async {
            let found = self.elements(script, [text.into(), button.into()]).await?;
            let Some(button) = found.first() else {
                return Ok(None);
            };
            Ok(button.click().await.is_ok().then_some(()))
        })
        .await
    }
}
