//! Who is here, what they look like, and who is writing.

use std::{fs, io::Write};

use anyhow::Result;
use base64::{Engine, prelude::BASE64_STANDARD};
use e2e::{page::LOBBY, wait::until};

use crate::story::Story;

/// One red pixel.
const IMAGE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_see_who_is_here_and_who_is_writing() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    let bob = story.phone("Bob").await?;
    alice.show_members().await?;
    alice.wait_for_person("Bob").await?;

    bob.click("#composer").await?;
    until("Alice to see that Bob is typing", || async {
        // For as long as he is.
        bob.write("Hm, ").await?;
        for place in [".typing", "[data-room=Lobby]"] {
            if !alice.text(place).await?.contains("Bob is typing…") {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
    .await?;
    bob.fill_in("Message Lobby", "Let me think").await?;
    bob.press("Send").await?;
    alice.wait_for_message("Let me think").await?;
    alice.wait_for_no_words("is typing…").await?;

    // Who has gone is seen to have gone, and to come back.
    bob.close().await?;
    alice.wait_for_absence("Bob").await?;
    story.end([alice]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_choose_how_others_see_them() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    let bob = story.desktop("Bob").await?;
    alice.show_members().await?;
    bob.say("It is me").await?;
    alice.wait_for_message("It is me").await?;

    let folder = tempfile::tempdir()?;
    let (image, no_image) = (folder.path().join("me.png"), folder.path().join("me.txt"));
    fs::File::create(&image)?.write_all(&BASE64_STANDARD.decode(IMAGE)?)?;
    fs::write(&no_image, "I am no image")?;

    bob.click("#own-name").await?;
    let file = bob.wait_for("#image-input").await?;
    file.send_keys(no_image.display().to_string()).await?;
    bob.wait_for_words("This file is no image that this browser can read.")
        .await?;
    file.send_keys(image.display().to_string()).await?;
    bob.wait_for_text("dialog", "Remove it").await?;
    bob.fill_in("Name", "Robert").await?;
    bob.press("Save").await?;

    alice
        .wait_for("[data-name=Robert] img[src^='data:image/']")
        .await?;
    alice
        .wait_for("article[data-author=Robert] img[src^='data:image/']")
        .await?;
    bob.wait_for_text("#own-name", "Robert").await?;
    story.end([alice, bob]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_blocked_is_not_heard() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    let bob = story.desktop("Bob").await?;
    bob.write_to("Alice").await?;
    bob.say("Buy my watches").await?;
    alice.open_room("Bob").await?;
    alice.wait_for_message("Buy my watches").await?;

    alice.click("article[data-author=Bob] .name").await?;
    alice.press("Block").await?;
    alice.wait_for_text("dialog", "Unblock").await?;
    alice.close_panel().await?;
    alice.wait_for_text(".room-header", "Offline").await?;
    bob.say("They are cheap").await?;
    bob.wait_for_words("Not sent: They have blocked you.")
        .await?;

    // A conversation that one has left comes back with what is said in it.
    alice.press("Details and members").await?;
    alice.press("Hide until the next message").await?;
    alice.wait_for_none("[data-room=Bob]").await?;
    alice.open_room(LOBBY).await?;
    alice.click("#own-name").await?;
    alice.wait_for_text("dialog", "Blocked people").await?;
    alice.press("Unblock Bob").await?;
    alice
        .wait_for_none("dialog [aria-label='Blocked people']")
        .await?;
    alice.close_panel().await?;
    bob.press("Send again").await?;
    alice.open_room("Bob").await?;
    alice.wait_for_message("They are cheap").await?;
    alice.wait_for_message("Buy my watches").await?;
    story.end([alice, bob]).await
}
