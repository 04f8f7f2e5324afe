//! The chat without a mouse.

use anyhow::Result;
use e2e::{browser::Device, page::LOBBY};
use thirtyfour::Key;

use crate::story::Story;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_can_be_done_from_the_keyboard() -> Result<()> {
    let story = Story::begin().await?;
    let bob = story.desktop("Bob").await?;
    bob.say("Anybody here?").await?;

    // In.
    let alice = story.stranger(Device::Desktop).await?;
    alice.wait_for_focus("What should people call you?").await?;
    alice.write("Alice").await?;
    alice.tab_to("Continue as a guest").await?;
    alice.press_keys(Key::Enter).await?;
    alice.wait_until_inside("Alice").await?;
    alice.wait_for("[aria-label='Open Lobby']").await?;
    alice.tab_to("Open Lobby").await?;
    alice.press_keys(Key::Enter).await?;
    alice.tab_to("Join").await?;
    alice.press_keys(Key::Enter).await?;
    alice.wait_for_focus("Message Lobby").await?;
    alice.write("Yes").await?;
    alice.press_keys(Key::Enter).await?;
    bob.wait_for_message("Yes").await?;

    // To a message above, and what can be done with it.
    alice.tab_back_to("Messages").await?;
    alice.press_keys(Key::Up + Key::Up).await?;
    alice
        .wait_for_text("[data-number]:focus", "Anybody here?")
        .await?;
    alice.tab_to("Reply").await?;
    alice.press_keys(Key::Enter).await?;
    alice.wait_for_focus("Message Lobby").await?;
    alice
        .wait_for_text(".writing-about", "Anybody here?")
        .await?;
    alice.press_keys(Key::Escape).await?;
    alice.wait_for_none(".writing-about").await?;

    // The dialogs hold the focus, and give it back.
    alice.press_keys_together(Key::Control, '/').await?;
    alice
        .wait_for_text("dialog", "Edit your last message")
        .await?;
    alice.press_keys(Key::Escape).await?;
    alice.wait_for_none("dialog").await?;
    alice.wait_for_focus("Message Lobby").await?;
    alice.press_keys_together(Key::Control, 'i').await?;
    alice.wait_for("[aria-label=Details]").await?;
    alice.press_keys(Key::Escape).await?;
    alice.wait_for_none("aside").await?;

    // From room to room.
    alice.make_room("Study").await?;
    alice.press_keys_together(Key::Control, 'k').await?;
    alice.wait_for_focus("Search conversations").await?;
    alice.press_keys(Key::Tab).await?;
    while !alice.has("[data-room=Lobby]:focus").await? {
        alice.press_keys(Key::Down).await?;
    }
    alice.press_keys(Key::Enter).await?;
    alice.wait_for_room(LOBBY).await?;
    alice.wait_for_focus("Message Lobby").await?;
    story.end([alice, bob]).await
}
