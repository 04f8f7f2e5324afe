//! Two people with two browsers.

use anyhow::Result;
use e2e::{
    browser::Browser,
    page::{LOBBY, ShownMessage},
    stack::Stack,
};

fn said(author: &str, text: &str, state: Option<&str>) -> ShownMessage {
    ShownMessage {
        author: Some(author.to_owned()),
        text: text.to_owned(),
        state: state.map(str::to_owned),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_chat_in_two_windows() -> Result<()> {
    const DELIVERED: &str = "Delivered";
    let stack = Stack::start_alone().await?;
    let browser = Browser::start().await?;
    let alice = browser.window(&stack.page_url).await?;
    alice.enter_lobby("Alice").await?;
    let bob = browser.window(&stack.page_url).await?;
    bob.enter_lobby("Bob").await?;
    for window in [&alice, &bob] {
        window.show_members().await?;
        window.wait_for_person("Alice").await?;
        window.wait_for_person("Bob").await?;
    }

    // A message typed in one appears in the other and in its own.
    for (from, to, author, text) in [
        (&alice, &bob, "Alice", "Hello, everyone!"),
        (&bob, &alice, "Bob", "Hi Alice"),
    ] {
        from.say(text).await?;
        assert_eq!(to.wait_for_message(text).await?, said(author, text, None));
        from.wait_for_label(text, DELIVERED).await?;
        assert_eq!(
            from.wait_for_message(text).await?,
            said(author, text, Some(DELIVERED))
        );
    }

    // A direct message appears only at its addressee and its author.
    let carol = browser.window(&stack.page_url).await?;
    carol.enter_lobby("Carol").await?;
    alice.write_to("Carol").await?;
    alice.say("Between us").await?;
    carol.open_room("Alice").await?;
    for window in [&alice, &carol] {
        window.wait_for_message("Between us").await?;
    }
    // Messages arrive in order: what Carol says after it has reached Bob, so the other one never will.
    carol.open_room(LOBBY).await?;
    carol.say("Good evening").await?;
    bob.wait_for_message("Good evening").await?;
    assert!(!bob.has("[data-room=Alice]").await?);

    // Closing a window makes the others show that the person is not here.
    alice.open_room(LOBBY).await?;
    alice.show_members().await?;
    carol.close().await?;
    for window in [&alice, &bob] {
        window.wait_for_absence("Carol").await?;
    }

    // The page reloaded is the same person in the same room again, and shows the earlier messages.
    let id = bob.person_id("Bob").await?;
    bob.reload().await?;
    bob.wait_until_inside("Bob").await?;
    bob.show_members().await?;
    assert_eq!(bob.person_id("Bob").await?, id);
    for text in ["Hello, everyone!", "Hi Alice", "Good evening"] {
        bob.wait_for_message(text).await?;
    }

    // A connection that is lost is shown, with the reason, and comes back by itself; what was said meanwhile, too.
    let stack = stack
        .without_gateway(async {
            alice
                .wait_for("#connection[data-state=reconnecting]")
                .await?;
            alice.wait_for_text(".banner", "gateway").await?;
            alice.say("Are you still there?").await
        })
        .await?;
    bob.wait_for_message("Are you still there?").await?;
    for window in [&alice, &bob] {
        window.wait_until_connected().await?;
    }
    stack.stop().await?;

    alice.close().await?;
    bob.close().await
}
