//! How people are called who look elsewhere.

use anyhow::Result;
use e2e::{browser::Device, page::LOBBY, wait::until};
use serde_json::json;

use crate::story::Story;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_devices_of_a_person_are_notified_until_one_has_read() -> Result<()> {
    let story = Story::begin().await?;
    let desk = story.stranger(Device::Desktop).await?;
    desk.sign_in_as("Alice").await?;
    desk.join_room(LOBBY).await?;
    let phone = story.stranger(Device::Phone).await?;
    phone.sign_in_as("Alice").await?;
    phone.wait_for("[data-room=Lobby]").await?;
    desk.make_room("Study").await?;
    let bob = story.desktop("Bob").await?;

    bob.mention("Alice", "are you there?").await?;
    for device in [&desk, &phone] {
        device.wait_for_title("(1) Commons").await?;
        device
            .wait_for_room_label(LOBBY, "You were mentioned")
            .await?;
    }
    phone.press("Notifications: 1 unread").await?;
    phone.click(".notification").await?;
    phone.wait_for_message("@Alice are you there?").await?;
    for device in [&desk, &phone] {
        device.wait_for_title("Commons").await?;
    }
    desk.wait_until_read(LOBBY).await?;

    // A muted room keeps quiet on all of them. What comes later shows that nothing came before.
    phone.press("Details and members").await?;
    phone.press("Mute").await?;
    phone.close_panel().await?;
    phone.go_back().await?;
    desk.wait_for_room_label(LOBBY, "Muted").await?;
    bob.mention("Alice", "and now?").await?;
    bob.write_to("Alice").await?;
    bob.say("In private, then").await?;
    for device in [&desk, &phone] {
        device.wait_for_title("(1) Commons").await?;
        device
            .wait_for_room_label("Bob", "1 unread message")
            .await?;
    }
    desk.press("Notifications: 1 unread").await?;
    desk.press("Mark all as read").await?;
    for device in [&desk, &phone] {
        device.wait_for_title("Commons").await?;
    }
    story.end([desk, phone, bob]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_allows_it_is_notified_by_the_browser_while_they_look_elsewhere() -> Result<()> {
    /// Takes note of what the browser shows.
    const WATCH: &str = "window.shown = [];
        window.Notification = class extends Notification {
            constructor(title, options) {
                super(title, options);
                window.shown.push([title, options.body]);
            }
        };";
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    let bob = story.desktop("Bob").await?;
    alice.allow_notifications().await?;
    alice.execute(WATCH).await?;

    // Not while she looks.
    bob.mention("Alice", "good morning").await?;
    alice.wait_for_message("@Alice good morning").await?;
    let away = "document.hasFocus = () => false; dispatchEvent(new Event('blur'))";
    alice.execute(away).await?;
    bob.mention("Alice", "**still** there?").await?;
    alice.wait_for_message("@Alice still there?").await?;
    alice.wait_for_title("(1) Commons").await?;
    bob.write_to("Alice").await?;
    bob.say("Hello?").await?;
    alice.wait_for_title("(2) Commons").await?;
    let shown = until("both notifications", || async {
        let shown = alice.execute("return window.shown").await?;
        Ok(shown.get(1).is_some().then_some(shown))
    });
    assert_eq!(
        shown.await?,
        json!([
            ["Bob mentioned you in Lobby", "@Alice still there?"],
            ["Bob", "Hello?"]
        ])
    );

    // When she is back, what is before her is read.
    let back = "delete document.hasFocus; dispatchEvent(new Event('focus'))";
    alice.execute(back).await?;
    alice.wait_for_title("(1) Commons").await?;
    story.end([alice, bob]).await
}
