//! Two people with two browsers.

use anyhow::Result;
use e2e::{
    browser::{Browser, ShownMessage},
    stack::Stack,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_chat_in_two_windows() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let alice = browser.window(&stack.page_url).await?;
    alice.join("Alice").await?;
    let bob = browser.window(&stack.page_url).await?;
    bob.join("Bob").await?;
    alice.wait_for_person("Bob").await?;
    bob.wait_for_person("Alice").await?;

    // A message typed in one appears in the other and in its own.
    let said = |author: &str, text: &str, direct| ShownMessage {
        author: author.to_owned(),
        text: text.to_owned(),
        direct,
    };
    alice.say("Hello, everyone!").await?;
    for window in [&alice, &bob] {
        let shown = window.wait_for_message("Hello, everyone!").await?;
        assert_eq!(shown, said("Alice", "Hello, everyone!", false));
    }
    bob.say("Hi Alice").await?;
    for window in [&alice, &bob] {
        assert_eq!(
            window.wait_for_message("Hi Alice").await?,
            said("Bob", "Hi Alice", false)
        );
    }

    // A direct message appears only at its addressee and its author.
    let carol = browser.window(&stack.page_url).await?;
    carol.join("Carol").await?;
    alice.wait_for_person("Carol").await?;
    alice.write_to("Carol").await?;
    alice.say("Between us").await?;
    assert_eq!(
        carol.wait_for_message("Between us").await?,
        said("Alice", "Between us", true)
    );
    assert_eq!(
        alice.wait_for_message("Between us").await?,
        said("Alice", "Between us", true)
    );
    // Messages arrive in order: what Carol says after it has reached Bob, so the other one never will.
    carol.say("Good evening").await?;
    bob.wait_for_message("Good evening").await?;
    assert!(
        bob.messages()
            .await?
            .iter()
            .all(|message| message.text != "Between us")
    );

    // Closing a window makes the others show that the person left.
    carol.close().await?;
    alice.wait_for_absence("Carol").await?;
    alice.wait_for_notice("Carol left").await?;
    bob.wait_for_absence("Carol").await?;

    // The page reloaded is the same person again, and shows the earlier messages.
    let id = bob.person_id("Bob").await?;
    bob.reload().await?;
    assert_eq!(bob.person_id("Bob").await?, id);
    for text in ["Hello, everyone!", "Hi Alice", "Good evening"] {
        bob.wait_for_message(text).await?;
    }
    assert!(
        bob.messages()
            .await?
            .iter()
            .all(|message| message.text != "Between us")
    );

    // A connection that is lost is shown, with the reason, and comes back by itself.
    let stack = stack
        .without_gateway(async {
            alice
                .wait_for("#connection[data-state=reconnecting] .connection-reason")
                .await?;
            let shown = alice.text("#connection").await?;
            assert!(shown.contains("gateway"), "{shown}");
            Ok(())
        })
        .await?;
    for window in [&alice, &bob] {
        window.wait_for("#connection[data-state=open]").await?;
    }
    bob.say("Are you still there?").await?;
    alice.wait_for_message("Are you still there?").await?;
    stack.stop().await?;

    alice.close().await?;
    bob.close().await
}
