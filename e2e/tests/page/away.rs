//! The page without a network: it opens, shows what was last seen, and keeps what is written.

use anyhow::Result;
use e2e::{browser::Device, page::LOBBY};

use crate::story::Story;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_opens_without_a_network_with_what_was_last_seen() -> Result<()> {
    let story = Story::begin_alone().await?;
    let alice = story.stranger(Device::Phone).await?;
    alice.sign_in_as("Alice").await?;
    alice.find_and_join_room(LOBBY).await?;
    alice.say("Something to remember").await?;
    alice
        .wait_for_label("Something to remember", "Delivered")
        .await?;
    alice
        .execute_async("navigator.serviceWorker.ready.then(() => done())")
        .await?;
    story.stack.stop().await?;

    alice.reload().await?;
    alice.wait_for_message("Something to remember").await?;
    alice.go_back().await?;
    alice
        .wait_for_text("[data-room=Lobby]", "Something to remember")
        .await?;
    alice.open_room(LOBBY).await?;
    alice.say("Is anybody there?").await?;
    alice.wait_for_label("Is anybody there?", "Sending").await?;

    // Not even the next time.
    alice.reload().await?;
    alice.wait_for_label("Is anybody there?", "Sending").await?;
    alice.close().await
}
