//! What is in `docs/protocol-vectors.json`, for those who write clients in other languages. The file is made with
//! `PROTOCOL_VECTORS=write` in the environment.

#![cfg(test)]

mod certified;

use std::{env, fs, path::Path};

use candid::{Encode, Principal};
use certified::*;
use ic_transport_types::{Envelope, EnvelopeContent};
use ic_ws_protocol::*;
use serde_json::{Value, json};

fn gateway() -> Principal {
    Principal::self_authenticating([4, 5, 6])
}

fn client_key() -> ClientKey {
    ClientKey {
        client_principal: Principal::self_authenticating([1, 2, 3]),
        client_nonce: 0xfedc_ba98_7654_3210,
    }
}

fn websocket_message() -> WebsocketMessage {
    WebsocketMessage {
        client_key: client_key(),
        sequence_num: 7,
        timestamp: NOW,
        is_service_message: false,
        content: vec![1, 2, 3],
    }
}

fn vector(what: &str, bytes: &[u8], value: Value) -> Value {
    json!({ "what": what, "bytes": hex::encode(bytes), "value": value })
}

/// The fields of `key`. Numbers of 64 bits are texts, as many a reader of JSON has none.
fn client_key_value(key: &ClientKey) -> Value {
    json!({
        "client_principal": key.client_principal.to_text(),
        "client_nonce": key.client_nonce.to_string(),
    })
}

fn message_value(message: &WebsocketMessage) -> Value {
    json!({
        "client_key": client_key_value(&message.client_key),
        "sequence_num": message.sequence_num.to_string(),
        "timestamp": message.timestamp.to_string(),
        "is_service_message": message.is_service_message,
        "content": hex::encode(&message.content),
    })
}

/// The arguments of calls, and what the canister says of itself. Encoders may number the types of a Candid message as
/// they like: what counts is that the bytes can be read.
fn candid() -> Value {
    use WebsocketServiceMessageContent as Service;
    let open = CanisterWsOpenArguments {
        client_nonce: client_key().client_nonce,
        gateway_principal: gateway(),
    };
    let open_value = json!({
        "client_nonce": open.client_nonce.to_string(),
        "gateway_principal": open.gateway_principal.to_text(),
    });
    let msg = websocket_message();
    let msg_value = json!([{ "msg": message_value(&msg) }, null]);
    let message = Encode!(&CanisterWsMessageArguments { msg }, &None::<()>).unwrap();
    let close = CanisterWsCloseArguments {
        client_key: client_key(),
    };
    let close_value = json!({ "client_key": client_key_value(&client_key()) });
    let service =
        |content: Service, value| vector("service message", &Encode!(&content).unwrap(), value);
    let mut vectors = vec![
        vector("argument of ws_open", &Encode!(&open).unwrap(), open_value),
        vector("arguments of ws_message", &message, msg_value),
        vector(
            "argument of ws_close",
            &Encode!(&close).unwrap(),
            close_value,
        ),
        service(
            Service::OpenMessage(CanisterOpenMessageContent {
                client_key: client_key(),
            }),
            json!({ "OpenMessage": { "client_key": client_key_value(&client_key()) } }),
        ),
        service(
            Service::AckMessage(CanisterAckMessageContent {
                last_incoming_sequence_num: 5,
            }),
            json!({ "AckMessage": { "last_incoming_sequence_num": "5" } }),
        ),
        service(
            Service::KeepAliveMessage(ClientKeepAliveMessageContent {
                last_incoming_sequence_num: 6,
            }),
            json!({ "KeepAliveMessage": { "last_incoming_sequence_num": "6" } }),
        ),
    ];
    for (name, reason) in [
        (
            "WrongSequenceNumber",
            CloseMessageReason::WrongSequenceNumber,
        ),
        (
            "InvalidServiceMessage",
            CloseMessageReason::InvalidServiceMessage,
        ),
        ("KeepAliveTimeout", CloseMessageReason::KeepAliveTimeout),
        (
            "ClosedByApplication",
            CloseMessageReason::ClosedByApplication,
        ),
    ] {
        let close = Service::CloseMessage(CanisterCloseMessageContent { reason });
        vectors.push(service(
            close,
            json!({ "CloseMessage": { "reason": name } }),
        ));
    }
    vectors.into()
}

/// What goes over the socket, and what is certified.
fn cbor() -> Value {
    let handshake = HandshakeFrame {
        gateway_principal: gateway(),
    };
    let message = websocket_message();
    let canister_frame = CanisterFrame {
        key: "k".to_owned(),
        content: vec![1],
        cert: vec![2],
        tree: vec![3],
    };
    json!([
        vector(
            "first frame of the gateway",
            &handshake.encode().unwrap(),
            json!({ "gateway_principal": gateway().to_text() }),
        ),
        client_frame(),
        vector(
            "frame of the gateway with a message",
            &canister_frame.encode().unwrap(),
            json!({ "key": "k", "content": "01", "cert": "02", "tree": "03" }),
        ),
        vector(
            "content of such a frame",
            &message.to_cbor().unwrap(),
            message_value(&message),
        ),
        receipt(
            Receipt::Certificate(vec![1, 2]),
            json!({ "certificate": "0102" }),
        ),
        receipt(
            Receipt::Rejection(Rejection {
                code: 2,
                message: "busy".to_owned(),
            }),
            json!({ "rejection": { "code": "2", "message": "busy" } }),
        ),
    ])
}

fn call() -> EnvelopeContent {
    EnvelopeContent::Call {
        nonce: Some(vec![0, 1, 2, 3]),
        ingress_expiry: NOW,
        sender: client_key().client_principal,
        canister_id: canister(),
        method_name: "ws_open".to_owned(),
        arg: b"DIDL\0\0".to_vec(),
        sender_info: None,
    }
}

fn client_frame() -> Value {
    let envelope = Envelope {
        content: std::borrow::Cow::Owned(call()),
        sender_pubkey: Some(vec![10, 11]),
        sender_sig: Some(vec![12, 13]),
        sender_delegation: None,
    };
    let value = json!({
        "envelope": {
            "content": {
                "request_type": "call",
                "nonce": "00010203",
                "ingress_expiry": NOW.to_string(),
                "sender": client_key().client_principal.to_text(),
                "canister_id": canister().to_text(),
                "method_name": "ws_open",
                "arg": hex::encode(b"DIDL\0\0"),
            },
            "sender_pubkey": "0a0b",
            "sender_sig": "0c0d",
        },
        "request_id": hex::encode(call().to_request_id().as_slice()),
    });
    let frame = ClientFrame::encode(&envelope.encode_bytes());
    assert!(ClientFrame::decode(&frame).is_ok());
    vector("frame of a client, with the id of its call", &frame, value)
}

fn receipt(receipt: Receipt, outcome: Value) -> Value {
    let request_id = call().to_request_id();
    let frame = ReceiptFrame {
        request_id,
        receipt,
    };
    let mut value = json!({ "request_id": hex::encode(request_id.as_slice()) });
    value
        .as_object_mut()
        .unwrap()
        .extend(outcome.as_object().unwrap().clone());
    vector("receipt", &frame.encode().unwrap(), value)
}

/// Frames, and whether a client of `canister` may accept them at the time `now` on a network with this key.
fn verdicts() -> Value {
    let delegated = |holds, shape| {
        let delegation = delegation(&key(1), &key(2), holds, shape);
        frame_at(NOW, &key(2), Some(delegation))
    };
    let altered = CanisterFrame {
        content: message(2).to_cbor().unwrap(),
        ..good_frame()
    };
    let frames = [
        ("good", good_frame()),
        (
            "certified by a subnet",
            delegated(canister(), Ranges::Sharded),
        ),
        (
            "certified by a subnet, as it was before",
            delegated(canister(), Ranges::Flat),
        ),
        (
            "just young enough",
            frame_at(NOW - 5 * MINUTE, &key(1), None),
        ),
        ("too old", frame_at(NOW - 5 * MINUTE - 1, &key(1), None)),
        ("signed with another key", frame_at(NOW, &key(3), None)),
        (
            "certified by a subnet of other canisters",
            delegated(other_canister(), Ranges::Sharded),
        ),
        ("another message than that of the key", altered),
    ];
    let cases = frames.map(|(what, frame)| {
        let verdict = verify_message(&frame, canister(), &der(&key(1)), NOW);
        let bytes = frame.encode().unwrap();
        match verdict {
            Ok(message) => vector(what, &bytes, json!({ "message": message_value(&message) })),
            Err(error) => vector(what, &bytes, json!({ "refused": error.to_string() })),
        }
    });
    json!({
        "canister": canister().to_text(),
        "root_key": hex::encode(der(&key(1))),
        "now": NOW.to_string(),
        "frames": cases,
    })
}

fn message_keys() -> Value {
    let key = |nonce: u64| MessageKey {
        gateway: gateway(),
        nonce,
    };
    let value = |nonce: u64| json!({ "gateway": gateway().to_text(), "nonce": nonce.to_string(), "key": key(nonce).to_string() });
    json!([value(0), value(7)])
}

#[test]
fn the_file_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol-vectors.json");
    let vectors = json!({
        "about": "Bytes are hexadecimal, numbers of 64 bits decimal texts, principals in their textual form.",
        "candid": candid(),
        "cbor": cbor(),
        "message_keys": message_keys(),
        "verdicts": verdicts(),
    });
    if env::var_os("PROTOCOL_VECTORS").is_some_and(|what| what == "write") {
        fs::write(&file, format!("{vectors:#}\n")).unwrap();
    }
    let written: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(written, vectors);
}
