//! A chat for each story, with nobody in it yet.

use anyhow::{Result, ensure};
use e2e::{
    browser::{Browser, Device, Window},
    page::LOBBY,
    stack::Stack,
};

/// A chat, and browsers for those who come.
pub struct Story {
    pub stack: Stack,
    pub browser: Browser,
}

impl Story {
    /// On the network that the stories share.
    pub async fn begin() -> Result<Self> {
        Self::begin_on(Stack::start().await?).await
    }

    /// On a network of its own, with a gateway of its own, for who takes them away.
    pub async fn begin_alone() -> Result<Self> {
        Self::begin_on(Stack::start_alone().await?).await
    }

    async fn begin_on(stack: Stack) -> Result<Self> {
        let browser = Browser::start().await?;
        Ok(Self { stack, browser })
    }

    /// Somebody at a desk who has just come, as a guest.
    pub async fn newcomer(&self, name: &str) -> Result<Window> {
        let window = self.stranger(Device::Desktop).await?;
        window.enter(name).await?;
        Ok(window)
    }

    /// Somebody at a desk, in the room that is there from the start.
    pub async fn desktop(&self, name: &str) -> Result<Window> {
        let window = self.newcomer(name).await?;
        window.join_room(LOBBY).await?;
        Ok(window)
    }

    /// Somebody with a phone, in the room that is there from the start.
    pub async fn phone(&self, name: &str) -> Result<Window> {
        let window = self.stranger(Device::Phone).await?;
        window.enter(name).await?;
        window.find_and_join_room(LOBBY).await?;
        Ok(window)
    }

    /// Somebody at the entrance.
    pub async fn stranger(&self, device: Device) -> Result<Window> {
        self.browser.window_on(device, &self.stack.page_url).await
    }

    /// Everybody goes; their browsers must have nothing to say against the page.
    pub async fn end(self, windows: impl IntoIterator<Item = Window>) -> Result<()> {
        for window in windows {
            let complaints = window.complaints().await?;
            ensure!(
                complaints.is_empty(),
                "the browser complains: {complaints:#?}"
            );
            window.close().await?;
        }
        self.stack.stop().await
    }
}
