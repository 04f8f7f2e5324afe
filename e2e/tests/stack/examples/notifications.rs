//! Two people who notify each other, one of them on two devices.

use anyhow::Result;
use e2e::{
    browser::{Browser, Window},
    stack::Stack,
};

async fn notify(window: &Window, to: &str, text: &str) -> Result<()> {
    window.fill_in("To (empty: everybody)", to).await?;
    window.fill_in("Text", text).await?;
    window.press("Notify").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_on_one_device_is_read_on_all() -> Result<()> {
    let stack = Stack::start_app("notifications").await?;
    let browser = Browser::start().await?;
    let laptop = browser.window(&stack.page_url).await?;
    let phone = browser.window(&stack.page_url).await?;
    for device in [&laptop, &phone] {
        device.sign_in("Alice").await?;
        device.wait_for("[data-state=open]").await?;
    }
    let bob = browser.window(&stack.page_url).await?;
    bob.continue_as_guest().await?;

    // One person is notified on all devices, and nobody else; everybody, everywhere.
    let alice = laptop.text("#address").await?;
    notify(&bob, "nobody", "Hello?").await?;
    bob.wait_for_words("“nobody” is nobody’s address").await?;
    notify(&bob, &alice, "Lunch at noon?").await?;
    notify(&bob, "", "The printer works again").await?;
    for window in [&laptop, &phone, &bob] {
        window.wait_for_words("The printer works again").await?;
    }
    assert!(!bob.says("Lunch at noon?").await?);
    for device in [&laptop, &phone] {
        device.wait_for_words("Lunch at noon?").await?;
        device.wait_for_words("2 unread").await?;
    }

    laptop.press("Mark all as read").await?;
    for device in [&laptop, &phone] {
        device.wait_for_words("0 unread").await?;
    }

    // An upgrade loses nothing, and nobody notices it.
    stack.upgrade_backend().await?;
    laptop.press("Reply").await?;
    laptop.fill_in("Text", "At last").await?;
    laptop.press("Notify").await?;
    bob.wait_for_words("At last").await?;
    phone.reload().await?;
    phone.wait_for_words("Lunch at noon?").await?;
    phone.wait_for_words("0 unread").await?;

    for window in [laptop, phone, bob] {
        window.close().await?;
    }
    stack.stop().await
}
