//! What a message and a look at the chat cost, and how much memory a message takes, however many there are.
//!
//! Figures are instructions of the product's methods from end to end, as the network counts them: the same on every
//! machine. Only the past is made up: see the canister `filled-chat`.

mod cycles;
mod member;
mod subject;

use anyhow::{Context, Result};
use chat_api::Span;
use ic_ws_protocol::timing::DEFAULT_ACK_INTERVAL;

use super::UPDATE;
use crate::{
    report::{Report, Row, Unit},
    say,
};
use member::TEXT;
use subject::Subject;

const HISTORY: &str = "canister_query history";
const OVERVIEW: &str = "canister_query overview";

/// What things cost in a room with so many messages.
struct Costs {
    messages: u64,
    /// Saying something to people who look at the room.
    say: f64,
    /// Being seen typing by them.
    typing: f64,
    /// The latest page of the history.
    latest: f64,
    /// One from the middle of it.
    middle: f64,
    overview: f64,
    /// A client's answer to an acknowledgement.
    keep_alive: f64,
    /// The bytes of these calls, as signed.
    say_bytes: f64,
    keep_alive_bytes: f64,
    stable_bytes: f64,
}

/// Measures with so many messages, rising.
pub async fn measure(histories: &[u64], report: &mut Report) -> Result<()> {
    let mut subject = Subject::install().await?;
    let mut costs = Vec::new();
    for messages in histories {
        say(&format!("what things cost after {messages} messages"));
        subject.fill(*messages).await?;
        costs.push(Costs::measure(&mut subject).await?);
    }
    subject.stop().await?;
    report_calls(&costs, report);
    report_cycles(&costs, report);
    report_memory(&costs, report);
    Ok(())
}

fn report_calls(costs: &[Costs], report: &mut Report) {
    type Figure = fn(&Costs) -> f64;
    let calls: [(_, _, Figure); 5] = [
        ("say", "a message to 20 people", |costs| costs.say),
        ("typing", "typing, seen by 20 people", |costs| costs.typing),
        ("history_latest", "the latest 100 messages", |costs| {
            costs.latest
        }),
        ("history_middle", "100 from the middle", |costs| {
            costs.middle
        }),
        ("overview", "overview", |costs| costs.overview),
    ];
    let Some(first) = costs.first() else { return };
    for (name, what, figure) in calls {
        for after in costs {
            let messages = after.messages;
            report.add(Row {
                key: format!("{name}_after_{messages}_instructions"),
                what: format!("{what}, after {messages}"),
                unit: Unit::Instructions,
                value: figure(after),
                reference: (format!("after {}", first.messages), figure(first)),
                aim: if messages == first.messages {
                    ""
                } else {
                    "ratio 1"
                },
            });
        }
    }
}

/// A client answers each acknowledgement.
const KEEP_ALIVES_PER_DAY: f64 = 86_400.0 / DEFAULT_ACK_INTERVAL.as_secs() as f64;

fn report_cycles(costs: &[Costs], report: &mut Report) {
    let Some(last) = costs.last() else { return };
    let say = cycles::call(last.say_bytes, last.say);
    report.add(Row {
        key: "say_cycles".into(),
        what: format!("a message to 20 people, after {}", last.messages),
        unit: Unit::Cycles,
        value: say,
        reference: ("but for its instructions".into(), say - last.say),
        aim: "",
    });
    let keep_alive = cycles::call(last.keep_alive_bytes, last.keep_alive);
    report.add(Row {
        key: "connected_day_cycles".into(),
        what: "a day of being connected".into(),
        unit: Unit::Cycles,
        value: keep_alive * KEEP_ALIVES_PER_DAY,
        reference: ("one keep-alive".into(), keep_alive),
        aim: "",
    });
}

fn report_memory(costs: &[Costs], report: &mut Report) {
    for pair in costs.windows(2) {
        let [earlier, later] = pair else { continue };
        let messages = later.messages - earlier.messages;
        report.add(Row {
            key: format!("stable_bytes_per_message_after_{}", later.messages),
            what: format!("stable memory of a message, after {}", later.messages),
            unit: Unit::Bytes,
            value: (later.stable_bytes - earlier.stable_bytes) / messages as f64,
            reference: ("its text".into(), TEXT.len() as f64),
            aim: "",
        });
    }
}

impl Costs {
    async fn measure(subject: &mut Subject) -> Result<Self> {
        let metrics = subject.metrics().await?;
        let mut members = subject.connect().await?;
        // Who types on is not news.
        let mut typists = members.iter_mut();
        let mut next = || typists.next().context("too few are connected");
        let typing = subject.each(UPDATE, async || next()?.type_something().await);
        let typing = typing.await?;
        let one = members.first_mut().context("nobody is connected")?;
        let say = subject.each(UPDATE, async || one.say().await).await?;
        let say_bytes = one.last_call_bytes()?;
        let keep_alive = subject.each(UPDATE, async || one.keep_alive().await);
        let keep_alive = keep_alive.await?;
        let costs = Self {
            messages: metrics.messages,
            say,
            say_bytes,
            keep_alive,
            keep_alive_bytes: one.last_call_bytes()?,
            typing,
            latest: subject
                .each(HISTORY, async || one.read(Span::Latest).await)
                .await?,
            middle: subject
                .each(HISTORY, async || {
                    one.read(Span::Before(metrics.messages / 2)).await
                })
                .await?,
            overview: subject
                .each(OVERVIEW, async || one.look_over().await)
                .await?,
            stable_bytes: metrics.stable_bytes as f64,
        };
        subject.disconnect(members).await?;
        Ok(costs)
    }
}
