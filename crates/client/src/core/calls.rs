//! The calls that a session makes, before they are signed.

use std::time::Duration;

use candid::{Principal, utils::ArgumentEncoder};
use ic_transport_types::EnvelopeContent;
use ic_ws_protocol::{
    CanisterWsMessageArguments, CanisterWsOpenArguments, ClientKey, WebsocketMessage,
};

use super::after;
use crate::close_reason::CloseReason;

/// How long a call may wait to be executed. The IC takes up to five minutes; the rest is for clocks that differ.
pub(crate) const INGRESS_LIFETIME: Duration = Duration::from_secs(4 * 60);

#[derive(Debug)]
pub(super) struct Calls {
    canister: Principal,
    client_key: ClientKey,
    made: u64,
}

impl Calls {
    pub fn new(canister: Principal, client_key: ClientKey) -> Self {
        Self {
            canister,
            client_key,
            made: 0,
        }
    }

    pub fn ws_open(
        &mut self,
        gateway: Principal,
        now: u64,
    ) -> Result<EnvelopeContent, CloseReason> {
        let arguments = CanisterWsOpenArguments {
            client_nonce: self.client_key.client_nonce,
            gateway_principal: gateway,
        };
        self.call("ws_open", (arguments,), now)
    }

    pub fn ws_message(
        &mut self,
        msg: WebsocketMessage,
        now: u64,
    ) -> Result<EnvelopeContent, CloseReason> {
        let arguments = CanisterWsMessageArguments { msg };
        self.call("ws_message", (arguments, None::<()>), now)
    }

    fn call(
        &mut self,
        method: &str,
        arguments: impl ArgumentEncoder,
        now: u64,
    ) -> Result<EnvelopeContent, CloseReason> {
        let arg =
            candid::encode_args(arguments).map_err(|e| CloseReason::Encoding(e.to_string()))?;
        self.made += 1;
        Ok(EnvelopeContent::Call {
            nonce: Some(self.nonce()),
            ingress_expiry: after(now, INGRESS_LIFETIME),
            sender: self.client_key.client_principal,
            canister_id: self.canister,
            method_name: method.to_owned(),
            arg,
            sender_info: None,
        })
    }

    /// Makes equal calls different requests: the connection's random number, then the number of the call.
    fn nonce(&self) -> Vec<u8> {
        [self.client_key.client_nonce, self.made]
            .map(u64::to_be_bytes)
            .concat()
    }
}
