//! This project's client: those of its tests that need no platform, in a browser.

use std::{fs, net::Ipv4Addr};

use anyhow::{Context, Result};
use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use e2e::browser::Browser;
use serde_json::{Value, json};
use tokio::net::TcpListener;
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
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let page = format!("http://{}", listener.local_addr()?);
    let site = tokio::spawn(axum::serve(listener, site()?).into_future());

    let browser = Browser::start().await?;
    let window = browser.window(&page).await?;
    window.execute(RUN).await?;
    let outcome = window
        .wait_for("[data-outcome]")
        .await?
        .attr("data-outcome")
        .await?;
    let outcome: Value = serde_json::from_str(&outcome.context("no outcome")?)?;
    assert_eq!(outcome, json!({ "code": 0, "said": ["tests run"] }));
    window.close().await?;
    site.abort();
    Ok(())
}

fn site() -> Result<Router> {
    let built = ClientTests::of(&Layout::of_this_workspace());
    let file = |media_type: &'static str, content: Vec<u8>| {
        get(move || async move { ([(CONTENT_TYPE, media_type)], content) })
    };
    Ok(Router::new()
        .route("/", file("text/html", vec![]))
        .route("/worker.js", file("text/javascript", WORKER.into()))
        .route(
            "/client_tests.js",
            file("text/javascript", fs::read(built.script)?),
        )
        .route(
            "/client_tests_bg.wasm",
            file("application/wasm", fs::read(built.module)?),
        ))
}
