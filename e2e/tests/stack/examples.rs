//! The examples, each as it is.

mod marketplace;
mod notifications;
mod ping_pong;

use anyhow::{Result, ensure};
use e2e::{
    browser::{Browser, ColorScheme},
    network::Network,
    ping_pong::{self as canister, Pinger},
    stack::Stack,
};
use xtask::{app::App, layout::Layout};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_are_answered_by_pongs() -> Result<()> {
    const PINGS: u64 = 5;
    let network = Network::shared().await?;
    let canister = canister::deploy(&network).await?;
    let mut pinger = Pinger::connect(&network, &canister)?;
    pinger.ping(PINGS).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_can_use_them() -> Result<()> {
    let browser = Browser::start().await?;
    for app in App::examples(&Layout::of_this_workspace())? {
        let stack = Stack::start_app(app.name()).await?;
        let window = browser.window(&stack.page_url).await?;
        window.wait_for(".ways-in").await?;
        for is_inside in [false, true] {
            if is_inside {
                window.continue_as_guest().await?;
                window.wait_for("[data-state=open]").await?;
            }
            for scheme in [ColorScheme::Dark, ColorScheme::Light] {
                window.prefer(scheme).await?;
                let faults = window.accessibility_faults().await?;
                ensure!(faults.is_empty(), "{}, {scheme:?}: {faults:#?}", app.name());
            }
        }
        let complaints = window.complaints().await?;
        ensure!(complaints.is_empty(), "{}: {complaints:?}", app.name());
        window.close().await?;
        stack.stop().await?;
    }
    Ok(())
}
