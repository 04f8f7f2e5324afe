//! What can be done with words.

use anyhow::Result;
use e2e::page::LOBBY;
use thirtyfour::Key;

use crate::story::Story;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_previewed_answered_edited_deleted_and_reacted_to() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    let bob = story.phone("Bob").await?;

    // Markdown, seen before it is sent.
    alice
        .fill_in("Message Lobby", "Mind the **gap** and `x`")
        .await?;
    alice.press("Preview").await?;
    alice
        .wait_for_text("[aria-label=Preview] strong", "gap")
        .await?;
    alice.press("Send").await?;
    let first = "Mind the gap and x";
    bob.wait_for_message(first).await?;
    assert_eq!(bob.text(".message-rows .text strong").await?, "gap");
    assert_eq!(bob.text(".message-rows .text code").await?, "x");

    // A line break is not the end of a message.
    alice.fill_in("Message Lobby", "one").await?;
    alice.press_keys_together(Key::Shift, Key::Enter).await?;
    alice.write("two").await?;
    alice.press_keys(Key::Enter).await?;
    bob.wait_for_message("onetwo").await?;
    bob.wait_for(".text br").await?;

    // An answer shows what it answers.
    bob.act_on(first, "Reply").await?;
    bob.wait_for_text(".writing-about", "Answering").await?;
    bob.say("I do").await?;
    alice.wait_for_message("I do").await?;
    alice.wait_for_text(".replied", first).await?;
    bob.wait_for_none(".writing-about").await?;

    // The last message is edited at hand, and any from its actions.
    alice.say("I meen it").await?;
    alice.wait_for_label("I meen it", "Delivered").await?;
    alice.press_keys(Key::Up).await?;
    alice.wait_for_text(".writing-about", "Editing").await?;
    alice.fill_in("Message Lobby", "I mean it").await?;
    alice.press_keys(Key::Enter).await?;
    bob.wait_for_message("I mean it").await?;
    bob.wait_for_text(".edited", "(edited)").await?;
    alice.act_on(first, "Edit").await?;
    alice.wait_for_text(".writing-about", "Editing").await?;
    alice.press_keys(Key::Escape).await?;
    alice.wait_for_none(".writing-about").await?;

    // Gone for all, but only when it is meant.
    alice.act_on("I mean it", "Delete").await?;
    alice.press_in("Delete this message?", "Keep").await?;
    alice.act_on("I mean it", "Delete").await?;
    alice.press_in("Delete this message?", "Delete").await?;
    bob.wait_for_text(".deleted", "This message was deleted.")
        .await?;
    bob.wait_for_no_message("I mean it").await?;

    // Emojis: from the many by a phone, from those at hand by a desk; joined, and taken back.
    bob.act_on(first, "React").await?;
    bob.fill_in("Find an emoji", "rock").await?;
    bob.press("rocket").await?;
    alice.wait_for_label(first, "🚀 1, from Bob").await?;
    alice.press("🚀 1, from Bob").await?;
    bob.wait_for_text(".reaction[aria-pressed=true] .reaction-count", "2")
        .await?;
    alice.act_on(first, "👍").await?;
    bob.wait_for_label(first, "👍 1, from Alice").await?;
    alice.press("👍 1, from Alice").await?;
    bob.wait_for_no_label(first, "👍 1, from Alice").await?;
    story.end([alice, bob]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_waits_where_it_was_begun() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    alice.fill_in("Message Lobby", "To be contin").await?;
    alice.make_room("Study").await?;
    assert_eq!(alice.draft().await?, "");
    alice.open_room(LOBBY).await?;
    assert_eq!(alice.draft().await?, "To be contin");
    alice.write("ued").await?;
    alice.press_keys(Key::Enter).await?;
    alice.wait_for_message("To be continued").await?;
    story.end([alice]).await
}
