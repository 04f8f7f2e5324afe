//! The messages of the open room: what can be done with each, and what it says about itself.

use anyhow::{Context, Result};

use crate::{browser::Window, wait::until};

/// The latest message with this text, in the room or on its way there.
const MESSAGE: &str = "const message = [...document.querySelectorAll('article.message')]
    .findLast((one) => one.querySelector('.text')?.textContent === arguments[0]);";

impl Window {
    /// Chooses one of the actions that a message offers to who comes near.
    pub async fn act_on(&self, text: &str, action: &str) -> Result<()> {
        let list = "return [...message?.querySelectorAll(`.message-side, button[aria-label='${arguments[1]}']`) ?? []]";
        let find = format!("{MESSAGE} {list}");
        until(&format!("'{action}' at the message '{text}'"), || async {
            let found = self.elements(&find, [text.into(), action.into()]).await?;
            // They may be replaced at any time.
            let mut is_done = false;
            for element in &found {
                is_done = element.click().await.is_ok();
            }
            Ok((is_done && found.len() > 1).then_some(()))
        })
        .await
    }

    /// All that a message says about itself in labels: how far it has come, which emojis it has from whom.
    pub async fn labels(&self, text: &str) -> Result<Vec<String>> {
        let list = "return [...message?.querySelectorAll('[aria-label]') ?? []].map((one) => one.ariaLabel)";
        self.ask(&format!("{MESSAGE} {list}"), [text.into()]).await
    }

    /// Waits until a message says this about itself.
    pub async fn wait_for_label(&self, text: &str, label: &str) -> Result<()> {
        until(&format!("'{label}' at the message '{text}'"), || async {
            let labels = self.labels(text).await?;
            Ok(labels.iter().any(|one| one == label).then_some(()))
        })
        .await
    }

    /// Waits until a message does not say this about itself.
    pub async fn wait_for_no_label(&self, text: &str, label: &str) -> Result<()> {
        until(&format!("no '{label}' at the message '{text}'"), || async {
            let labels = self.labels(text).await?;
            Ok(labels.iter().all(|one| one != label).then_some(()))
        })
        .await
    }

    /// Waits until no message has this text.
    pub async fn wait_for_no_message(&self, text: &str) -> Result<()> {
        until(&format!("the message '{text}' to be gone"), || async {
            let shown = self.texts().await?;
            Ok(shown.iter().all(|one| one != text).then_some(()))
        })
        .await
    }

    /// The texts of the messages that the page shows now, in their order.
    pub async fn texts(&self) -> Result<Vec<String>> {
        let shown = self.messages().await?.into_iter();
        Ok(shown.map(|message| message.text).collect())
    }

    /// The number that a message has in its room.
    pub async fn number_of(&self, text: &str) -> Result<u64> {
        let find = "return message?.closest('[data-number]')?.dataset.number ?? ''";
        let number: String = self
            .ask(&format!("{MESSAGE} {find}"), [text.into()])
            .await?;
        number
            .parse()
            .with_context(|| format!("'{text}' has no number"))
    }
}
