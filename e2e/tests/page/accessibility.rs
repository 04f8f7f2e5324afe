//! No screen has a serious fault by the rules of `axe-core`, light or dark, large or small.

use anyhow::{Result, ensure};
use e2e::{
    browser::{ColorScheme, Device, Window},
    page::LOBBY,
};
use thirtyfour::Key;

use crate::story::Story;

/// Something of everything.
const TEXT: &str = "# Plan\n\n1. **Bold**, *soft*, ~~gone~~\n2. `code` and https://example.org\n\n> quoted\n\n\
    ```\nlet x = 1;\n```";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_screen_at_a_desk_keeps_anybody_out() -> Result<()> {
    check_all_screens(Device::Desktop).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_screen_of_a_phone_keeps_anybody_out() -> Result<()> {
    check_all_screens(Device::Phone).await
}

async fn check_all_screens(device: Device) -> Result<()> {
    let story = Story::begin().await?;
    let bob = story.desktop("Bob").await?;
    bob.paste(TEXT).await?;
    bob.say("Something to be deleted").await?;
    bob.act_on("Something to be deleted", "Delete").await?;
    bob.press_in("Delete this message?", "Delete").await?;

    let alice = story.stranger(device).await?;
    alice.wait_for("#name-input").await?;
    check(&alice, "the entrance").await?;
    alice.continue_as_guest().await?;
    alice.wait_for_words("Choose a name first.").await?;
    check(&alice, "the entrance with a flaw").await?;
    alice.enter("Alice").await?;
    check(&alice, "the welcome").await?;
    for (dialog, what) in [
        ("Find rooms", "[aria-label='Open Lobby']"),
        ("New room", "#room-name"),
        ("New direct message", "[aria-label='Write Bob']"),
    ] {
        alice.press(dialog).await?;
        alice.wait_for(&format!("dialog {what}")).await?;
        check(&alice, dialog).await?;
        alice.close_panel().await?;
    }
    alice.click("#own-name").await?;
    check(&alice, "the profile").await?;
    alice.close_panel().await?;

    alice.find_and_join_room(LOBBY).await?;
    alice
        .wait_for_text(".deleted", "This message was deleted.")
        .await?;
    alice.say("An answer").await?;
    alice.wait_for_label("An answer", "Delivered").await?;
    bob.act_on("An answer", "👍").await?;
    bob.mention("Alice", "look").await?;
    alice.wait_for_label("An answer", "👍 1, from Bob").await?;
    check(&alice, "a room").await?;
    alice.act_on("An answer", "React").await?;
    alice.wait_for(".picker").await?;
    check(&alice, "the emojis").await?;
    alice.press_keys(Key::Escape).await?;
    alice.act_on("An answer", "Reply").await?;
    alice.click("#composer").await?;
    alice.write("@b").await?;
    alice.wait_for("[role=option]").await?;
    check(&alice, "completions").await?;
    alice.press_keys(Key::Escape).await?;
    alice.press("Preview").await?;
    check(&alice, "a preview").await?;

    alice.show_members().await?;
    alice.wait_for_person("Bob").await?;
    check(&alice, "the details").await?;
    alice.show_person("Bob").await?;
    check(&alice, "a person").await?;
    alice.press("Block").await?;
    alice.close_panel().await?;
    alice.close_panel().await?;
    if device == Device::Phone {
        alice.press("Back to the list").await?;
    }
    check(&alice, "the list").await?;
    alice.click("#own-name").await?;
    alice.wait_for("[aria-label='Unblock Bob']").await?;
    check(&alice, "the profile with somebody blocked").await?;
    alice.press("Unblock Bob").await?;
    alice.wait_for_none("[aria-label='Unblock Bob']").await?;
    alice.close_panel().await?;
    alice.click(".connection-words").await?;
    alice.wait_for("svg.chart").await?;
    check(&alice, "the connection").await?;
    alice.close_panel().await?;
    bob.write_to("Alice").await?;
    bob.say("Psst").await?;
    alice.press("Notifications: 1 unread").await?;
    alice.wait_for(".notification").await?;
    check(&alice, "the notifications").await?;
    alice.close_panel().await?;
    alice.press_keys_together(Key::Control, '/').await?;
    alice.wait_for("dialog .keys").await?;
    check(&alice, "the keys").await?;
    story.end([alice, bob]).await
}

/// In both colour schemes.
async fn check(window: &Window, screen: &str) -> Result<()> {
    for scheme in [ColorScheme::Dark, ColorScheme::Light] {
        window.prefer(scheme).await?;
        let faults = window.accessibility_faults().await?;
        ensure!(faults.is_empty(), "{screen}, {scheme:?}: {faults:#?}");
    }
    Ok(())
}
