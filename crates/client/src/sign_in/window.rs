//! The provider's window: opens it, runs an [`Exchange`] with it, and closes it.

use std::time::Duration;

use futures::{FutureExt, StreamExt, channel::mpsc, select_biased};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{MessageEvent, Url, Window};

use super::{SignInConfig, SignInError, exchange::Exchange};
use crate::{
    browser::{now, text},
    signer::{DelegationChain, SignError, random_u64},
};

/// The size of the window, in pixels; a phone shows a tab instead.
const SIZE: (i32, i32) = (520, 680);

/// How often the window is looked at: the browser does not say when it is closed.
const CLOSED_POLL: Duration = Duration::from_millis(300);

/// How many messages of the window may wait.
const MAX_QUEUED_MESSAGES: usize = 64;

/// An open window of a provider. Closes when dropped.
pub(super) struct ProviderWindow {
    page: Window,
    window: Window,
    origin: String,
}

impl ProviderWindow {
    /// Opens it. Browsers allow that only while they handle a click.
    ///
    /// # Errors
    /// When the address is none, or the browser refuses.
    pub fn open(url: &str) -> Result<Self, SignInError> {
        let invalid = |error: JsValue| SignInError::ProviderUrl(text(&error));
        let origin = Url::new(url).map_err(invalid)?.origin();
        let page = web_sys::window().ok_or(SignInError::WindowBlocked)?;
        let features = features(&page);
        let opened = page.open_with_url_and_target_and_features(url, "_blank", &features);
        let window = opened.ok().flatten().ok_or(SignInError::WindowBlocked)?;
        Ok(Self {
            page,
            window,
            origin,
        })
    }

    /// Asks for a delegation to `public_key` (DER).
    ///
    /// # Errors
    /// When there is none.
    pub async fn request_delegation(
        &self,
        config: SignInConfig,
        public_key: Vec<u8>,
    ) -> Result<DelegationChain, SignInError> {
        let nonce = random_u64().map_err(|error| SignError::Key(error.to_string()))?;
        let mut exchange = Exchange::new(config, self.origin.as_str(), public_key, nonce, now());
        let mut messages = Messages::of(self);
        loop {
            while let Some(post) = exchange.poll_post(now())? {
                // Fails only while the window is being closed, which is noticed below.
                let _ = self.post(&post.message, &post.target_origin);
            }
            let wait = Duration::from_nanos(exchange.next_deadline().saturating_sub(now()));
            let millis = wait.min(CLOSED_POLL).as_millis() as u32 + 1;
            select_biased! {
                message = messages.received.select_next_some() => {
                    let (origin, message) = message;
                    if let Some(outcome) = exchange.handle_message(&origin, &message, now()) {
                        return outcome;
                    }
                }
                () = TimeoutFuture::new(millis).fuse() => {
                    if self.window.closed().unwrap_or(true) {
                        exchange.handle_closed(now());
                    }
                    exchange.handle_timeout(now())?;
                }
            }
        }
    }

    fn post(&self, json: &str, target_origin: &str) -> Result<(), JsValue> {
        self.window
            .post_message(&js_sys::JSON::parse(json)?, target_origin)
    }
}

impl Drop for ProviderWindow {
    fn drop(&mut self) {
        // Fails when it is closed already.
        let _ = self.window.close();
    }
}

/// What the provider's window sends: origin and JSON. Stops listening when dropped.
struct Messages {
    received: mpsc::Receiver<(String, String)>,
    page: Window,
    listener: Closure<dyn FnMut(MessageEvent)>,
}

impl Messages {
    fn of(provider: &ProviderWindow) -> Self {
        let (mut sender, received) = mpsc::channel(MAX_QUEUED_MESSAGES);
        let (window, origin) = (JsValue::from(&provider.window), provider.origin.clone());
        let listener = Closure::new(move |event: MessageEvent| {
            // Before anything of it is read.
            let is_from_provider = event.source().is_some_and(|source| *source == window);
            if !is_from_provider || event.origin() != origin {
                return;
            }
            if let Ok(json) = js_sys::JSON::stringify(&event.data()) {
                // A provider that sends more than this has sent nothing that matters.
                let _ = sender.try_send((event.origin(), json.into()));
            }
        });
        let page = provider.page.clone();
        // Fails for no listener that is a function.
        let _ = page.add_event_listener_with_callback("message", listener.as_ref().unchecked_ref());
        Self {
            received,
            page,
            listener,
        }
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        let listener = self.listener.as_ref().unchecked_ref();
        // As above.
        let _ = self
            .page
            .remove_event_listener_with_callback("message", listener);
    }
}

/// A window of its own, in the middle of the page's.
fn features(page: &Window) -> String {
    let middle = |start: Result<JsValue, _>, outer: Result<JsValue, _>, size: i32| {
        let pixels = |value: Result<JsValue, JsValue>| value.ok()?.as_f64();
        let (start, outer) = (pixels(start)?, pixels(outer)?);
        Some(start as i32 + (outer as i32 - size) / 2)
    };
    let (width, height) = SIZE;
    let left = middle(page.screen_x(), page.outer_width(), width).unwrap_or_default();
    let top = middle(page.screen_y(), page.outer_height(), height).unwrap_or_default();
    format!("popup,width={width},height={height},left={left},top={top}")
}
