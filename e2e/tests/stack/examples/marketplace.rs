//! Somebody who sells, and two who bid.

use anyhow::Result;
use e2e::{
    browser::{Browser, Window},
    stack::Stack,
};

const LAMP: &str = "[aria-label=Lamp]";

async fn bid(window: &Window, amount: &str) -> Result<()> {
    window.fill_in("Your bid", amount).await?;
    window.press("Bid").await
}

/// Waits until all windows show this price of the lamp.
async fn show_price(windows: [&Window; 3], price: &str) -> Result<()> {
    for window in windows {
        let shown = format!("{LAMP} .price");
        window.wait_for_text(&shown, price).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_and_alerts_come_at_once() -> Result<()> {
    let stack = Stack::start_app("marketplace").await?;
    let browser = Browser::start().await?;
    let seller = browser.window(&stack.page_url).await?;
    let bidder = browser.window(&stack.page_url).await?;
    let watcher = browser.window(&stack.page_url).await?;
    let all = [&seller, &bidder, &watcher];
    for window in all {
        window.continue_as_guest().await?;
        window.wait_for("[data-state=open]").await?;
    }

    seller.fill_in("What you offer", "Lamp").await?;
    seller.fill_in("Lowest price", "cheap").await?;
    seller.press("Offer").await?;
    seller.wait_for_words("is not a whole number").await?;
    seller.fill_in("Lowest price", "20").await?;
    seller.press("Offer").await?;
    show_price(all, "20").await?;
    watcher.press_in("Lamp", "Watch").await?;
    watcher.wait_for("[aria-pressed=true]").await?;

    // Each bid is told to the seller, to whoever watches, and to whoever has been outbid.
    bid(&bidder, "25").await?;
    seller.wait_for_words("Lamp: 25 is bid").await?;
    show_price(all, "25").await?;
    bid(&watcher, "25").await?;
    watcher.wait_for_words("the price is 25 already").await?;
    bid(&watcher, "30").await?;
    bidder
        .wait_for_words("Lamp: 30 is bid, more than by you")
        .await?;

    // An upgrade loses nothing: neither what is for sale, nor who watches it.
    stack.upgrade_backend().await?;
    bid(&bidder, "35").await?;
    show_price(all, "35").await?;
    watcher.reload().await?;
    watcher.wait_for("[aria-pressed=true]").await?;

    seller.press_in("Lamp", "Sell").await?;
    bidder.wait_for_words("Lamp: yours, for 35").await?;
    for window in all {
        window.wait_for_none(LAMP).await?;
    }
    for window in [seller, bidder, watcher] {
        window.close().await?;
    }
    stack.stop().await
}
