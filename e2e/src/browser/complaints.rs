//! What the browser holds against the page, and where the page has been.

use anyhow::Result;
use thirtyfour::{ChromeCapabilities, LoggingPrefsLogLevel, prelude::*};

use super::Window;

/// Has the browser's console recorded.
pub(super) fn record(capabilities: &mut ChromeCapabilities) -> WebDriverResult<()> {
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::Warning)
}

impl Window {
    /// What the console has said since it was asked last: errors of scripts, and what the Content Security Policy has kept
    /// from happening. That the network failed is no fault of the page.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let log = self.driver.browser_log().await?.into_iter();
        let complaints = log.filter(|entry| {
            entry.source.as_deref() != Some("network")
                && !entry.message.contains("WebSocket connection to")
        });
        Ok(complaints.map(|entry| entry.message).collect())
    }

    /// From where the page has fetched something since it was loaded.
    pub async fn fetched(&self) -> Result<Vec<String>> {
        let script = "return performance.getEntriesByType('resource').map(({ name }) => name)";
        self.ask(script, []).await
    }
}
