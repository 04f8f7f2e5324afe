//! Whatever is encoded comes back, and no bytes at all make a decoder panic.

#![cfg(test)]

use candid::Principal;
use ic_certification::{AsHashTree, RbTree};
use ic_transport_types::{Envelope, EnvelopeContent};
use ic_ws_protocol::*;
use proptest::{collection::vec, prelude::*};
use std::borrow::Cow;

fn principal() -> impl Strategy<Value = Principal> {
    vec(any::<u8>(), 0..=29).prop_map(|bytes| Principal::from_slice(&bytes))
}

fn client_key() -> impl Strategy<Value = ClientKey> {
    (principal(), any::<u64>()).prop_map(|(client_principal, client_nonce)| ClientKey {
        client_principal,
        client_nonce,
    })
}

fn message() -> impl Strategy<Value = WebsocketMessage> {
    (
        client_key(),
        any::<u64>(),
        any::<u64>(),
        any::<bool>(),
        vec(any::<u8>(), 0..300),
    )
        .prop_map(
            |(client_key, sequence_num, timestamp, is_service_message, content)| WebsocketMessage {
                client_key,
                sequence_num,
                timestamp,
                is_service_message,
                content,
            },
        )
}

fn canister_frame() -> impl Strategy<Value = CanisterFrame> {
    let blob = || vec(any::<u8>(), 0..5000);
    (".{0,40}", blob(), blob(), blob()).prop_map(|(key, content, cert, tree)| CanisterFrame {
        key,
        content,
        cert,
        tree,
    })
}

fn envelope() -> impl Strategy<Value = Envelope<'static>> {
    (
        principal(),
        principal(),
        ".{0,20}",
        vec(any::<u8>(), 0..300),
        any::<u64>(),
    )
        .prop_map(
            |(sender, canister_id, method_name, arg, ingress_expiry)| Envelope {
                content: Cow::Owned(EnvelopeContent::Call {
                    nonce: Some(vec![7; 16]),
                    ingress_expiry,
                    sender,
                    canister_id,
                    method_name,
                    arg,
                    sender_info: None,
                }),
                sender_pubkey: Some(vec![1]),
                sender_sig: Some(vec![2]),
                sender_delegation: None,
            },
        )
}

/// Feeds `bytes` to every decoder that sees bytes from outside.
fn decode_all(bytes: &[u8]) {
    let _ = HandshakeFrame::decode(bytes);
    let _ = CanisterFrame::decode(bytes);
    let _ = ClientFrame::decode(bytes);
    let _ = GatewayFrame::decode(bytes);
    let _ = ReceiptFrame::decode(bytes);
    let _ = WebsocketMessage::from_cbor(bytes);
    let _ = decode_get_messages_reply(bytes);
    let _ = candid::decode_one::<WebsocketServiceMessageContent>(bytes);
    let _ = CertifiedState::verify(bytes, Principal::management_canister(), &[]);
    let _ = verify::verify_witness(bytes, &[], "", &[]);
}

proptest! {
    #[test]
    fn messages_round_trip(message in message()) {
        prop_assert_eq!(WebsocketMessage::from_cbor(&message.to_cbor().unwrap()).unwrap(), message.clone());
        let shared = SharedContent::new(&message.content, message.timestamp, message.is_service_message).unwrap();
        let own = SharedContent::own(&message.client_key, message.sequence_num).unwrap();
        prop_assert_eq!(WebsocketMessage::from_cbor(&[shared.as_bytes(), &own].concat()).unwrap(), message.clone());
        let candid = candid::encode_one(&message).unwrap();
        prop_assert_eq!(candid::decode_one::<WebsocketMessage>(&candid).unwrap(), message);
    }

    #[test]
    fn canister_frames_round_trip(frame in canister_frame()) {
        prop_assert_eq!(CanisterFrame::decode(&frame.encode().unwrap()).unwrap(), frame);
    }

    #[test]
    fn handshakes_round_trip(gateway_principal in principal()) {
        let frame = HandshakeFrame { gateway_principal };
        prop_assert_eq!(HandshakeFrame::decode(&frame.encode().unwrap()).unwrap(), frame);
    }

    #[test]
    fn client_frames_keep_the_envelope_to_the_byte(envelope in envelope()) {
        let bytes = envelope.encode_bytes();
        let frame = ClientFrame::decode(&ClientFrame::encode(&bytes)).unwrap();
        prop_assert_eq!(&frame.envelope_bytes, &bytes);
        prop_assert_eq!(frame.envelope.content.to_request_id(), envelope.content.to_request_id());
    }

    #[test]
    fn message_keys_round_trip_and_sort(gateway in principal(), a in any::<u64>(), b in any::<u64>()) {
        let [a, b] = [a, b].map(|nonce| MessageKey { gateway, nonce });
        prop_assert_eq!(a.to_string().parse(), Ok(a));
        prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
    }

    #[test]
    fn truncated_frames_are_errors(message in message(), frame in canister_frame(), envelope in envelope(), cut in any::<prop::sample::Index>()) {
        let cut_off = |bytes: Vec<u8>| bytes[..cut.index(bytes.len())].to_vec();
        prop_assert!(WebsocketMessage::from_cbor(&cut_off(message.to_cbor().unwrap())).is_err());
        prop_assert!(CanisterFrame::decode(&cut_off(frame.encode().unwrap())).is_err());
        prop_assert!(ClientFrame::decode(&cut_off(ClientFrame::encode(&envelope.encode_bytes()))).is_err());
    }

    #[test]
    fn bytes_after_the_end_are_errors(message in message(), rest in vec(any::<u8>(), 1..4)) {
        let bytes = [message.to_cbor().unwrap(), rest].concat();
        prop_assert!(WebsocketMessage::from_cbor(&bytes).is_err());
    }

    #[test]
    fn mutated_frames_never_panic(frame in canister_frame(), message in message(), envelope in envelope(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        for mut bytes in [frame.encode().unwrap(), message.to_cbor().unwrap(), ClientFrame::encode(&envelope.encode_bytes()), candid::encode_one(&message).unwrap()] {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            decode_all(&bytes);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        decode_all(&bytes);
        decode_all(&[&cbor::SELF_DESCRIBE_TAG, &bytes[..]].concat());
    }
}

#[test]
fn the_witness_of_a_large_tree_decodes() {
    let mut tree: RbTree<Vec<u8>, ic_certification::Hash> = RbTree::new();
    for n in 0..100_000u32 {
        tree.insert(n.to_be_bytes().to_vec(), [0; 32]);
    }
    let deepest = (0..100_000u32)
        .map(|n| cbor::to_vec(&tree.witness(&n.to_be_bytes())).unwrap())
        .max_by_key(Vec::len)
        .unwrap();
    assert_eq!(
        verify::verify_witness(&deepest, &tree.root_hash(), "", &[]),
        Err(VerifyError::KeyNotCertified(String::new()))
    );
}

#[test]
fn deep_nesting_is_an_error() {
    // A fork of a fork of a fork …, deeper than any real tree.
    let bytes = [0x83, 0x01].repeat(100_000);
    decode_all(&bytes);
    assert!(matches!(
        verify::verify_witness(&bytes, &[], "", &[]),
        Err(VerifyError::MalformedWitness(_))
    ));
}

#[test]
fn errors_say_what_was_wrong() {
    let message = WebsocketMessage {
        client_key: ClientKey {
            client_principal: Principal::anonymous(),
            client_nonce: 1,
        },
        sequence_num: 1,
        timestamp: 2,
        is_service_message: false,
        content: vec![],
    };
    let bytes = message.to_cbor().unwrap();
    let error = |bytes: &[u8]| WebsocketMessage::from_cbor(bytes).unwrap_err().to_string();

    assert_eq!(
        error(&bytes[..bytes.len() - 1]),
        "malformed CBOR: it is cut off"
    );
    assert_eq!(
        error(&[&bytes[..], &[0]].concat()),
        "malformed CBOR: not one item only"
    );
    assert_eq!(
        error(&[0x81].repeat(10)),
        "malformed CBOR: an item that begins with 0x81 is no map"
    );
    assert!(error(&[0xa0]).contains("missing field `client_key`"));
    let nested = [&[0xa1, 0x61, b'x'], &[0x81].repeat(1_000)[..]].concat();
    assert_eq!(error(&nested), "malformed CBOR: it is nested too deeply");
    let fields = &bytes[cbor::SELF_DESCRIBE_TAG.len() + 1..];
    let twice = [&[0xaa], fields, fields].concat();
    assert!(error(&twice).contains("duplicate field `client_key`"));
}
