//! What the page is looked at on, and how it is set up.

use anyhow::Result;
use serde_json::{Value, json};
use thirtyfour::{ChromeCapabilities, prelude::*};

use super::Window;

/// What a window is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// With a mouse and a keyboard.
    Desktop,
    /// With a small screen to be touched.
    Phone,
}

/// What a person has set their system to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorScheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Device {
    pub(super) fn configure(self, capabilities: &mut ChromeCapabilities) -> WebDriverResult<()> {
        match self {
            Self::Desktop => Ok(()),
            Self::Phone => {
                let screen = json!({ "width": 390, "height": 844, "pixelRatio": 2, "touch": true });
                let emulation = json!({ "deviceMetrics": screen });
                capabilities.add_experimental_option("mobileEmulation", emulation)
            }
        }
    }
}

impl Window {
    /// Sets the system to these colours.
    pub async fn prefer(&self, scheme: ColorScheme) -> Result<()> {
        let value = match scheme {
            ColorScheme::Light => "light",
            ColorScheme::Dark => "dark",
        };
        // What is looked at next is not on its way from one to the other.
        let features = json!([
            { "name": "prefers-color-scheme", "value": value },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        )
        .await
    }

    /// Makes the processor so many times slower.
    pub async fn slow_down(&self, rate: u32) -> Result<()> {
        self.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": rate }))
            .await
    }

    /// Allows the page to notify.
    pub async fn allow_notifications(&self) -> Result<()> {
        let origin = self
            .driver
            .current_url()
            .await?
            .origin()
            .ascii_serialization();
        let wanted = json!({ "permissions": ["notifications"], "origin": origin });
        self.devtools("Browser.grantPermissions", wanted).await
    }

    /// Makes the page so large, in pixels of the style sheet.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await
    }

    /// Calls a method of the Chrome DevTools Protocol.
    pub async fn devtools(&self, method: &str, parameters: Value) -> Result<()> {
        self.driver.cdp().send_raw(method, parameters).await?;
        Ok(())
    }
}
