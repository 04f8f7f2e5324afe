//! A page that is not shown.

use anyhow::Result;
use e2e::person::Person;

use crate::story::Story;

/// As browsers do to pages that are not shown.
const TIMERS_ONCE_A_SECOND: &str = "
    const { setTimeout } = window;
    window.setTimeout = (callback, delay) => setTimeout(callback, Math.max(delay ?? 0, 1000))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_is_taken_without_a_timer_for_each_message() -> Result<()> {
    // More seconds than anything is waited for, and less from each than is taken for a flood.
    const EACH: usize = 100;
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    let bob = Person::join(&story.stack, "Bob").await?;
    let carol = Person::join(&story.stack, "Carol").await?;
    alice.execute(TIMERS_ONCE_A_SECOND).await?;
    for n in 0..EACH {
        bob.say(format!("Bob's {n}"))?;
        carol.say(format!("Carol's {n}"))?;
    }
    alice.wait_until_seen(2 * EACH - 1).await?;
    story.end([alice]).await
}
