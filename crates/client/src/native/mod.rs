//! The platform that is tokio.

mod http;
mod socket;
mod tls;

use std::{
    future::Future,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio_tungstenite::Connector;

pub(crate) use http::Http;
pub(crate) use tokio::time::sleep;

use crate::{
    close_reason::SocketError,
    config::Config,
    connection::{ApplicationMessage, Connection, Events},
    driver::connect_on,
    platform::{HttpError, OpenSocket, Platform, Socket},
    signer::Signer,
};

/// Connects to a canister. Returns at once: messages may be sent right away, and wait until the connection is
/// open. Whatever goes wrong is the reason in an [`Event`](crate::Event).
///
/// # Panics
/// Outside a tokio runtime with I/O and time enabled.
pub fn connect<M: ApplicationMessage, K: Signer + 'static>(
    config: Config,
    signer: K,
) -> (Connection<M>, Events<M>) {
    let platform = Tokio {
        max_frame_bytes: config.max_frame_bytes,
        connector: tls::connector(&config),
        http: Http::default(),
    };
    let (connection, events, driver) = connect_on(platform, config, signer);
    tokio::spawn(driver);
    (connection, events)
}

struct Tokio {
    max_frame_bytes: usize,
    connector: Result<Connector, String>,
    http: Http,
}

impl Platform for Tokio {
    type Socket = Box<dyn Socket>;

    fn now(&self) -> u64 {
        now()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        sleep(duration)
    }

    fn yield_now(&self) -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    async fn open(&self, url: &str) -> Result<OpenSocket<Self::Socket>, SocketError> {
        let connector = self.connector.clone().map_err(SocketError::Connect)?;
        socket::open(url, self.max_frame_bytes, connector).await
    }

    async fn post(&self, url: &str, body: Vec<u8>) -> Result<Vec<u8>, HttpError> {
        self.http.post(url, body).await
    }
}

/// Nanoseconds since 1970, by the device's clock.
pub(crate) fn now() -> u64 {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX)
}
