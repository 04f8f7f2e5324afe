//! The ways into a page.

use anyhow::Result;

use super::Window;

impl Window {
    /// Enters as a guest.
    pub async fn continue_as_guest(&self) -> Result<()> {
        self.press("Continue as a guest").await
    }

    /// Signs in as this person of the local identity provider.
    pub async fn sign_in(&self, name: &str) -> Result<()> {
        self.press("Sign in with Internet Identity").await?;
        let page = self.enter_popup().await?;
        self.click(&format!("button[value='{name}']")).await?;
        self.wait_for_popup_to_close(page).await
    }
}
