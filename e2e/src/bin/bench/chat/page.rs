//! What somebody notices of the page itself: how soon it shows a room, and whether it falters, however long the room is.

use anyhow::{Context, Result};
use e2e::browser::{Browser, Window};
use serde_json::json;
use thirtyfour::Key;

use super::{filled, screens::WHEN_DRAWN, stack::Stack};
use crate::{
    report::{Report, Row, Unit},
    say,
    turns::in_turns,
};

/// How much slower than this machine's a phone's processor is.
const SLOW: u32 = 4;

const TYPED: &str = "What somebody types in a chat is about as long as this is.";

/// How many pages are scrolled.
const PAGES: usize = 30;

/// Where one then jumps to, of the whole way.
const JUMPS: [f64; 4] = [0.2, 0.8, 0.5, 0.1];

/// Forgets what was last seen, and waits for messages: when the frame is drawn that first shows some.
const AWAIT_MESSAGES: &str = "
    for (const key of Object.keys(sessionStorage))
        if (key.startsWith('snapshot-')) sessionStorage.removeItem(key);
    window.drawn = new Promise((resolve) => {
        const observer = new MutationObserver(() => {
            if (!document.querySelector('[data-number]:not([aria-busy])')) return;
            observer.disconnect();
            resolve(whenDrawn());
        });
        observer.observe(document, { subtree: true, childList: true, attributes: true });
    });";

/// Has the browser forget the page, as far as it would serve it itself.
const FORGET_PAGE: &str = "(async () => {
    for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
    for (const name of await caches.keys()) await caches.delete(name);
})().then(done)";

/// Measures how long the page's tasks take. The browser tells of those of more than 50 ms; shorter ones took no longer than
/// everything between two messages to itself, which may be several of them.
const WATCH_TASKS: &str = "
    window.longTask = 0;
    new PerformanceObserver((tasks) => {
        for (const { duration } of tasks.getEntries()) window.longTask = Math.max(window.longTask, duration);
    }).observe({ type: 'longtask' });
    const { port1, port2 } = new MessageChannel();
    let last = performance.now();
    window.gap = 0;
    port1.onmessage = () => {
        const now = performance.now();
        window.gap = Math.max(window.gap, now - last);
        last = now;
        port2.postMessage(null);
    };
    port2.postMessage(null);";

/// Measures in the first room as it is, then with so many messages more.
pub async fn measure(
    stack: &Stack,
    messages: u64,
    turns: usize,
    report: &mut Report,
) -> Result<()> {
    say(&format!("the page in a room with {messages} messages"));
    let browser = Browser::start().await?;
    let short = longest_tasks(&browser, stack).await?;
    filled::add_messages(&stack.controlled_backend(), messages).await?;
    let long = longest_tasks(&browser, stack).await?;
    for ((what, long), short) in ["typing", "scrolling"].into_iter().zip(long).zip(short) {
        report.add(Row {
            key: format!("longest_task_{what}_ms"),
            what: format!("longest task while {what}, {messages} messages"),
            unit: Unit::Milliseconds,
            value: long,
            reference: ("in a short room".into(), short),
            aim: "50 ms",
        });
    }
    let window = enter(&browser, stack).await?;
    window
        .devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": format!("{WHEN_DRAWN} {AWAIT_MESSAGES}") }),
        )
        .await?;
    let ([slow], [fast]) = in_turns(
        turns,
        async || Ok([first_messages_ms(&window, SLOW).await?]),
        async || Ok([first_messages_ms(&window, 1).await?]),
    )
    .await?;
    window.close().await?;
    report.add(Row {
        key: "first_messages_ms".into(),
        what: format!("until messages are drawn, nothing cached, CPU {SLOW} × slower"),
        unit: Unit::Milliseconds,
        value: slow,
        reference: ("as fast as it is".into(), fast),
        aim: "2000 ms",
    });
    Ok(())
}

/// Somebody new in the room.
async fn enter(browser: &Browser, stack: &Stack) -> Result<Window> {
    let window = browser.window(&stack.page_url).await?;
    window.enter_lobby("Somebody new").await?;
    window.wait_until_settled().await?;
    Ok(window)
}

/// While typing, and while scrolling; in milliseconds.
async fn longest_tasks(browser: &Browser, stack: &Stack) -> Result<[f64; 2]> {
    let window = enter(browser, stack).await?;
    window.click("#composer").await?;
    window.execute(WATCH_TASKS).await?;
    for key in TYPED.chars() {
        window.press_keys(key).await?;
        window.wait_two_frames().await?;
    }
    let typing = longest_task(&window).await?;

    window.click("[aria-label=Messages]").await?;
    longest_task(&window).await?;
    for _ in 0..PAGES {
        window.press_keys(Key::PageUp).await?;
        window.wait_two_frames().await?;
    }
    for jump in JUMPS {
        let script = "const list = document.querySelector('[aria-label=Messages]');
            list.scrollTop = list.scrollHeight * arguments[0]";
        window.ask::<()>(script, [jump.into()]).await?;
        window.wait_until_settled().await?;
    }
    let scrolling = longest_task(&window).await?;
    window.close().await?;
    Ok([typing, scrolling])
}

/// Since it was asked for last.
async fn longest_task(window: &Window) -> Result<f64> {
    let longest = "const { longTask, gap } = window;
        window.longTask = window.gap = 0;
        return longTask || Math.min(gap, 50)";
    window.ask(longest, []).await
}

async fn first_messages_ms(window: &Window, slow_down: u32) -> Result<f64> {
    window.execute_async(FORGET_PAGE).await?;
    window
        .devtools("Network.clearBrowserCache", json!({}))
        .await?;
    window.slow_down(slow_down).await?;
    window.reload().await?;
    let drawn = window.execute_async("window.drawn.then(done)").await?;
    window.slow_down(1).await?;
    drawn.as_f64().context("the page has no time")
}
