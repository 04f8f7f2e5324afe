//! The platform that is the browser.

mod http;
mod socket;

use std::{future::Future, time::Duration};

use gloo_timers::future::TimeoutFuture;
use js_sys::{Error, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

pub(crate) use http::Http;

use crate::{
    close_reason::SocketError,
    config::Config,
    connection::{ApplicationMessage, Connection, Events},
    driver::connect_on,
    platform::{HttpError, OpenSocket, Platform},
    signer::Signer,
};

/// Connects to a canister. Returns at once: messages may be sent right away, and wait until the connection is
/// open. Whatever goes wrong is the reason in an [`Event`](crate::Event).
pub fn connect<M: ApplicationMessage, K: Signer + 'static>(
    config: Config,
    signer: K,
) -> (Connection<M>, Events<M>) {
    let platform = Browser {
        max_queued_frames: config.max_queued_events,
        http: Http::default(),
    };
    let (connection, events, driver) = connect_on(platform, config, signer);
    wasm_bindgen_futures::spawn_local(driver);
    (connection, events)
}

struct Browser {
    max_queued_frames: usize,
    http: Http,
}

impl Platform for Browser {
    type Socket = socket::BrowserSocket;

    fn now(&self) -> u64 {
        now()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        sleep(duration)
    }

    fn yield_now(&self) -> impl Future<Output = ()> {
        next_task()
    }

    async fn open(&self, url: &str) -> Result<OpenSocket<Self::Socket>, SocketError> {
        socket::open(url, self.max_queued_frames).await
    }

    async fn post(&self, url: &str, body: Vec<u8>) -> Result<Vec<u8>, HttpError> {
        self.http.post(url, body).await
    }
}

/// Nanoseconds since 1970, by the device's clock.
pub(crate) fn now() -> u64 {
    const NANOS_PER_MILLI: f64 = 1e6;
    (js_sys::Date::now() * NANOS_PER_MILLI) as u64
}

/// Waits for `duration`, or for the longest time that a browser can.
pub(crate) fn sleep(duration: Duration) -> TimeoutFuture {
    // A browser takes a longer timeout for none at all.
    const MAX_MILLIS: u32 = i32::MAX as u32;
    let millis = duration.as_nanos().div_ceil(1_000_000);
    TimeoutFuture::new(u32::try_from(millis).unwrap_or(MAX_MILLIS).min(MAX_MILLIS))
}

/// Waits for a task of its own. Not by a timer, which in a page that is not shown may take a minute.
async fn next_task() {
    // Fails where messages cannot be posted at all: then nobody has a turn.
    let Ok(channel) = MessageChannel::new() else {
        return;
    };
    let posted = channel.port2().post_message(&JsValue::NULL);
    let received = Promise::new(&mut |received, _| {
        channel.port1().set_onmessage(Some(&received));
    });
    if posted.is_ok() {
        let _ = JsFuture::from(received).await;
    }
    channel.port1().close();
}

/// What a browser's error says.
pub(crate) fn text(error: &JsValue) -> String {
    match error.dyn_ref::<Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{error:?}"),
    }
}
