//! The chat: from one screen to another, a thousand people, the page in a long room, and what a message costs however many
//! there were before.

mod chatter;
mod costs;
mod filled;
mod many;
mod page;
mod people;
mod screens;
mod stack;

use std::time::Duration;

use anyhow::Result;
use chat_api::Metrics;
use e2e::canister::Canister;

use crate::{gateway_process, limits, report::Report};
use chatter::Plan;
use many::Many;
use stack::Stack;

/// What carries out what people ask for.
const UPDATE: &str = "canister_update ws_message";

/// How much is measured.
struct Amounts {
    /// Messages from one screen to another.
    screens: u32,
    many: Many,
    /// Of the room in which the page is looked at.
    page_messages: u64,
    /// How often the page is loaded.
    page_turns: usize,
    /// Of a room's messages, rising: what something costs is compared with the first.
    histories: &'static [u64],
}

const FULL: Amounts = Amounts {
    screens: 50,
    many: Many {
        people: 1000,
        rooms: 50,
        plan: Plan {
            messages: 10,
            period: Duration::from_secs(30),
        },
    },
    page_messages: 100_000,
    page_turns: 5,
    histories: &[1_000, 10_000, 100_000, 1_000_000],
};

const QUICK: Amounts = Amounts {
    screens: 2,
    many: Many {
        people: 20,
        rooms: 2,
        plan: Plan {
            messages: 2,
            period: Duration::from_secs(1),
        },
    },
    page_messages: 200,
    page_turns: 1,
    histories: &[200],
};

/// Measures everything.
pub async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let amounts = if quick { QUICK } else { FULL };
    limits::allow_connections(amounts.many.people)?;
    let stack = Stack::start(&gateway_process::program(quick)).await?;
    screens::measure(&stack, amounts.screens, report).await?;
    amounts.many.measure(&stack, report).await?;
    page::measure(&stack, amounts.page_messages, amounts.page_turns, report).await?;
    stack.stop().await?;
    costs::measure(amounts.histories, report).await
}

/// How much there is in the chat.
async fn metrics(backend: &Canister) -> Result<Metrics> {
    Ok(backend.query::<(Metrics,)>("metrics", ()).await?.0)
}
