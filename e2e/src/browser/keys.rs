//! What a person does with the keyboard, wherever the focus is.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use thirtyfour::{action_chain::ActionChain, prelude::*};

use super::Window;
use crate::wait::until;

/// What screen readers say of it, as far as this page goes.
const FOCUSED: &str = "const at = document.activeElement;
    return at.ariaLabel ?? at.labels?.[0]?.textContent ?? at.textContent.trim()";

impl Window {
    /// Types a text of any characters at once, as an input method does.
    pub async fn write(&self, text: &str) -> Result<()> {
        self.devtools("Input.insertText", json!({ "text": text }))
            .await
    }

    /// Presses these keys, one after the other.
    pub async fn press_keys(&self, keys: impl Into<TypingData>) -> Result<()> {
        Ok(self.at_once().send_keys(keys).perform().await?)
    }

    /// Presses a key while holding another one.
    pub async fn press_keys_together(&self, held: Key, key: impl Into<char>) -> Result<()> {
        let (held, key) = (char::from(held), key.into());
        let chord = self.at_once().key_down(held).key_down(key).key_up(key);
        Ok(chord.key_up(held).perform().await?)
    }

    /// Moves the mouse into the corner, and the focus to nothing.
    pub async fn look_away(&self) -> Result<()> {
        self.at_once().move_to(0, 0).perform().await?;
        self.execute("document.activeElement.blur()").await?;
        Ok(())
    }

    /// Waits until the focus is on what is called so.
    pub async fn wait_for_focus(&self, name: &str) -> Result<()> {
        until(&format!("the focus on '{name}'"), || async {
            Ok(self.is_focused(name).await?.then_some(()))
        })
        .await
    }

    /// Goes on with Tab until the focus is on what is called so.
    pub async fn tab_to(&self, name: &str) -> Result<()> {
        until(&format!("'{name}' by Tab"), || async {
            self.press_keys(Key::Tab).await?;
            Ok(self.is_focused(name).await?.then_some(()))
        })
        .await
    }

    /// Goes back with Shift and Tab until the focus is on what is called so.
    pub async fn tab_back_to(&self, name: &str) -> Result<()> {
        until(&format!("'{name}' by Shift and Tab"), || async {
            self.press_keys_together(Key::Shift, Key::Tab).await?;
            Ok(self.is_focused(name).await?.then_some(()))
        })
        .await
    }

    async fn is_focused(&self, name: &str) -> Result<bool> {
        let focused: String = self.ask(FOCUSED, []).await?;
        Ok(focused == name)
    }

    fn at_once(&self) -> ActionChain {
        let now = Some(Duration::ZERO);
        self.driver.action_chain_with_delay(now, now)
    }
}
