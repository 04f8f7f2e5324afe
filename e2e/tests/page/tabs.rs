//! Several tabs of one person.

use anyhow::Result;
use e2e::{
    browser::{Device, Window},
    page::LOBBY,
};
use thirtyfour::WindowHandle;

use crate::story::Story;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_tab_has_not_sent_another_one_sends_when_it_is_closed() -> Result<()> {
    /// Nothing gets out any more, and nobody notices.
    const MUTE: &str = "WebSocket.prototype.send = () => {}";
    let story = Story::begin().await?;
    let bob = story.desktop("Bob").await?;
    let alice = alice(&story).await?;
    alice.execute(MUTE).await?;
    alice.say("one").await?;
    alice.wait_for_label("one", "Sending").await?;

    // As long as the tab lives, it is for it to send.
    let first = another_tab(&story, &alice).await?;
    alice.say("two").await?;
    bob.wait_for_message("two").await?;
    assert_eq!(bob.texts().await?, ["two"]);

    alice.close_tab(first).await?;
    alice.wait_for_label("one", "Delivered").await?;
    bob.wait_for_message("one").await?;

    // Nothing is left for the next one to send.
    another_tab(&story, &alice).await?;
    alice.say("three").await?;
    bob.wait_for_message("three").await?;
    alice.wait_for_label("three", "Delivered").await?;
    for window in [&alice, &bob] {
        assert_eq!(window.texts().await?, ["two", "one", "three"]);
    }
    story.end([alice, bob]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_out_in_one_tab_has_signed_out_in_all() -> Result<()> {
    let story = Story::begin().await?;
    let alice = alice(&story).await?;
    let first = another_tab(&story, &alice).await?;
    alice.leave("Sign out").await?;
    alice.switch_to_tab(first).await?;
    alice.wait_for("#sign-in-button").await?;
    alice.reload().await?;
    alice.wait_for("#sign-in-button").await?;
    story.end([alice]).await
}

/// Alice at a desk, in the room that is there from the start.
async fn alice(story: &Story) -> Result<Window> {
    let alice = story.stranger(Device::Desktop).await?;
    alice.sign_in_as("Alice").await?;
    alice.join_room(LOBBY).await?;
    Ok(alice)
}

/// Goes on in a new tab, in that room; gives the tab before.
async fn another_tab(story: &Story, alice: &Window) -> Result<WindowHandle> {
    let tab = alice.open_tab(&story.stack.page_url).await?;
    alice.wait_until_inside("Alice").await?;
    alice.open_room(LOBBY).await?;
    Ok(tab)
}
