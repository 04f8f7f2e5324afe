//! Random histories against a simple model: for each connection, what was sent either way.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use proptest::prelude::*;

use super::*;

const CLIENTS: u8 = 4;
const GATEWAYS: u8 = 2;

#[derive(Clone, Debug)]
enum Step {
    Open { client: u8, gateway: u8 },
    Receive { client: u8, sequence_num: u64 },
    KeepAlive { client: u8 },
    Send { client: u8, content: u8 },
    Broadcast { content: u8, at_once: usize },
    Close { client: u8 },
    GatewayClose { client: u8 },
    Wait { seconds: u64 },
    Upgrade,
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    prop_oneof![
        3 => (client.clone(), 0..GATEWAYS)
            .prop_map(|(client, gateway)| Step::Open { client, gateway }),
        6 => (client.clone(), 0..4u64)
            .prop_map(|(client, sequence_num)| Step::Receive { client, sequence_num }),
        3 => client.clone().prop_map(|client| Step::KeepAlive { client }),
        5 => (client.clone(), any::<u8>())
            .prop_map(|(client, content)| Step::Send { client, content }),
        2 => (any::<u8>(), 0..4usize)
            .prop_map(|(content, at_once)| Step::Broadcast { content, at_once }),
        1 => client.clone().prop_map(|client| Step::Close { client }),
        1 => client.prop_map(|client| Step::GatewayClose { client }),
        2 => (1..100u64).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Upgrade),
    ]
}

struct Connection {
    gateway: u8,
    /// What the canister has received in order, and what waits.
    received: u64,
    early: BTreeSet<u64>,
    gap_since: Option<u64>,
    acked_at: u64,
    kept_alive_at: u64,
    /// What the application has sent and the client has not got yet.
    under_way: Vec<u8>,
    last_sequence_num: u64,
    has_close_message: bool,
}

struct Model {
    world: World,
    connections: BTreeMap<u8, Connection>,
    /// What each gateway polls from next.
    nonces: [u64; GATEWAYS as usize],
    /// Before this, the canister may not have listened.
    started: u64,
}

impl Model {
    fn new() -> Self {
        let world = World::new();
        Self {
            started: world.now,
            world,
            connections: BTreeMap::new(),
            nonces: Default::default(),
        }
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Open { client, gateway } => self.open(client, gateway),
            Step::Receive {
                client,
                sequence_num,
            } => self.receive(client, sequence_num),
            Step::KeepAlive { client } => self.keep_alive(client),
            Step::Send { client, content } => self.send(client, content),
            Step::Broadcast { content, at_once } => self.broadcast(content, at_once),
            Step::Close { client } => {
                let result = self.world.ws.close(key(client).into(), self.world.now);
                assert_eq!(result.is_ok(), self.connections.contains_key(&client));
            }
            Step::GatewayClose { client } => {
                let via = self.connections.get(&client).map_or(0, |c| c.gateway);
                let now = self.world.now;
                let result = self.world.ws.gateway_closed(gateway(via), key(client), now);
                assert_eq!(result.is_ok(), self.connections.contains_key(&client));
            }
            Step::Wait { seconds } => self.wait(seconds),
            Step::Upgrade => {
                self.started = self.world.now;
                self.world.upgrade();
            }
        }
        self.settle();
    }

    fn open(&mut self, id: u8, via: u8) {
        let result = self.world.open(key(id), gateway(via));
        assert_eq!(result.is_ok(), !self.connections.contains_key(&id));
        if result.is_ok() {
            assert_eq!(self.world.events(), [Event::Opened(key(id))]);
            let connection = Connection {
                gateway: via,
                received: 0,
                early: BTreeSet::new(),
                gap_since: None,
                acked_at: self.world.now,
                kept_alive_at: self.world.now,
                under_way: Vec::new(),
                last_sequence_num: 0,
                has_close_message: false,
            };
            self.connections.insert(id, connection);
        }
    }

    /// Whatever the order, the application gets each message once, in order.
    fn receive(&mut self, id: u8, ahead: u64) {
        let received = self.connections.get(&id).map_or(0, |c| c.received);
        let sequence_num = received + ahead;
        let result = self
            .world
            .receive(key(id), sequence_num, &[sequence_num as u8]);
        let Some(connection) = self.connections.get_mut(&id) else {
            return assert!(result.is_err());
        };
        result.unwrap();
        if sequence_num > received {
            connection.early.insert(sequence_num);
        }
        while connection.early.remove(&(connection.received + 1)) {
            connection.received += 1;
        }
        if connection.early.is_empty() {
            connection.gap_since = None;
        } else if connection.received > received || connection.gap_since.is_none() {
            connection.gap_since = Some(self.world.now);
        }
        let expected = (received + 1..=connection.received).map(|sequence_num| Event::Message {
            client_key: key(id),
            content: vec![sequence_num as u8],
        });
        assert_eq!(self.world.events(), Vec::from_iter(expected));
    }

    fn keep_alive(&mut self, id: u8) {
        // A client answers in order, and this one is not at it yet.
        if self
            .connections
            .get(&id)
            .is_some_and(|c| !c.early.is_empty())
        {
            return;
        }
        let sequence_num = self.connections.get(&id).map_or(1, |c| c.received + 1);
        let result = self.world.keep_alive(key(id), sequence_num);
        assert_eq!(result.is_ok(), self.connections.contains_key(&id));
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.received += 1;
            connection.kept_alive_at = self.world.now;
        }
    }

    fn send(&mut self, id: u8, content: u8) {
        let result = self.world.send(key(id), vec![content]);
        assert_eq!(result.is_ok(), self.connections.contains_key(&id));
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.under_way.push(content);
        }
    }

    /// To everyone, by their principals; `at_once` of them in the same call.
    fn broadcast(&mut self, content: u8, at_once: usize) {
        let principals = (0..CLIENTS).map(|id| Recipient::from(key(id).client_principal));
        let left = Cell::new(at_once);
        let may_go_on = || left.replace(left.get().saturating_sub(1)) > 0;
        let (now, ws) = (self.world.now, &mut self.world.ws);
        ws.broadcast(principals, vec![content], now, may_go_on)
            .unwrap();
        for connection in self.connections.values_mut() {
            connection.under_way.push(content);
        }
    }

    /// Time passes; the timer fires when it is due.
    fn wait(&mut self, seconds: u64) {
        let end = self.world.now + seconds * SECOND;
        while self.world.ws.deadline().is_some_and(|at| at <= end) {
            self.world.pass_deadline();
            self.settle();
        }
        self.world.now = end;
        for connection in self.connections.values() {
            let spared = |since: u64| since.max(self.started);
            assert!(end - connection.acked_at <= ACK_INTERVAL);
            let is_silent = connection.kept_alive_at < connection.acked_at;
            let has_timed_out = end - connection.acked_at > KEEP_ALIVE_TIMEOUT;
            assert!(!is_silent || !has_timed_out || connection.acked_at <= self.started);
            let gap = connection.gap_since.map_or(0, |since| end - spared(since));
            assert!(gap <= LATENCY_BOUND);
        }
    }

    /// The gateways fetch what there is, the clients check it, and what was closed is closed.
    fn settle(&mut self) {
        for via in 0..GATEWAYS {
            self.fetch(via);
        }
        for event in self.world.events() {
            let Event::Closed(closed, reason) = event else {
                panic!("{event:?} was not expected");
            };
            let id = (0..CLIENTS).find(|id| key(*id) == closed).unwrap();
            let connection = self.connections.remove(&id).unwrap();
            self.check_close(&connection, reason);
        }
    }

    fn fetch(&mut self, via: u8) {
        let nonce = &mut self.nonces[usize::from(via)];
        if !self.world.ws.queues.knows(gateway(via)) {
            assert!(self.connections.values().all(|c| c.gateway != via));
            *nonce = 0;
        }
        for message in self.world.drain(gateway(via), *nonce) {
            assert_eq!(nonce_of(&message), *nonce, "nothing is left out");
            *nonce += 1;
            let id = (0..CLIENTS).find(|id| key(*id) == message.client_key);
            let connection = self.connections.get_mut(&id.unwrap()).unwrap();
            let message = WebsocketMessage::from_cbor(&message.content).unwrap();
            connection.check_message(message);
        }
    }

    fn check_close(&self, connection: &Connection, reason: CloseReason) {
        let now = self.world.now;
        assert_eq!(connection.has_close_message, reason.for_client().is_some());
        if connection.has_close_message {
            assert!(
                connection.under_way.is_empty(),
                "what was sent before comes before"
            );
        }
        match reason {
            CloseReason::KeepAliveTimeout => {
                assert!(connection.kept_alive_at < connection.acked_at);
                assert!(now - connection.acked_at >= KEEP_ALIVE_TIMEOUT);
            }
            CloseReason::MissingMessage => {
                assert!(
                    connection
                        .gap_since
                        .is_some_and(|since| now - since >= LATENCY_BOUND)
                );
            }
            CloseReason::ClosedByApplication | CloseReason::GatewayClosed => {}
            unexpected => panic!("closed because {unexpected}"),
        }
    }
}

impl Connection {
    fn check_message(&mut self, message: WebsocketMessage) {
        self.last_sequence_num += 1;
        assert_eq!(message.sequence_num, self.last_sequence_num);
        assert!(!self.has_close_message);
        let timestamp = message.timestamp;
        match Content::of(message) {
            Content::Application(content) => assert_eq!(content, [self.under_way.remove(0)]),
            Content::Service(Service::OpenMessage(_)) => assert_eq!(self.last_sequence_num, 1),
            Content::Service(Service::AckMessage(ack)) => {
                assert_eq!(ack.last_incoming_sequence_num, self.received);
                self.acked_at = timestamp;
            }
            Content::Service(Service::CloseMessage(_)) => self.has_close_message = true,
            Content::Service(Service::KeepAliveMessage(_)) => panic!("canisters keep nobody alive"),
        }
    }
}

/// Two people with two connections each.
fn key(id: u8) -> ClientKey {
    client(id / 2, u64::from(id % 2))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_delivers_what_was_sent(steps in prop::collection::vec(step(), 1..150)) {
        let mut model = Model::new();
        for step in steps {
            model.apply(step);
        }
    }
}
