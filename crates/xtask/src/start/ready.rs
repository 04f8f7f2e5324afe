//! Waits until a part answers, by asking it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tokio::time::{Instant, sleep};

const READY_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Asks again and again until `ask` succeeds; gives up with its last error.
pub(super) async fn until<T>(what: &str, ask: impl AsyncFn() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        match ask().await {
            Err(error) if Instant::now() >= deadline => {
                return Err(error).context(format!("{what} does not answer"));
            }
            Err(_) => sleep(POLL).await,
            Ok(answer) => return Ok(answer),
        }
    }
}

/// Fetches `url` from this machine, whatever its host name resolves to elsewhere; gives the body.
pub(super) async fn fetch(url: &str) -> Result<String> {
    let url: reqwest::Url = url.parse()?;
    let port = url.port_or_known_default().unwrap_or_default();
    let mut client = reqwest::Client::builder().timeout(ANSWER_WITHIN).no_proxy();
    if let Some(host) = url.domain() {
        client = client.resolve(host, SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    let response = client.build()?.get(url.clone()).send().await?;
    let status = response.status();
    let body = response.text().await?;
    ensure!(status.is_success(), "{url} answers {status}: {body}");
    Ok(body)
}
