//! Words that complete themselves: names and emojis.

use anyhow::Result;
use e2e::page::LOBBY;
use thirtyfour::Key;

use crate::story::Story;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_and_emojis_complete_themselves() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    let bob = story.phone("Bob").await?;
    let bert = story.desktop("Bert").await?;
    alice.show_members().await?;
    alice.wait_for_person("Bob").await?;
    alice.wait_for_person("Bert").await?;
    bob.go_back().await?;

    // By the arrow keys and Enter; by Tab; and not at all.
    alice.fill_in("Message Lobby", "Well done @b").await?;
    alice.wait_for_text("[role=option]", "Bert").await?;
    alice.wait_for_text("[role=option]", "Bob").await?;
    while !alice
        .text("[role=option][aria-selected=true]")
        .await?
        .contains("Bob")
    {
        alice.press_keys(Key::Down).await?;
    }
    alice.press_keys(Key::Enter).await?;
    alice.wait_for_none("[role=option]").await?;
    alice.write(":tad").await?;
    alice.wait_for_text("[role=option]", "tada").await?;
    alice.press_keys(Key::Tab).await?;
    alice.write(":rocket").await?;
    alice.wait_for("[role=option]").await?;
    alice.press_keys(Key::Escape).await?;
    alice.wait_for_none("[role=option]").await?;
    assert_eq!(alice.draft().await?, "Well done @Bob 🎉 :rocket");
    alice.press_keys(Key::Enter).await?;

    // Who is mentioned is called, and led there.
    bob.wait_for_title("(1) Commons").await?;
    bob.wait_for_room_label(LOBBY, "You were mentioned").await?;
    bob.press("Notifications: 1 unread").await?;
    bob.wait_for_text(".notification", "mentioned you in Lobby")
        .await?;
    bob.click(".notification").await?;
    bob.wait_for_text(".message.to-me .mention", "@Bob").await?;
    bob.wait_for_title("Commons").await?;
    bert.wait_for_message("Well done @Bob 🎉 :rocket").await?;
    bert.wait_for_title("Commons").await?;
    assert!(!bert.has(".message.to-me").await?);
    story.end([alice, bob, bert]).await
}
