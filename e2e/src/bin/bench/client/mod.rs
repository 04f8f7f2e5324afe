//! The client beside the published one: what they take for the same recorded frames, in the same browser.
//!
//! The frames are those of this project's gateway, which both can read: it gives each message the part of the witness that
//! proves it. The published gateway gives each the whole witness, so that its clients have more to do than is measured.

mod recording;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use e2e::{artifact, browser::Browser, nodejs, site::Site};
use serde::Deserialize;
use xtask::{build::Artifacts, layout::Layout};

use crate::{
    node::Node,
    report::{Report, Row, Unit},
    say,
};
use recording::{Recorder, Recording};

const PAGE: &str = r#"<!doctype html><script type="module" src="/page.js"></script>"#;

/// How many messages one poll returns.
const MESSAGES_OF_A_POLL: usize = 50;

/// How much is measured.
struct Amounts {
    /// Polls that find one message.
    single: usize,
    /// Polls that find as many as one can return.
    full: usize,
    /// How often all frames are replayed. The fastest turn counts.
    turns: u32,
}

const FULL: Amounts = Amounts {
    single: 40,
    full: 4,
    turns: 2,
};

const QUICK: Amounts = Amounts {
    single: 2,
    full: 1,
    turns: 1,
};

/// What the page says.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Measured(BTreeMap<String, Milliseconds>),
    Error(String),
}

/// How long the clients took for all frames of a recording.
#[derive(Deserialize)]
struct Milliseconds {
    ours: f64,
    published: f64,
}

/// Measures everything.
pub async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let amounts = if quick { QUICK } else { FULL };
    say("how fast the client verifies messages");
    let node = Node::start(None).await?;
    let recorder = Recorder::new(&node, amounts.turns).await?;
    let recordings = BTreeMap::from([
        ("single", recorder.record(amounts.single, 1).await?),
        (
            "full",
            recorder.record(amounts.full, MESSAGES_OF_A_POLL).await?,
        ),
    ]);
    let measured = replay(&recordings).await?;
    for (name, messages_per_poll, aim) in [
        ("single", 1, "ratio 1"),
        ("full", MESSAGES_OF_A_POLL, "ratio 20"),
    ] {
        let took = measured.get(name).context("the page left something out")?;
        let messages = recordings.get(name).map_or(0, Recording::messages) as f64;
        report.add(Row {
            key: format!("verified_{messages_per_poll}_per_poll_per_second"),
            what: format!("messages verified, {messages_per_poll} per poll"),
            unit: Unit::PerSecond,
            value: messages / took.ours * 1e3,
            reference: ("ic-websocket-js".into(), messages / took.published * 1e3),
            aim,
        });
    }
    node.stop().await
}

/// Has the browser replay the recordings, while the network is there for the published client to ask for its key.
async fn replay(recordings: &BTreeMap<&str, Recording>) -> Result<BTreeMap<String, Milliseconds>> {
    let folder = Artifacts::of(&Layout::of_this_workspace()).replay;
    let nothing: [&str; 0] = [];
    let site = Site::start([
        ("/", PAGE.into()),
        ("/page.js", nodejs::run("replay/build.mjs", nothing).await?),
        ("/recordings.json", serde_json::to_vec(recordings)?),
        ("/replay.js", artifact::read(&folder.join("replay.js"))?),
        (
            "/replay_bg.wasm",
            artifact::read(&folder.join("replay_bg.wasm"))?,
        ),
    ])
    .await?;
    let browser = Browser::start().await?;
    let window = browser.window(&site.origin).await?;
    let outcome = window.text("output").await?;
    window.close().await?;
    match serde_json::from_str(&outcome).context(outcome)? {
        Outcome::Measured(measured) => Ok(measured),
        Outcome::Error(error) => anyhow::bail!("the page failed: {error}"),
    }
}
