//! This project's client: those of its tests that need no platform, in a browser.

use anyhow::{Context, Result};
use e2e::{artifact, browser::Browser, site::Site};
use serde_json::{Value, json};
use xtask::{build::ClientTests, layout::Layout};

/// In a worker, as a page that is busy for long counts as dead.
const WORKER: &str = "
    const said = [];
    console.info = console.error = (text) => said.push(text);
    const { default: load } = await import('/client_tests.js');
    try {
        const { main } = await load({ module_or_path: '/client_tests_bg.wasm' });
        postMessage({ code: main(0, 0), said });
    } catch (error) {
        postMessage({ code: null, said: [...said, String(error)] });
    }";

const RUN: &str = "
    const worker = new Worker('/worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => document.body.dataset.outcome = JSON.stringify(data);
    worker.onerror = ({ message }) => document.body.dataset.outcome = JSON.stringify(message);";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_passes_its_tests_in_a_browser_too() -> Result<()> {
    let built = ClientTests::of(&Layout::of_this_workspace());
    let site = Site::start([
        ("/", vec![]),
        ("/worker.js", WORKER.into()),
        ("/client_tests.js", artifact::read(&built.script)?),
        ("/client_tests_bg.wasm", artifact::read(&built.module)?),
    ])
    .await?;

    let browser = Browser::start().await?;
    let window = browser.window(&site.origin).await?;
    window.execute(RUN).await?;
    let outcome = window
        .wait_for("[data-outcome]")
        .await?
        .attr("data-outcome")
        .await?;
    let outcome: Value = serde_json::from_str(&outcome.context("no outcome")?)?;
    assert_eq!(outcome, json!({ "code": 0, "said": ["tests run"] }));
    window.close().await
}
