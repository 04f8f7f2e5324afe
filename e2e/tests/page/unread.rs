//! What was read, and what was not.

use anyhow::Result;
use e2e::page::LOBBY;

use crate::story::Story;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_unread_is_counted_and_marked_until_it_is_read() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    let bob = story.desktop("Bob").await?;
    alice.say("Before").await?;
    bob.wait_for_message("Before").await?;
    bob.make_room("Elsewhere").await?;
    for text in ["one", "two", "three"] {
        alice.say(text).await?;
    }
    bob.wait_for_room_label(LOBBY, "3 unread messages").await?;
    bob.open_room(LOBBY).await?;
    bob.wait_for_text("li:has(.unread-line)", "one").await?;
    bob.wait_until_read(LOBBY).await?;

    // It is read for good.
    bob.open_room("Elsewhere").await?;
    bob.reload().await?;
    bob.wait_until_inside("Bob").await?;
    bob.open_room(LOBBY).await?;
    bob.wait_for_message("three").await?;
    assert!(!bob.has(".unread-line").await?);
    story.end([alice, bob]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_conversation_one_sees_how_far_the_other_has_read() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    let bob = story.phone("Bob").await?;
    alice.write_to("Bob").await?;
    alice
        .wait_for_words("This is the beginning of your conversation with Bob.")
        .await?;
    alice.say("Psst").await?;
    alice.wait_for_label("Psst", "Delivered").await?;
    bob.go_back().await?;
    bob.wait_for_title("(1) Commons").await?;
    bob.wait_for_room_label("Alice", "1 unread message").await?;
    assert!(
        alice
            .labels("Psst")
            .await?
            .iter()
            .all(|label| label != "Read")
    );

    bob.open_room("Alice").await?;
    alice.wait_for_label("Psst", "Read").await?;
    bob.wait_for_title("Commons").await?;
    bob.say("What is it?").await?;
    alice.wait_for_message("What is it?").await?;
    bob.wait_for_label("What is it?", "Read").await?;
    story.end([alice, bob]).await
}
