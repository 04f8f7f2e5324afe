//! Two people who play with the smallest example.

use anyhow::Result;
use e2e::{browser::Browser, stack::Stack};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ping_is_answered_in_the_window_that_sent_it() -> Result<()> {
    let stack = Stack::start_app("ping-pong").await?;
    let browser = Browser::start().await?;
    let one = browser.window(&stack.page_url).await?;
    let other = browser.window(&stack.page_url).await?;
    for window in [&one, &other] {
        window.continue_as_guest().await?;
        window.press("Ping").await?;
        window.wait_for_text(".card", "Pong, after").await?;
    }
    // Nobody notices an upgrade.
    stack.upgrade_backend().await?;
    one.press("Ping").await?;
    one.wait_for(".card:nth-child(2)").await?;
    one.wait_for("[data-state=open]").await?;
    assert!(!other.has(".card:nth-child(2)").await?);
    one.close().await?;
    other.close().await?;
    stack.stop().await
}
