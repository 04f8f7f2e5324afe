//! HTTP, time and waiting in the browser.

use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use js_sys::{ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, Request, RequestInit, Response};

use super::CallError;
use crate::browser::text;

pub(super) use crate::browser::now;

#[derive(Debug, Default)]
pub(super) struct Http(());

impl Http {
    pub async fn post(
        &self,
        url: &str,
        body: Vec<u8>,
        max_answer_bytes: usize,
    ) -> Result<(u16, Vec<u8>), CallError> {
        let request = request(url, &body).map_err(unreachable)?;
        let window = web_sys::window()
            .ok_or_else(|| CallError::Unreachable("this is not a page".to_owned()))?;
        let response: Response = resolve(window.fetch_with_request(&request))
            .await?
            .unchecked_into();
        let answer = resolve(response.array_buffer().map_err(unreachable)?).await?;
        let answer: ArrayBuffer = answer.unchecked_into();
        if answer.byte_length() as usize > max_answer_bytes {
            return Err(CallError::TooLarge);
        }
        Ok((response.status(), Uint8Array::new(&answer).to_vec()))
    }
}

fn request(url: &str, body: &[u8]) -> Result<Request, JsValue> {
    let headers = Headers::new()?;
    headers.set("Content-Type", "application/cbor")?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&Uint8Array::from(body));
    Request::new_with_str_and_init(url, &init)
}

async fn resolve(promise: Promise) -> Result<JsValue, CallError> {
    JsFuture::from(promise).await.map_err(unreachable)
}

fn unreachable(error: JsValue) -> CallError {
    CallError::Unreachable(text(&error))
}

pub(super) async fn sleep(duration: Duration) {
    TimeoutFuture::new(u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)).await;
}
