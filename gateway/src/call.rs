//! What the gateway relays: for each connection one `ws_open`, and then only `ws_message` to the same canister.
//!
//! Signatures are the network's business. What is checked here keeps a client from using the gateway for
//! anything but its own connection.

use std::sync::{Arc, atomic::AtomicBool};

use bytes::Bytes;
use candid::Principal;
use ic_transport_types::{EnvelopeContent, RequestId};
use ic_ws_protocol::{CanisterWsOpenArguments, ClientFrame, ClientKey};

use crate::{
    budget::Room, close::CloseReason, decode::decode, quote::quote, traces::Span, turns::Turns,
};

/// A signed call as the network takes it.
#[derive(Debug)]
pub(crate) struct SignedCall {
    pub(crate) canister: Principal,
    pub(crate) request_id: RequestId,
    pub(crate) envelope: Bytes,
    /// Whether the network may have taken it for execution.
    pub(crate) taken: AtomicBool,
    /// Where the call is on its way through the gateway.
    pub(crate) span: Span,
    /// Its part of what the client's calls may take.
    pub(crate) room: Option<Room>,
    /// Of which it has to wait for one each: those of the client's address, and of the canister. The gateway's own calls
    /// need none.
    pub(crate) turns: Vec<Arc<Turns>>,
}

impl SignedCall {
    /// A call to `canister` that waits for no turn, and whose way begins with it.
    pub(crate) fn new(
        canister: Principal,
        request_id: RequestId,
        envelope: impl Into<Bytes>,
    ) -> Self {
        Self {
            canister,
            request_id,
            envelope: envelope.into(),
            taken: AtomicBool::default(),
            span: Span::default(),
            room: None,
            turns: vec![],
        }
    }

    /// Makes `span`, which is of this call, the beginning of its way.
    pub(crate) fn follow(&mut self, span: Span) {
        span.set_text("icws.canister", &self.canister);
        span.set_text("icws.request", &self.request_id);
        self.span = span;
    }
}

/// A client's first call.
#[derive(Debug)]
pub(crate) struct OpenCall {
    pub(crate) client: ClientKey,
    pub(crate) call: SignedCall,
}

/// Admits the first call of a connection to the gateway `this`.
pub(crate) fn admit_open(frame: ClientFrame, this: Principal) -> Result<OpenCall, CloseReason> {
    let (sender, method, arg, call) = parts(frame)?;
    if method != "ws_open" {
        return Err(CloseReason::NotOpened(quote(&method).to_owned()));
    }
    let open: CanisterWsOpenArguments =
        decode(&arg).map_err(|e| CloseReason::MalformedOpen(quote(&e.to_string()).to_owned()))?;
    if open.gateway_principal != this {
        return Err(CloseReason::OtherGateway {
            named: open.gateway_principal,
            this,
        });
    }
    Ok(OpenCall {
        client: ClientKey {
            client_principal: sender,
            client_nonce: open.client_nonce,
        },
        call,
    })
}

/// Admits a later call of a connection to the canister `bound`.
pub(crate) fn admit_message(
    frame: ClientFrame,
    bound: Principal,
) -> Result<SignedCall, CloseReason> {
    let (_, method, _, call) = parts(frame)?;
    if call.canister != bound {
        return Err(CloseReason::OtherCanister {
            bound,
            called: call.canister,
        });
    }
    if method != "ws_message" {
        return Err(CloseReason::UnexpectedMethod(quote(&method).to_owned()));
    }
    Ok(call)
}

/// Sender, method, argument and the call itself.
fn parts(frame: ClientFrame) -> Result<(Principal, String, Vec<u8>, SignedCall), CloseReason> {
    let request_id = frame.envelope.content.to_request_id();
    let EnvelopeContent::Call {
        sender,
        canister_id,
        method_name,
        arg,
        ..
    } = frame.envelope.content.into_owned()
    else {
        return Err(CloseReason::NotACall);
    };
    let call = SignedCall::new(canister_id, request_id, frame.envelope_bytes);
    Ok((sender, method_name, arg, call))
}

#[cfg(test)]
mod tests {
    use ic_transport_types::Envelope;

    use super::*;

    const CANISTER: Principal = Principal::from_slice(&[1; 10]);
    const GATEWAY: Principal = Principal::from_slice(&[2; 29]);
    const CLIENT: Principal = Principal::from_slice(&[3; 29]);

    fn frame(content: EnvelopeContent) -> ClientFrame {
        let envelope = Envelope {
            content: std::borrow::Cow::Owned(content),
            sender_pubkey: None,
            sender_sig: None,
            sender_delegation: None,
        };
        ClientFrame::decode(&ClientFrame::encode(&envelope.encode_bytes())).unwrap()
    }

    fn call(canister_id: Principal, method: &str, arg: Vec<u8>) -> ClientFrame {
        frame(EnvelopeContent::Call {
            nonce: None,
            ingress_expiry: 1,
            sender: CLIENT,
            canister_id,
            method_name: method.to_owned(),
            arg,
            sender_info: None,
        })
    }

    fn open(gateway_principal: Principal) -> ClientFrame {
        let arg = CanisterWsOpenArguments {
            client_nonce: 7,
            gateway_principal,
        };
        call(CANISTER, "ws_open", candid::encode_one(arg).unwrap())
    }

    #[test]
    fn an_open_names_client_and_canister() {
        let frame = open(GATEWAY);
        let bytes = frame.envelope_bytes.clone();
        let open = admit_open(frame, GATEWAY).unwrap();
        assert_eq!(open.client.client_principal, CLIENT);
        assert_eq!(open.client.client_nonce, 7);
        assert_eq!(open.call.canister, CANISTER);
        assert_eq!(open.call.envelope, bytes);
    }

    #[test]
    fn an_open_for_another_gateway_is_refused() {
        let error = admit_open(open(CLIENT), GATEWAY).unwrap_err();
        assert!(
            matches!(error, CloseReason::OtherGateway { .. }),
            "{error:?}"
        );
    }

    #[test]
    fn an_open_of_something_else_is_refused() {
        let candid = candid::encode_one("hello").unwrap();
        for arg in [b"garbage".to_vec(), candid] {
            let error = admit_open(call(CANISTER, "ws_open", arg), GATEWAY).unwrap_err();
            assert!(matches!(error, CloseReason::MalformedOpen(_)), "{error:?}");
        }
    }

    #[test]
    fn a_huge_open_is_cheap_to_refuse() {
        // A record with an extra `vec null` of 2^40 elements, in a few bytes.
        let mut arg = b"DIDL\x02\x6c\x01\x00\x01\x6d\x7f\x01\x00".to_vec();
        leb128::write::unsigned(&mut arg, 1 << 40).unwrap();
        let error = admit_open(call(CANISTER, "ws_open", arg), GATEWAY).unwrap_err();
        assert!(matches!(error, CloseReason::MalformedOpen(_)), "{error:?}");
    }

    #[test]
    fn ws_open_comes_first() {
        let error = admit_open(call(CANISTER, "ws_message", vec![]), GATEWAY).unwrap_err();
        assert!(matches!(error, CloseReason::NotOpened(_)), "{error:?}");
    }

    #[test]
    fn only_ws_message_to_the_same_canister_comes_later() {
        assert!(admit_message(call(CANISTER, "ws_message", vec![]), CANISTER).is_ok());
        let error = admit_message(call(CANISTER, "ws_open", vec![]), CANISTER).unwrap_err();
        assert!(
            matches!(error, CloseReason::UnexpectedMethod(_)),
            "{error:?}"
        );
        let error = admit_message(call(GATEWAY, "ws_message", vec![]), CANISTER).unwrap_err();
        assert!(
            matches!(error, CloseReason::OtherCanister { .. }),
            "{error:?}"
        );
    }

    #[test]
    fn only_calls_are_admitted() {
        let query = frame(EnvelopeContent::Query {
            ingress_expiry: 1,
            sender: CLIENT,
            canister_id: CANISTER,
            method_name: "ws_open".to_owned(),
            arg: vec![],
            nonce: None,
            sender_info: None,
        });
        let error = admit_open(query, GATEWAY).unwrap_err();
        assert!(matches!(error, CloseReason::NotACall), "{error:?}");
    }
}
