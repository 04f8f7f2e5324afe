//! From pressing Enter in one browser to the text on the screen of another.
//!
//! Both windows look at the clock of the same machine: when the key went down, and when the frame that first shows the text
//! was drawn.

use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{
    browser::{Browser, Window},
    load::percentile_ms,
};

use super::{chatter::Plan, people::People, stack::Stack};
use crate::{
    report::{Report, Row, Unit},
    say,
};

/// Gives a way to learn when the next frame is drawn, by the page's clock.
pub const WHEN_DRAWN: &str = "
    const whenDrawn = () => new Promise((resolve) => requestAnimationFrame(() => {
        // What is posted from within a frame comes after it is drawn.
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now());
        port2.postMessage(null);
    }));";

/// Notes when Enter is pressed.
const NOTE_ENTER: &str = r#"
    addEventListener("keydown", (event) => {
        if (event.key === "Enter") window.entered = performance.timeOrigin + event.timeStamp;
    }, true);
"#;

/// Gives a way to wait for a text.
const AWAIT_TEXT: &str = r#"
    const list = document.querySelector(".message-rows");
    window.drawn = (text) => new Promise((resolve) => {
        const observer = new MutationObserver(() => {
            if (!list.textContent.includes(text)) return;
            observer.disconnect();
            resolve(whenDrawn().then((at) => performance.timeOrigin + at));
        });
        observer.observe(list, { childList: true, characterData: true, subtree: true });
    });
"#;

/// Measures so many messages; beside them, as many of clients that neither verify nor draw.
pub async fn measure(stack: &Stack, messages: u32, report: &mut Report) -> Result<()> {
    say("from one screen to another");
    let latencies = between_screens(stack, messages).await?;
    let plan = Plan {
        messages,
        period: Duration::from_millis(400),
    };
    let people = People::enter(stack, 1, 0..2).await?;
    let tally = people.talk(plan).await?;
    for percent in [50, 99] {
        report.add(Row {
            key: format!("enter_to_screen_p{percent}_ms"),
            what: format!("from Enter to another screen, p{percent}"),
            unit: Unit::Milliseconds,
            value: percentile_ms(&latencies, percent),
            reference: (
                "without browsers".into(),
                percentile_ms(&tally.deliveries, percent),
            ),
            aim: if percent == 50 { "100 ms" } else { "" },
        });
    }
    Ok(())
}

/// Shortest first.
async fn between_screens(stack: &Stack, messages: u32) -> Result<Vec<Duration>> {
    let browser = Browser::start().await?;
    let alice = browser.window(&stack.page_url).await?;
    alice.enter_lobby("Alice").await?;
    let bob = browser.window(&stack.page_url).await?;
    bob.enter_lobby("Bob").await?;
    // There has to be a list before it can be watched.
    alice.say("Hello").await?;
    bob.wait_for_message("Hello").await?;
    alice.execute(NOTE_ENTER).await?;
    bob.execute(&format!("{WHEN_DRAWN} {AWAIT_TEXT}")).await?;
    let mut latencies = Vec::new();
    for number in 0..messages {
        latencies.push(latency(&alice, &bob, &format!("Message {number}.")).await?);
    }
    alice.close().await?;
    bob.close().await?;
    latencies.sort_unstable();
    Ok(latencies)
}

async fn latency(from: &Window, to: &Window, text: &str) -> Result<Duration> {
    let wait = format!("window.drawn({text:?}).then(done)");
    let (drawn, ()) = tokio::try_join!(to.execute_async(&wait), from.say(text))?;
    let drawn = drawn.as_f64().context("the page has no time")?;
    let entered: f64 = from.ask("return window.entered", []).await?;
    let latency = drawn - entered;
    Ok(Duration::try_from_secs_f64(latency / 1e3)?)
}
