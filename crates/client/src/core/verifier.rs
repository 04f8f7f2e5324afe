//! Which canister and network a session believes. All verification of a session goes through here: the place to
//! remember the certificates that have already been verified.

use candid::Principal;
use ic_ws_protocol::{CanisterFrame, VerifyError, WebsocketMessage, verify_message};

#[derive(Debug)]
pub(super) struct Verifier {
    pub canister: Principal,
    pub root_key: Vec<u8>,
}

impl Verifier {
    pub fn verify(&self, frame: &CanisterFrame, now: u64) -> Result<WebsocketMessage, VerifyError> {
        verify_message(frame, self.canister, &self.root_key, now)
    }
}
