//! What a client sees of the world: a network that certifies, a canister with one connection, a gateway.

use std::time::Duration;

use candid::{Decode, Principal};
use ic_certification::{
    Certificate, HashTree, Label,
    hash_tree::{fork, label, leaf, pruned},
};
use ic_transport_types::{EnvelopeContent, RequestId};
use ic_verify_bls_signature::PrivateKey;
use ic_ws_client::{
    Config, Reconnect,
    core::{NetworkTime, Session, SessionEvent},
};
use ic_ws_protocol::{
    CanisterAckMessageContent, CanisterCloseMessageContent, CanisterFrame,
    CanisterOpenMessageContent, CanisterWsMessageArguments, CanisterWsOpenArguments, ClientKey,
    CloseMessageReason, HandshakeFrame, MessageKey, Receipt, ReceiptFrame, Rejection,
    WebsocketMessage, WebsocketServiceMessageContent as ServiceMessage, cbor,
};
use proptest::test_runner::Config as ProptestConfig;
use sha2::{Digest, Sha256};

pub const SECOND: u64 = 1_000_000_000;
/// When all tests begin.
pub const START: u64 = 1_700_000_000 * SECOND;
pub const NONCE: u64 = 0x0123_4567_89ab_cdef;

const BLS_DER_PREFIX: &[u8; 37] = b"\x30\x81\x82\x30\x1d\x06\x0d\x2b\x06\x01\x04\x01\x82\xdc\x7c\x05\x03\x01\x02\x01\x06\x0c\x2b\x06\x01\x04\x01\x82\xdc\x7c\x05\x03\x02\x01\x03\x61\x00";

pub fn canister_id() -> Principal {
    Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 7, 1, 1])
}

pub fn gateway_id() -> Principal {
    Principal::self_authenticating([b'g'; 32])
}

pub fn client_id() -> Principal {
    Principal::self_authenticating([b'c'; 32])
}

/// One gateway, and one connection.
pub fn config() -> Config {
    Config {
        ack_interval: Duration::from_secs(120),
        reconnect: Reconnect {
            give_up_after: Some(Duration::ZERO),
            ..Reconnect::default()
        },
        ..Config::new(["ws://gateway"], canister_id(), Network::new(1).root_key())
    }
}

/// Two gateways, and as many connections as it takes.
pub fn persistent_config() -> Config {
    Config {
        gateways: vec!["ws://one".into(), "ws://two".into()],
        reconnect: Reconnect::default(),
        ..config()
    }
}

/// How many times a property is tested; less often in a browser, where certificates take many times as long.
pub fn cases(count: u32) -> ProptestConfig {
    let slow = cfg!(target_family = "wasm");
    ProptestConfig::with_cases(if slow { count.div_ceil(16) } else { count })
}

/// Signs certificates.
pub struct Network(PrivateKey);

impl Network {
    pub fn new(seed: u8) -> Self {
        Self(PrivateKey::deserialize(&[seed; 32]).unwrap())
    }

    pub fn root_key(&self) -> Vec<u8> {
        [&BLS_DER_PREFIX[..], &self.0.public_key().serialize()].concat()
    }

    /// The certificate of a canister's certified data.
    fn certify_data(&self, canister: Principal, data: &[u8], now: u64) -> Vec<u8> {
        let data = node(b"certified_data", leaf(data.to_vec()));
        self.certify(node(b"canister", node(canister.as_slice(), data)), now)
    }

    /// The certificate of what a canister replied to a call.
    pub fn certify_reply(&self, id: &RequestId, reply: &Result<(), String>, now: u64) -> Vec<u8> {
        let reply = candid::encode_one(reply).unwrap();
        let status = fork(
            node(b"reply", leaf(reply)),
            node(b"status", leaf(b"replied".to_vec())),
        );
        self.certify(node(b"request_status", node(id.as_slice(), status)), now)
    }

    /// The certificate of the time.
    pub fn certify_time(&self, now: u64) -> Vec<u8> {
        self.certify(pruned([7; 32]), now)
    }

    fn certify(&self, state: HashTree, now: u64) -> Vec<u8> {
        let mut time = Vec::new();
        let mut rest = now;
        while rest > 0x7f {
            time.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        time.push(rest as u8);
        let tree = fork(state, node(b"time", leaf(time)));
        let message = [&b"\x0dic-state-root"[..], &tree.digest()].concat();
        let certificate = Certificate {
            signature: self.0.sign(&message).serialize().to_vec(),
            tree,
            delegation: None,
        };
        cbor::to_vec(&certificate).unwrap()
    }
}

fn node(name: &[u8], tree: HashTree) -> HashTree {
    label(Label::from_bytes(name), tree)
}

/// A canister with one connection, and the gateway between.
pub struct Peer {
    pub network: Network,
    pub client_key: ClientKey,
    /// The sequence number of the last message sent.
    pub sent: u64,
    /// The sequence number of the last message received.
    pub received: u64,
}

/// What the canister understood of a call.
#[derive(Debug, PartialEq)]
pub enum Received {
    Open,
    Message(Vec<u8>),
    KeepAlive { last_received: u64 },
}

impl Peer {
    pub fn new(client_key: ClientKey) -> Self {
        Self {
            network: Network::new(1),
            client_key,
            sent: 0,
            received: 0,
        }
    }

    pub fn handshake(&self) -> Vec<u8> {
        let handshake = HandshakeFrame {
            gateway_principal: gateway_id(),
        };
        handshake.encode().unwrap()
    }

    /// Checks `call` as network and canister would.
    pub fn receive(&mut self, call: &EnvelopeContent, now: u64) -> Received {
        let EnvelopeContent::Call {
            nonce: Some(_),
            ingress_expiry,
            sender,
            canister_id: callee,
            method_name,
            arg,
            ..
        } = call
        else {
            panic!("not a call with a nonce: {call:?}");
        };
        assert!((now..now + 300 * SECOND).contains(ingress_expiry));
        assert_eq!(*sender, self.client_key.client_principal);
        assert_eq!(*callee, canister_id());
        match method_name.as_str() {
            "ws_open" => {
                let arguments = Decode!(arg, CanisterWsOpenArguments).unwrap();
                assert_eq!(arguments.gateway_principal, gateway_id());
                self.client_key.client_nonce = arguments.client_nonce;
                Received::Open
            }
            "ws_message" => {
                // A real canister has its own application message type in the second place.
                let (arguments, none) =
                    Decode!(arg, CanisterWsMessageArguments, Option<u64>).unwrap();
                assert_eq!(none, None);
                self.receive_message(arguments.msg, now)
            }
            other => panic!("unknown method {other}"),
        }
    }

    fn receive_message(&mut self, message: WebsocketMessage, now: u64) -> Received {
        self.received += 1;
        assert_eq!(message.client_key, self.client_key);
        assert_eq!(message.sequence_num, self.received);
        assert_eq!(message.timestamp, now);
        if !message.is_service_message {
            return Received::Message(message.content);
        }
        match Decode!(&message.content, ServiceMessage).unwrap() {
            ServiceMessage::KeepAliveMessage(keep_alive) => Received::KeepAlive {
                last_received: keep_alive.last_incoming_sequence_num,
            },
            other => panic!("a client may not send {other:?}"),
        }
    }

    /// The canister's next message, as it comes out of the gateway.
    pub fn message(&mut self, content: &[u8], now: u64) -> CanisterFrame {
        self.sent += 1;
        self.certify(&self.next(content, false, now), now)
    }

    pub fn text(&mut self, text: &str, now: u64) -> Vec<u8> {
        let content = candid::encode_one(text).unwrap();
        self.message(&content, now).encode().unwrap()
    }

    pub fn service(&mut self, message: &ServiceMessage, now: u64) -> Vec<u8> {
        let content = candid::encode_one(message).unwrap();
        self.sent += 1;
        let message = self.next(&content, true, now);
        self.certify(&message, now).encode().unwrap()
    }

    pub fn open(&mut self, now: u64) -> Vec<u8> {
        let client_key = self.client_key;
        let open = CanisterOpenMessageContent { client_key };
        self.service(&ServiceMessage::OpenMessage(open), now)
    }

    /// The receipt for `call`, as it comes out of the gateway.
    pub fn receipt(&self, call: &EnvelopeContent, reply: &Result<(), String>, now: u64) -> Vec<u8> {
        let request_id = call.to_request_id();
        let certificate = self.network.certify_reply(&request_id, reply, now);
        let receipt = Receipt::Certificate(certificate);
        let frame = ReceiptFrame {
            request_id,
            receipt,
        };
        frame.encode().unwrap()
    }

    /// The network's refusal of `call`, as it comes out of the gateway.
    pub fn rejection(&self, call: &EnvelopeContent, message: &str) -> Vec<u8> {
        let rejection = Rejection {
            code: 4,
            message: message.into(),
        };
        let frame = ReceiptFrame {
            request_id: call.to_request_id(),
            receipt: Receipt::Rejection(rejection),
        };
        frame.encode().unwrap()
    }

    pub fn ack(&mut self, last_incoming_sequence_num: u64, now: u64) -> Vec<u8> {
        let ack = CanisterAckMessageContent {
            last_incoming_sequence_num,
        };
        self.service(&ServiceMessage::AckMessage(ack), now)
    }

    pub fn close(&mut self, reason: CloseMessageReason, now: u64) -> Vec<u8> {
        let close = CanisterCloseMessageContent { reason };
        self.service(&ServiceMessage::CloseMessage(close), now)
    }

    fn next(&self, content: &[u8], is_service_message: bool, now: u64) -> WebsocketMessage {
        WebsocketMessage {
            client_key: self.client_key,
            sequence_num: self.sent,
            timestamp: now,
            is_service_message,
            content: content.to_vec(),
        }
    }

    /// `message`, certified. The witness is pruned to the one key, as a gateway does it.
    pub fn certify(&self, message: &WebsocketMessage, now: u64) -> CanisterFrame {
        let content = message.to_cbor().unwrap();
        let key = MessageKey {
            gateway: gateway_id(),
            nonce: message.sequence_num,
        }
        .to_string();
        let tree = node(
            b"websocket",
            fork(
                pruned([3; 32]),
                node(key.as_bytes(), leaf(Sha256::digest(&content).to_vec())),
            ),
        );
        CanisterFrame {
            key,
            content,
            cert: self
                .network
                .certify_data(canister_id(), &tree.digest(), now),
            tree: cbor::to_vec(&tree).unwrap(),
        }
    }
}

/// A session that has just begun.
pub fn begin_session(config: Config, has_receipts: bool) -> (Session, Peer) {
    let client_key = ClientKey {
        client_principal: client_id(),
        client_nonce: NONCE,
    };
    let time = NetworkTime::default();
    let session = Session::new(config, client_key, has_receipts, time, START);
    (session, Peer::new(client_key))
}

/// A session that has just begun, and its peer.
pub fn new_session() -> (Session, Peer) {
    begin_session(config(), false)
}

/// A session that is open, and its peer.
pub fn open_session() -> (Session, Peer) {
    open(new_session())
}

/// A session that is open, and its peer, where the gateway gives receipts.
pub fn open_session_with_receipts() -> (Session, Peer) {
    open(begin_session(config(), true))
}

fn open((mut session, mut peer): (Session, Peer)) -> (Session, Peer) {
    assert_eq!(session.handle_frame(&peer.handshake(), START), None);
    let call = session.poll_call(START).unwrap().unwrap();
    assert_eq!(peer.receive(&call, START), Received::Open);
    let opened = SessionEvent::Opened {
        client_key: peer.client_key,
        gateway: gateway_id(),
    };
    assert_eq!(session.handle_frame(&peer.open(START), START), Some(opened));
    (session, peer)
}
