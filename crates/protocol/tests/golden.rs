//! Byte vectors of every frame and Candid type, made with independent encoders: the published JavaScript
//! agent (Candid, the client's frame) and a general CBOR library (the rest).

#![cfg(test)]

use candid::{Principal, encode_args};
use ic_transport_types::{EnvelopeContent, RequestId};
use ic_ws_protocol::*;

const WS_OPEN: &str = "4449444c016c02f3eec6b40268bbd1eacd0e780100011d4f25090b84def6e79414d2f2c705d377563ee1fea61076f5f39d6903021032547698badcfe";
const WS_MESSAGE: &str = "4449444c056d7b6c02fa80a2940568bbd1eacd0e786c0588ecfba70178b99adecb0100ebb49ce90301d6a9bbae0a78e8f5c3be0a7e6c01c1b4cc02026e7f020304070000000000000003010203011d3917aaaaa61d81deb93ef1c27ec647f126fb932894b7caa9df286193021032547698badcfe00002a36fe9c97170000";
const REPLY: &str = "4449444c066d7b6c02fa80a2940568bbd1eacd0e786c039f93c60271b99adecb0100ebb49ce903016d026c04ccb1f7a70303e4cdf48d0400deb28ee80400829c8df40d7e6b02bc8a0104c5fed2017101050001016b0109011d3917aaaaa61d81deb93ef1c27ec647f126fb932894b7caa9df286193021032547698badcfe0101010200";
const REPLY_OF_OLD_CANISTER: &str = "4449444c066d7b6c02fa80a2940568bbd1eacd0e786c039f93c60271b99adecb0100ebb49ce903016d026c03ccb1f7a70303e4cdf48d0400deb28ee804006b02bc8a0104c5fed201710105000001010102";
const SERVICE_TYPES: &str = "4449444c066c02fa80a2940568bbd1eacd0e786c01ebb49ce903006c01d888abb90a786b04cdc2dabb047fc9c68ea0057fd7aba29c0a7f999dafab0d7f6c01c49ff4e40f036b04fdbd95cc0101bfd397b409028ff2d1ef0a049eb7f0ad0b020105";
const HANDSHAKE: &str = "d9d9f7a171676174657761795f7072696e636970616c581d4f25090b84def6e79414d2f2c705d377563ee1fea61076f5f39d690302";
const MESSAGE: &str = "d9d9f7a56a636c69656e745f6b6579a270636c69656e745f7072696e636970616c581d3917aaaaa61d81deb93ef1c27ec647f126fb932894b7caa9df286193026c636c69656e745f6e6f6e63651bfedcba98765432106c73657175656e63655f6e756d076974696d657374616d701b17979cfe362a00007269735f736572766963655f6d657373616765f567636f6e74656e7443010203";
const CANISTER_FRAME: &str = "d9d9f7a4636b6579766b5f303030303030303030303030303030303030303767636f6e74656e7441016463657274410264747265654103";
const CLIENT_FRAME: &str = "d9d9f7a168656e76656c6f7065a367636f6e74656e74a763617267583c4449444c016c02f3eec6b40268bbd1eacd0e780100011d4f25090b84def6e79414d2f2c705d377563ee1fea61076f5f39d6903021032547698badcfe6b63616e69737465725f69644a000000000000000101016e696e67726573735f6578706972791b17979d36174760006b6d6574686f645f6e616d656777735f6f70656e656e6f6e636550000102030405060708090a0b0c0d0e0f6c726571756573745f747970656463616c6c6673656e646572581d3917aaaaa61d81deb93ef1c27ec647f126fb932894b7caa9df286193026d73656e6465725f7075626b6579420a0b6a73656e6465725f736967420c0d";
const RECEIPT: &str = "d9d9f7a26a726571756573745f6964582046bc3916fd12f51bfe5397ec86209fd5ab2ea4745157aca992110d419ae712c66b6365727469666963617465420102";
const RECEIPT_OF_REJECTION: &str = "d9d9f7a26a726571756573745f6964582046bc3916fd12f51bfe5397ec86209fd5ab2ea4745157aca992110d419ae712c66972656a656374696f6ea264636f646502676d6573736167656462757379";
const REQUEST_ID: &str = "46bc3916fd12f51bfe5397ec86209fd5ab2ea4745157aca992110d419ae712c6";

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).unwrap()
}

fn gateway() -> Principal {
    Principal::self_authenticating([4, 5, 6])
}

fn client_key() -> ClientKey {
    ClientKey {
        client_principal: Principal::self_authenticating([1, 2, 3]),
        client_nonce: 0xfedc_ba98_7654_3210,
    }
}

fn message(is_service_message: bool) -> WebsocketMessage {
    WebsocketMessage {
        client_key: client_key(),
        sequence_num: 7,
        timestamp: 1_700_000_000_000_000_000,
        is_service_message,
        content: vec![1, 2, 3],
    }
}

#[test]
fn arguments_of_ws_open() {
    let arguments = CanisterWsOpenArguments {
        client_nonce: client_key().client_nonce,
        gateway_principal: gateway(),
    };
    assert_eq!(candid::encode_one(&arguments).unwrap(), bytes(WS_OPEN));
    assert_eq!(
        candid::decode_one::<CanisterWsOpenArguments>(&bytes(WS_OPEN)).unwrap(),
        arguments
    );
}

#[test]
fn arguments_of_ws_message() {
    let arguments = CanisterWsMessageArguments {
        msg: message(false),
    };
    let (decoded, application_type): (CanisterWsMessageArguments, Option<()>) =
        candid::decode_args(&bytes(WS_MESSAGE)).unwrap();
    assert_eq!((decoded, application_type), (arguments.clone(), None));

    // Encoders may number the types of a Candid message as they like; the published client must only
    // be able to read ours.
    let ours = encode_args((&arguments, None::<()>)).unwrap();
    let (decoded, _): (CanisterWsMessageArguments, Option<()>) =
        candid::decode_args(&ours).unwrap();
    assert_eq!(decoded, arguments);
}

#[test]
fn service_messages() {
    use WebsocketServiceMessageContent::*;
    let vectors = [
        (
            OpenMessage(CanisterOpenMessageContent {
                client_key: client_key(),
            }),
            "00011d3917aaaaa61d81deb93ef1c27ec647f126fb932894b7caa9df286193021032547698badcfe",
        ),
        (
            AckMessage(CanisterAckMessageContent {
                last_incoming_sequence_num: 5,
            }),
            "030500000000000000",
        ),
        (
            KeepAliveMessage(ClientKeepAliveMessageContent {
                last_incoming_sequence_num: 6,
            }),
            "010600000000000000",
        ),
        (
            CloseMessage(CanisterCloseMessageContent {
                reason: CloseMessageReason::KeepAliveTimeout,
            }),
            "0203",
        ),
    ];
    for (content, value) in vectors {
        let golden = bytes(&format!("{SERVICE_TYPES}{value}"));
        assert_eq!(
            candid::decode_one::<WebsocketServiceMessageContent>(&golden).unwrap(),
            content
        );
        let ours = candid::encode_one(&content).unwrap();
        assert_eq!(
            candid::decode_one::<WebsocketServiceMessageContent>(&ours).unwrap(),
            content
        );
    }
}

#[test]
fn close_reasons_are_the_published_ones() {
    use CloseMessageReason::*;
    for (number, reason) in [
        (0, ClosedByApplication),
        (1, InvalidServiceMessage),
        (2, WrongSequenceNumber),
        (3, KeepAliveTimeout),
    ] {
        let golden = bytes(&format!("{SERVICE_TYPES}02{number:02x}"));
        assert_eq!(
            candid::decode_one::<WebsocketServiceMessageContent>(&golden).unwrap(),
            WebsocketServiceMessageContent::CloseMessage(CanisterCloseMessageContent { reason })
        );
    }
}

#[test]
fn reply_of_ws_get_messages() {
    let expected = CanisterOutputCertifiedMessages {
        messages: vec![CanisterOutputMessage {
            client_key: client_key(),
            key: "k".to_owned(),
            content: vec![9],
        }],
        cert: vec![1],
        tree: vec![2],
        is_end_of_queue: false,
    };
    assert_eq!(
        decode_get_messages_reply(&bytes(REPLY)).unwrap(),
        Ok(expected.clone())
    );
    let ours = candid::encode_one(CanisterWsGetMessagesResult::Ok(expected.clone())).unwrap();
    assert_eq!(decode_get_messages_reply(&ours).unwrap(), Ok(expected));
}

#[test]
fn old_canisters_do_not_say_whether_the_queue_ends() {
    let reply = decode_get_messages_reply(&bytes(REPLY_OF_OLD_CANISTER))
        .unwrap()
        .unwrap();
    assert!(reply.is_end_of_queue);
}

#[test]
fn handshake_frame() {
    let frame = HandshakeFrame {
        gateway_principal: gateway(),
    };
    assert_eq!(frame.encode().unwrap(), bytes(HANDSHAKE));
    assert_eq!(HandshakeFrame::decode(&bytes(HANDSHAKE)).unwrap(), frame);
    assert_eq!(
        HandshakeFrame::decode(&bytes(HANDSHAKE)[3..]).unwrap(),
        frame
    );
}

#[test]
fn certified_content() {
    assert_eq!(message(true).to_cbor().unwrap(), bytes(MESSAGE));
    assert_eq!(
        WebsocketMessage::from_cbor(&bytes(MESSAGE)).unwrap(),
        message(true)
    );
    assert_eq!(
        WebsocketMessage::from_cbor(&bytes(MESSAGE)[3..]).unwrap(),
        message(true)
    );
}

#[test]
fn canister_frame() {
    let frame = CanisterFrame {
        key: "k_00000000000000000007".to_owned(),
        content: vec![1],
        cert: vec![2],
        tree: vec![3],
    };
    assert_eq!(frame.encode().unwrap(), bytes(CANISTER_FRAME));
    assert_eq!(
        CanisterFrame::decode(&bytes(CANISTER_FRAME)).unwrap(),
        frame
    );
    assert_eq!(
        CanisterFrame::decode(&bytes(CANISTER_FRAME)[3..]).unwrap(),
        frame
    );
}

#[test]
fn client_frame() {
    let golden = bytes(CLIENT_FRAME);
    for frame in [&golden[..], &golden[3..]] {
        let decoded = ClientFrame::decode(frame).unwrap();
        let EnvelopeContent::Call {
            method_name,
            arg,
            sender,
            ..
        } = decoded.envelope.content.as_ref()
        else {
            panic!("not a call");
        };
        assert_eq!(method_name, "ws_open");
        assert_eq!(*sender, client_key().client_principal);
        assert_eq!(*arg, bytes(WS_OPEN));
        assert_eq!(
            hex::encode(decoded.envelope.content.to_request_id().as_slice()),
            REQUEST_ID
        );
        assert_eq!(ClientFrame::encode(&decoded.envelope_bytes), golden);
        assert!(decoded.envelope_bytes.starts_with(&cbor::SELF_DESCRIBE_TAG));
    }
}

#[test]
fn message_keys() {
    let key = MessageKey {
        gateway: gateway(),
        nonce: 7,
    };
    let text = format!("{}_00000000000000000007", gateway());
    assert_eq!(key.to_string(), text);
    assert_eq!(text.parse(), Ok(key));
    for malformed in [
        "",
        "_",
        "aaaaa-aa",
        "aaaaa-aa_7",
        "aaaaa-aa_+0000000000000000007",
        "x_00000000000000000007",
    ] {
        assert!(malformed.parse::<MessageKey>().is_err(), "{malformed}");
    }
    assert!(
        format!("{}_99999999999999999999", gateway())
            .parse::<MessageKey>()
            .is_err()
    );
}

#[test]
fn a_reply_that_asks_for_endless_work_is_an_error() {
    #[derive(candid::CandidType)]
    struct Reply {
        messages: Vec<CanisterOutputMessage>,
        cert: Vec<u8>,
        tree: Vec<u8>,
        is_end_of_queue: bool,
        // Unknown to the decoder, and last in the encoding.
        unknown: Vec<()>,
    }
    let reply = Reply {
        messages: vec![],
        cert: vec![],
        tree: vec![],
        is_end_of_queue: true,
        unknown: vec![],
    };
    let mut reply = candid::encode_one(Ok::<_, String>(reply)).unwrap();
    assert!(decode_get_messages_reply(&reply).is_ok());
    assert_eq!(reply.pop(), Some(0));
    leb128::write::unsigned(&mut reply, 1 << 40).unwrap();
    assert!(decode_get_messages_reply(&reply).is_err());
}

#[test]
fn receipt_frames() {
    let request_id: RequestId = REQUEST_ID.parse().unwrap();
    let rejection = Rejection {
        code: 2,
        message: "busy".to_owned(),
    };
    for (receipt, golden) in [
        (Receipt::Certificate(vec![1, 2]), RECEIPT),
        (Receipt::Rejection(rejection), RECEIPT_OF_REJECTION),
    ] {
        let frame = ReceiptFrame {
            request_id,
            receipt,
        };
        assert_eq!(frame.clone().encode().unwrap(), bytes(golden));
        assert_eq!(ReceiptFrame::decode(&bytes(golden)[3..]).unwrap(), frame);
        assert_eq!(
            GatewayFrame::decode(&bytes(golden)).unwrap(),
            GatewayFrame::Receipt(frame)
        );
    }
    assert!(matches!(
        GatewayFrame::decode(&bytes(CANISTER_FRAME)),
        Ok(GatewayFrame::Message(_))
    ));
    // A map with the call's id alone.
    let neither = [&[0xa1], &bytes(RECEIPT)[4..49]].concat();
    assert!(ReceiptFrame::decode(&neither).is_err());
}
