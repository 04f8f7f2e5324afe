//! Reading a long room.

use anyhow::Result;
use thirtyfour::prelude::*;

use crate::{browser::Window, wait::until};

/// The numbers of the messages that are in view, each with where it begins, in pixels; nothing while some are being loaded.
const SEEN: &str =
    "const view = document.querySelector('[aria-label=Messages]').getBoundingClientRect();
    const rows = [...document.querySelectorAll('[aria-label=Messages] [data-number]')]
        .map((row) => [row, row.getBoundingClientRect()])
        .filter(([, { top, bottom }]) => bottom > view.top + 1 && top < view.bottom - 1);
    return rows.some(([row]) => row.ariaBusy)
        ? []
        : rows.map(([row, { top }]) => [Number(row.dataset.number), Math.round(top - view.top)])";

impl Window {
    /// The messages in view, each with where it begins, once all of them are there.
    pub async fn seen(&self) -> Result<Vec<(usize, i64)>> {
        until("the messages in view", || async {
            let seen: Vec<(usize, i64)> = self.ask(SEEN, []).await?;
            Ok(Some(seen).filter(|seen| !seen.is_empty()))
        })
        .await
    }

    /// Waits until this message is in view.
    pub async fn wait_until_seen(&self, number: usize) -> Result<()> {
        until(&format!("message {number} in view"), || async {
            let seen = self.seen().await?;
            Ok(seen.iter().any(|(one, _)| *one == number).then_some(()))
        })
        .await
    }

    /// Waits until nothing in view moves any more.
    pub async fn wait_until_settled(&self) -> Result<()> {
        until("the messages to come to rest", || async {
            let before = self.seen().await?;
            self.wait_two_frames().await?;
            Ok((self.seen().await? == before).then_some(()))
        })
        .await
    }

    /// Waits until the page has drawn what it was about to, and what came of that.
    pub async fn wait_two_frames(&self) -> Result<()> {
        let script = "requestAnimationFrame(() => requestAnimationFrame(() => done()))";
        self.execute_async(script).await.map(|_| ())
    }

    /// Presses a key that scrolls until this message is in view. What is in view on the way has no gaps.
    pub async fn scroll_until_seen(&self, key: Key, number: usize) -> Result<()> {
        until(&format!("message {number} while scrolling"), || async {
            let seen = self.seen().await?;
            let gapless = seen.windows(2).all(|two| two[0].0 + 1 == two[1].0);
            anyhow::ensure!(gapless, "there are gaps: {seen:?}");
            if seen.iter().any(|(one, _)| *one == number) {
                return Ok(Some(()));
            }
            self.press_keys(key.clone()).await?;
            Ok(None)
        })
        .await
    }
}
