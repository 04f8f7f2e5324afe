//! Random histories against a simple model: a list of what was sent, never shortened.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const GATEWAYS: u8 = 2;

#[derive(Clone, Debug)]
enum Step {
    Open { client: u8, gateway: u8 },
    Receive { client: u8, skip: bool },
    KeepAlive { client: u8 },
    Send { client: u8, content: u8 },
    Close { client: u8 },
    GatewayClose { client: u8 },
    Poll { gateway: u8 },
    Wait { seconds: u64 },
    Upgrade,
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..4u8;
    let gateway = 0..GATEWAYS;
    prop_oneof![
        3 => (client.clone(), gateway.clone())
            .prop_map(|(client, gateway)| Step::Open { client, gateway }),
        4 => (client.clone(), prop::bool::weighted(0.1))
            .prop_map(|(client, skip)| Step::Receive { client, skip }),
        3 => client.clone().prop_map(|client| Step::KeepAlive { client }),
        6 => (client.clone(), any::<u8>())
            .prop_map(|(client, content)| Step::Send { client, content }),
        1 => client.clone().prop_map(|client| Step::Close { client }),
        1 => client.prop_map(|client| Step::GatewayClose { client }),
        3 => gateway.prop_map(|gateway| Step::Poll { gateway }),
        2 => (1..400u64).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Upgrade),
    ]
}

#[derive(Default)]
struct ModelClient {
    gateway: u8,
    received: u64,
    sent: u64,
}

/// A message as the model remembers it. Service messages only have a place.
struct Sent {
    client: u8,
    sequence_num: u64,
    at: u64,
    content: Option<Vec<u8>>,
}

struct Model {
    world: World,
    clients: BTreeMap<u8, ModelClient>,
    /// By gateway, from its number 0 on.
    queues: Vec<Vec<Sent>>,
}

impl Model {
    fn new() -> Self {
        Self {
            world: World::new(),
            clients: BTreeMap::new(),
            queues: (0..GATEWAYS).map(|_| Vec::new()).collect(),
        }
    }

    fn note(&mut self, id: u8, content: Option<Vec<u8>>) {
        let client = self.clients.get_mut(&id).unwrap();
        client.sent += 1;
        self.queues[usize::from(client.gateway)].push(Sent {
            client: id,
            sequence_num: client.sent,
            at: self.world.now,
            content,
        });
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Open {
                client: id,
                gateway,
            } => self.open(id, gateway),
            Step::Receive { client: id, skip } => self.receive(id, skip),
            Step::KeepAlive { client: id } => {
                let sequence_num = self.clients.get(&id).map_or(1, |c| c.received + 1);
                let result = self.world.keep_alive(key(id), sequence_num);
                assert_eq!(result.is_ok(), self.clients.contains_key(&id));
                if let Some(client) = self.clients.get_mut(&id) {
                    client.received += 1;
                }
            }
            Step::Send {
                client: id,
                content,
            } => {
                let now = self.world.now;
                let result = self.world.ws.send(&key(id), vec![content], now);
                assert_eq!(result.is_ok(), self.clients.contains_key(&id));
                if result.is_ok() {
                    self.note(id, Some(vec![content]));
                }
            }
            Step::Close { client: id } => {
                let now = self.world.now;
                let result = self.world.ws.close(&key(id), now);
                assert_eq!(result.is_ok(), self.clients.contains_key(&id));
                self.closed_with_message(id);
            }
            Step::GatewayClose { client: id } => {
                let via = self.clients.get(&id).map_or(0, |c| c.gateway);
                let now = self.world.now;
                let result = self.world.ws.gateway_closed(gateway(via), key(id), now);
                assert_eq!(result.is_ok(), self.clients.remove(&id).is_some());
            }
            Step::Poll { gateway } => self.check_queue(gateway),
            Step::Wait { seconds } => self.wait(seconds),
            Step::Upgrade => self.world.upgrade(),
        }
    }

    fn open(&mut self, id: u8, via: u8) {
        let result = self.world.open(key(id), gateway(via));
        assert_eq!(result.is_ok(), !self.clients.contains_key(&id));
        if result.is_ok() {
            let client = ModelClient {
                gateway: via,
                ..ModelClient::default()
            };
            self.clients.insert(id, client);
            self.note(id, None);
        }
    }

    fn receive(&mut self, id: u8, skip: bool) {
        let expected = self.clients.get(&id).map_or(1, |c| c.received + 1);
        let result = self
            .world
            .receive(key(id), expected + u64::from(skip), b"message");
        assert_eq!(result.is_ok(), self.clients.contains_key(&id) && !skip);
        match self.clients.get_mut(&id) {
            Some(client) if !skip => client.received += 1,
            _ => self.closed_with_message(id),
        }
    }

    fn closed_with_message(&mut self, id: u8) {
        if self.clients.contains_key(&id) {
            self.note(id, None);
            self.clients.remove(&id);
        }
    }

    /// Time passes; the timer fires when it is due. Who is acknowledged or closed, the events and queues tell.
    fn wait(&mut self, seconds: u64) {
        let end = self.world.now + seconds * SECOND;
        while self.world.ws.deadline() <= end {
            let acknowledges = !self.world.ws.awaiting_keep_alives;
            self.world.events();
            self.world.pass_deadline();
            if acknowledges {
                let mut ids: Vec<_> = self.clients.keys().copied().collect();
                ids.sort_by_key(|id| key(*id));
                ids.into_iter().for_each(|id| self.note(id, None));
            }
            for event in self.world.events() {
                let Event::Closed(closed) = event else {
                    panic!("a timer led to {event:?}");
                };
                let id = (0..4).find(|id| key(*id) == closed).unwrap();
                self.closed_with_message(id);
            }
            self.forget_deserted();
        }
        self.world.now = end;
    }

    /// Takes over from the canister which gateways it has forgotten: never one that has clients.
    fn forget_deserted(&mut self) {
        for id in 0..GATEWAYS {
            let forgotten = self.world.drain(gateway(id), 0).is_empty();
            if forgotten {
                assert!(self.clients.values().all(|client| client.gateway != id));
                self.queues[usize::from(id)].clear();
            }
        }
    }

    /// What is in a queue is what was sent, in order, up to the newest, and only what is old may be missing.
    fn check_queue(&mut self, id: u8) {
        let now = self.world.now;
        let found = self.world.drain(gateway(id), 0);
        let queue = &self.queues[usize::from(id)];
        let first = found.first().map_or(queue.len() as u64, nonce_of);
        for (nonce, sent) in queue.iter().enumerate() {
            let at = (nonce as u64).checked_sub(first);
            let Some(message) = at.map(|at| &found[usize::try_from(at).unwrap()]) else {
                assert!(sent.at + ACK_INTERVAL < now, "a young message is missing");
                continue;
            };
            assert_eq!(nonce_of(message), nonce as u64);
            assert_eq!(message.client_key, key(sent.client));
            let message = WebsocketMessage::from_cbor(&message.content).unwrap();
            assert_eq!(message.sequence_num, sent.sequence_num);
            assert_eq!(message.timestamp, sent.at);
            assert_eq!(message.is_service_message, sent.content.is_none());
            if let Some(content) = &sent.content {
                assert_eq!(&message.content, content);
            }
        }
        assert_eq!(first + found.len() as u64, queue.len() as u64);
    }
}

/// Two people with two connections each.
fn key(id: u8) -> ClientKey {
    client(id / 2, u64::from(id % 2))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_delivers_what_was_sent(steps in prop::collection::vec(step(), 1..120)) {
        let mut model = Model::new();
        for step in steps {
            model.apply(step);
        }
        for gateway in 0..GATEWAYS {
            model.check_queue(gateway);
        }
    }
}
