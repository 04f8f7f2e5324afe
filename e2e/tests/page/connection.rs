//! What the connection does, and what people notice of it.

use anyhow::{Context, Result};
use e2e::{page::LOBBY, person::Person};
use serde_json::{Value, json};

use crate::story::Story;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_while_the_gateway_is_gone_arrives_when_it_is_back() -> Result<()> {
    let story = Story::begin_alone().await?;
    let alice = story.desktop("Alice").await?;
    let bob = story.desktop("Bob").await?;
    let stack = story
        .stack
        .without_gateway(async {
            for window in [&alice, &bob] {
                window.wait_for_text("#connection", "Reconnecting…").await?;
                window
                    .wait_for_text(".banner", "What you write is sent as soon as you are back.")
                    .await?;
            }
            for text in ["one", "two"] {
                alice.say(text).await?;
                alice.wait_for_label(text, "Sending").await?;
            }
            // Not even a reload loses what is not sent.
            alice.reload().await?;
            alice.wait_for_label("two", "Sending").await?;
            alice.say("three").await
        })
        .await?;
    for text in ["one", "two", "three"] {
        bob.wait_for_message(text).await?;
        alice.wait_for_label(text, "Delivered").await?;
    }
    for window in [&alice, &bob] {
        window.wait_until_connected().await?;
        assert_eq!(window.texts().await?, ["one", "two", "three"]);
    }
    alice.close().await?;
    bob.close().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_refused_stays_and_can_be_sent_again() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.newcomer("Alice").await?;
    // Somebody whom the chat does not know yet.
    let mut bob = Person::connect(&story.stack, &story.stack.gateway_url)?;
    let there = format!("location.hash = '#person/{}'", bob.id);
    alice.execute(&there).await?;
    for text in ["Who are you?", "Hello?"] {
        alice.say(text).await?;
    }
    let reason = "Not sent: There is no such person.";
    alice
        .wait_for_text(".pending li:nth-child(2)", reason)
        .await?;
    alice.discard("Who are you?").await?;
    alice.wait_for_no_message("Who are you?").await?;

    let entering = bob.ask_to_enter("Bob")?;
    bob.settled(entering).await?;
    alice.send_again("Hello?").await?;
    bob.message_saying("Hello?").await?;
    alice.wait_for_room("Bob").await?;
    alice.wait_for_label("Hello?", "Delivered").await?;
    assert_eq!(alice.texts().await?, ["Hello?"]);
    story.end([alice]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_an_upgrade_of_the_canister() -> Result<()> {
    /// Takes note of whatever the page says about its connection.
    const WATCH: &str = "window.said = [];
        new MutationObserver(() => window.said.push(document.querySelector('#connection').innerText.trim()))
            .observe(document.querySelector('#connection'), { subtree: true, childList: true, characterData: true, attributes: true });";
    const MESSAGES: usize = 12;
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    let bob = story.phone("Bob").await?;
    for window in [&alice, &bob] {
        window.execute(WATCH).await?;
    }
    let talk = async {
        for n in 0..MESSAGES {
            let (from, to) = if n % 2 == 0 {
                (&alice, &bob)
            } else {
                (&bob, &alice)
            };
            from.say(&format!("{n}")).await?;
            to.wait_for_message(&format!("{n}")).await?;
        }
        anyhow::Ok(())
    };
    let upgrades = async {
        for _ in 0..2 {
            story.stack.upgrade_backend().await?;
        }
        anyhow::Ok(())
    };
    tokio::try_join!(talk, upgrades)?;

    let all: Vec<_> = (0..MESSAGES).map(|n| n.to_string()).collect();
    for window in [&alice, &bob] {
        assert_eq!(window.texts().await?, all);
        assert_eq!(window.execute("return window.said").await?, json!([]));
        assert!(!window.has(".note").await?);
    }
    story.end([alice, bob]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_curious_see_how_they_are_connected() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    alice.say("Is this on?").await?;
    alice.wait_for_label("Is this on?", "Delivered").await?;
    alice.click(".connection-words").await?;
    let facts = "return Object.fromEntries([...document.querySelectorAll('.facts dt')]
        .map((dt) => [dt.textContent, dt.nextElementSibling.textContent]))";
    let facts: Value = alice.execute(facts).await?;
    let network = story.stack.network();
    for (fact, value) in [
        ("State", "Open"),
        ("Canister", &*story.stack.backend.to_text()),
        ("Gateways", &*story.stack.gateway_url),
        ("Gateway’s principal", &*network.gateway_principal.to_text()),
        ("Receipts", "Certified, for each message"),
        ("Times opened", "1"),
    ] {
        assert_eq!(facts[fact], value, "{facts:#}");
    }
    for fact in [
        "You",
        "Root key (SHA-256)",
        "Certificate of",
        "Changes applied up to",
    ] {
        let value = facts[fact]
            .as_str()
            .with_context(|| format!("no '{fact}' in {facts:#}"))?;
        assert!(!value.is_empty(), "{facts:#}");
    }
    alice.wait_for("svg[aria-label*='round trips']").await?;
    alice.click(".frames summary").await?;
    alice.wait_for_text(".frames pre", "Logged").await?;
    alice.press("Connect anew").await?;
    alice.wait_for_text(".facts", "2").await?;
    alice.wait_until_connected().await?;
    alice.say("And on again").await?;
    alice.wait_for_label("And on again", "Delivered").await?;
    alice.open_room(LOBBY).await?;
    story.end([alice]).await
}
