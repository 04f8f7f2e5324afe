//! Serves the page that replays the recordings.

use std::{net::Ipv4Addr, path::Path};

use anyhow::{Context, Result};
use axum::{
    Router,
    http::header::CONTENT_TYPE,
    response::{Html, IntoResponse},
    routing::{MethodRouter, get},
};
use bytes::Bytes;
use e2e::nodejs;
use tokio::{fs, net::TcpListener, task::JoinHandle};
use xtask::{build::Artifacts, layout::Layout};

const PAGE: &str = r#"<!doctype html><script type="module" src="/page.js"></script>"#;

/// Ends when dropped.
pub struct Site {
    pub url: String,
    server: JoinHandle<()>,
}

impl Site {
    /// Serves the page, and to it what it is to replay.
    pub async fn start(recordings: String) -> Result<Self> {
        let folder = Artifacts::of(&Layout::of_this_workspace()).replay;
        let nothing: [&str; 0] = [];
        let script = nodejs::run("replay/build.mjs", nothing).await?;
        let router = Router::new()
            .route("/", get(|| async { Html(PAGE) }))
            .route("/page.js", file("text/javascript", script))
            .route("/recordings.json", file("application/json", recordings))
            .route(
                "/replay.js",
                file("text/javascript", read(&folder.join("replay.js")).await?),
            )
            .route(
                "/replay_bg.wasm",
                file(
                    "application/wasm",
                    read(&folder.join("replay_bg.wasm")).await?,
                ),
            );
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the page is not served any more: {error}");
            }
        });
        Ok(Self { url, server })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn read(path: &Path) -> Result<Vec<u8>> {
    let content = fs::read(path).await;
    content.with_context(|| format!("{}: scripts/bench builds it", path.display()))
}

fn file(media_type: &'static str, content: impl Into<Bytes>) -> MethodRouter {
    let content = content.into();
    get(move || async move { ([(CONTENT_TYPE, media_type)], content).into_response() })
}
