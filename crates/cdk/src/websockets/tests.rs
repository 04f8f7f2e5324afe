//! The state machine seen from outside: a small world of clients and gateways around it, under simulated time.

use candid::Principal;
use ic_stable_structures::{
    VectorMemory,
    memory_manager::{MemoryManager, VirtualMemory},
};
use ic_ws_protocol::{
    CanisterOutputMessage, CanisterWsOpenArguments, ClientKeepAliveMessageContent, ClientKey,
    CloseMessageReason, MessageKey, WebsocketMessage, WebsocketServiceMessageContent as Service,
    verify::verify_witness,
};

use super::{Event, Websockets};
use crate::{
    error::{MessageError, OpenError, SendError},
    params::{CloseReason, WsInitParams, WsLimits},
    queues::Page,
    recipient::Recipient,
    storage::Storage,
};

mod broadcasting;
mod early;
mod lifecycle;
mod limits;
mod queueing;
mod random;

const SECOND: u64 = 1_000_000_000;
const ACK_INTERVAL: u64 = 300 * SECOND;
const KEEP_ALIVE_TIMEOUT: u64 = 60 * SECOND;
const LATENCY_BOUND: u64 = 30 * SECOND;
const PAGE: usize = 4;

/// A principal that is nobody else's.
fn principal(n: u8) -> Principal {
    Principal::self_authenticating([n])
}

fn client(person: u8, nonce: u64) -> ClientKey {
    ClientKey {
        client_principal: principal(person),
        client_nonce: nonce,
    }
}

fn gateway(n: u8) -> Principal {
    principal(200 + n)
}

struct World {
    params: WsInitParams,
    memory: MemoryManager<VectorMemory>,
    ws: Websockets<VirtualMemory<VectorMemory>>,
    now: u64,
    certified: Vec<u8>,
}

impl World {
    fn new() -> Self {
        Self::with_limits(WsLimits::default())
    }

    fn with_limits(limits: WsLimits) -> Self {
        Self::with_params(WsInitParams::default().with_limits(limits))
    }

    fn with_params(params: WsInitParams) -> Self {
        let params = params.with_max_number_of_returned_messages(PAGE);
        // Small buckets: each takes its whole size at once.
        let memory = MemoryManager::init_with_bucket_size(VectorMemory::default(), 1);
        // A mark of both grids.
        let now = 1_700_000_100 * SECOND;
        let mut world = Self {
            ws: start(&params, &memory, now),
            params,
            memory,
            now,
            certified: Vec::new(),
        };
        world.certify();
        world
    }

    /// A new process over the same stable memory.
    fn upgrade(&mut self) {
        self.ws = start(&self.params, &self.memory, self.now);
        self.certify();
    }

    fn certify(&mut self) {
        if let Some(root_hash) = self.ws.poll_certified_data() {
            self.certified = root_hash.to_vec();
        }
    }

    fn events(&mut self) -> Vec<Event> {
        self.certify();
        let now = self.now;
        std::iter::from_fn(|| self.ws.poll_event(now, || true)).collect()
    }

    fn open(&mut self, key: ClientKey, gateway: Principal) -> Result<(), OpenError> {
        let args = CanisterWsOpenArguments {
            client_nonce: key.client_nonce,
            gateway_principal: gateway,
        };
        self.ws.open(key.client_principal, args, self.now)
    }

    fn opened(key: ClientKey, gateway: Principal) -> Self {
        Self::new().open_first(key, gateway)
    }

    fn open_first(self, key: ClientKey, gateway: Principal) -> Self {
        let mut world = self;
        world.open(key, gateway).unwrap();
        assert_eq!(world.events(), [Event::Opened(key)]);
        world
    }

    fn receive(
        &mut self,
        key: ClientKey,
        sequence_num: u64,
        content: &[u8],
    ) -> Result<(), MessageError> {
        self.receive_any(key, sequence_num, content.to_vec(), false)
    }

    fn receive_service(
        &mut self,
        key: ClientKey,
        sequence_num: u64,
        message: &Service,
    ) -> Result<(), MessageError> {
        let content = candid::encode_one(message).unwrap();
        self.receive_any(key, sequence_num, content, true)
    }

    fn keep_alive(&mut self, key: ClientKey, sequence_num: u64) -> Result<(), MessageError> {
        let message = Service::KeepAliveMessage(ClientKeepAliveMessageContent {
            last_incoming_sequence_num: 0,
        });
        self.receive_service(key, sequence_num, &message)
    }

    fn receive_any(
        &mut self,
        key: ClientKey,
        sequence_num: u64,
        content: Vec<u8>,
        is_service_message: bool,
    ) -> Result<(), MessageError> {
        let message = WebsocketMessage {
            client_key: key,
            sequence_num,
            timestamp: 0,
            is_service_message,
            content,
        };
        self.ws.receive(key.client_principal, message, self.now)
    }

    fn send(&mut self, to: impl Into<Recipient>, message: Vec<u8>) -> Result<(), SendError> {
        self.ws.send(to.into(), message, self.now, || true)
    }

    /// Lets the timer fire at its time, or now if that is past.
    fn pass_deadline(&mut self) {
        self.now = self.now.max(self.ws.deadline().unwrap());
        self.ws.on_deadline(self.now, || true);
    }

    /// One poll, with all that a client would verify of it verified.
    fn poll(&mut self, gateway: Principal, nonce: u64) -> Page {
        self.certify();
        let page = self.ws.messages(gateway, nonce).unwrap();
        for message in &page.messages {
            verify_witness(
                &page.witness,
                &self.certified,
                &message.key,
                &message.content,
            )
            .unwrap();
        }
        page
    }

    /// All messages of a queue from `nonce` on, in as many polls as it takes.
    fn drain(&mut self, gateway: Principal, mut nonce: u64) -> Vec<CanisterOutputMessage> {
        let mut messages = Vec::new();
        loop {
            let page = self.poll(gateway, nonce);
            messages.extend(page.messages);
            if page.is_end_of_queue {
                return messages;
            }
            nonce = nonce_of(messages.last().unwrap()) + 1;
        }
    }

    /// What one client finds in the queue of its gateway, with consecutive sequence numbers asserted.
    fn inbox(&mut self, key: ClientKey, gateway: Principal) -> Vec<Content> {
        let messages: Vec<_> = self
            .drain(gateway, 0)
            .into_iter()
            .filter(|message| message.client_key == key)
            .map(|message| WebsocketMessage::from_cbor(&message.content).unwrap())
            .collect();
        for pair in messages.windows(2) {
            assert_eq!(pair[0].sequence_num + 1, pair[1].sequence_num);
        }
        messages.into_iter().map(Content::of).collect()
    }
}

/// What a message to a client says.
#[derive(Clone, Debug, PartialEq)]
enum Content {
    Service(Service),
    Application(Vec<u8>),
}

impl Content {
    fn of(message: WebsocketMessage) -> Self {
        if message.is_service_message {
            Self::Service(candid::decode_one(&message.content).unwrap())
        } else {
            Self::Application(message.content)
        }
    }

    fn close(reason: CloseMessageReason) -> Self {
        Self::Service(Service::CloseMessage(
            ic_ws_protocol::CanisterCloseMessageContent { reason },
        ))
    }

    fn ack(last_incoming_sequence_num: u64) -> Self {
        Self::Service(Service::AckMessage(
            ic_ws_protocol::CanisterAckMessageContent {
                last_incoming_sequence_num,
            },
        ))
    }
}

fn start(
    params: &WsInitParams,
    memory: &MemoryManager<VectorMemory>,
    now: u64,
) -> Websockets<VirtualMemory<VectorMemory>> {
    Websockets::new(params.clone(), Storage::new(memory, 10), now).unwrap()
}

fn nonce_of(message: &CanisterOutputMessage) -> u64 {
    message.key.parse::<MessageKey>().unwrap().nonce
}
