//! HTTP by `fetch`.

use js_sys::{ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, Request, RequestInit, Response};

use super::text;
use crate::platform::{HttpError, MAX_ANSWER_BYTES};

#[derive(Debug, Default)]
pub(crate) struct Http(());

impl Http {
    pub async fn post(&self, url: &str, body: Vec<u8>) -> Result<Vec<u8>, HttpError> {
        let request = request(url, &body).map_err(unreachable)?;
        let window = web_sys::window()
            .ok_or_else(|| HttpError::Unreachable("this is not a page".to_owned()))?;
        let response: Response = resolve(window.fetch_with_request(&request))
            .await?
            .unchecked_into();
        let answer = resolve(response.array_buffer().map_err(unreachable)?).await?;
        let answer: ArrayBuffer = answer.unchecked_into();
        if answer.byte_length() as usize > MAX_ANSWER_BYTES {
            return Err(HttpError::TooLarge);
        }
        let answer = Uint8Array::new(&answer).to_vec();
        HttpError::check_status(response.status(), &answer)?;
        Ok(answer)
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

async fn resolve(promise: Promise) -> Result<JsValue, HttpError> {
    JsFuture::from(promise).await.map_err(unreachable)
}

fn unreachable(error: JsValue) -> HttpError {
    HttpError::Unreachable(text(&error))
}
