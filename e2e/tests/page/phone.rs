//! A small screen shows one thing at a time, and leads back.

use anyhow::Result;
use e2e::{browser::Window, page::LOBBY};

use crate::story::Story;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_shows_one_thing_at_a_time_and_leads_back() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.phone("Alice").await?;
    alice.say("Small world").await?;
    shows(&alice, "main").await?;

    // By the page's own button, and by the phone's.
    alice.press("Details and members").await?;
    shows(&alice, "aside").await?;
    alice.close_panel().await?;
    shows(&alice, "main").await?;
    alice.press("Back to the list").await?;
    shows(&alice, "nav").await?;
    alice.open_room(LOBBY).await?;
    shows(&alice, "main").await?;
    alice.go_back().await?;
    shows(&alice, "nav").await?;

    // A reload stays where one is.
    alice.open_room(LOBBY).await?;
    alice.reload().await?;
    alice.wait_for_message("Small world").await?;
    shows(&alice, "main").await?;

    // What is opened from a panel or a dialog is seen.
    alice.show_members().await?;
    alice.show_person("Alice").await?;
    alice.press("Notes to yourself").await?;
    alice.wait_for_room("Alice").await?;
    shows(&alice, "main").await?;
    story.end([alice]).await
}

/// Waits until that part of the page, and no other, is to be seen; and that it fits.
async fn shows(window: &Window, part: &str) -> Result<()> {
    let parts = "return [...document.querySelectorAll('.workspace > :is(nav, main, aside)')]
        .filter((one) => one.checkVisibility()).map((one) => one.localName).join()";
    e2e::wait::until(&format!("'{part}' alone"), || async {
        let shown: String = window.ask(parts, []).await?;
        Ok((shown == part).then_some(()))
    })
    .await?;
    let overflows = "return document.scrollingElement.scrollWidth > innerWidth";
    assert_eq!(
        window.execute(overflows).await?,
        false,
        "'{part}' is wider than the screen"
    );
    Ok(())
}
