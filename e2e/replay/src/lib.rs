//! The client without its socket, for the benchmark to give it recorded frames in a browser.

use candid::{CandidType, Principal};
use ic_ws_client::{
    Config,
    core::{NetworkTime, Session, SessionEvent},
};
use ic_ws_protocol::ClientKey;
use serde::Deserialize;
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

/// What the example ping-pong sends.
#[derive(CandidType, Deserialize)]
enum Talk {
    Ping(u64),
    Pong(u64),
}

/// A connection, on the side of the client.
#[wasm_bindgen]
pub struct Replay(Session);

#[wasm_bindgen]
impl Replay {
    /// The connection of whom the frames were recorded for, at the time `now` in nanoseconds since 1970.
    #[wasm_bindgen(constructor)]
    pub fn new(
        canister: &str,
        root_key: Vec<u8>,
        principal: &str,
        nonce: u64,
        now: u64,
    ) -> Result<Self, JsError> {
        let no_gateways: [&str; 0] = [];
        let config = Config::new(no_gateways, Principal::from_text(canister)?, root_key);
        let client_key = ClientKey {
            client_principal: Principal::from_text(principal)?,
            client_nonce: nonce,
        };
        let time = NetworkTime::default();
        Ok(Self(Session::new(config, client_key, false, time, now)))
    }

    /// Takes a frame as it came from the gateway. Whether it brought a message of the application.
    pub fn take(&mut self, frame: &[u8], now: u64) -> Result<bool, JsError> {
        match self.0.handle_frame(frame, now) {
            Some(SessionEvent::Message(content)) => match candid::decode_one(&content)? {
                Talk::Pong(_) => Ok(true),
                Talk::Ping(_) => Err(JsError::new("a canister does not ping")),
            },
            Some(SessionEvent::Closed(reason)) => Err(JsError::new(&reason.to_string())),
            _ => Ok(false),
        }
    }
}
