//! Who is connected, and which room each connection shows.

use std::ops::Bound;

use candid::Principal;
use chat_api::RoomId;
use ic_stable_structures::Memory;
use ic_ws_cdk::ClientKey;
use serde::{Deserialize, Serialize};

use super::{FIRST, Record, Records, Set};

type Key = (Principal, u64);

/// The room that a connection shows.
#[derive(Serialize, Deserialize)]
struct Look(Option<RoomId>);

impl Record for Look {}

pub(crate) struct Connections<M: Memory> {
    connections: Records<Key, Look, M>,
    lookers: Set<(RoomId, Key), M>,
}

impl<M: Memory> Connections<M> {
    pub fn open(connections: M, lookers: M) -> Self {
        Self {
            connections: Records::open(connections),
            lookers: Set::init(lookers),
        }
    }

    pub fn len(&self) -> u64 {
        self.connections.len()
    }

    pub fn add(&mut self, connection: ClientKey) {
        self.look(connection, None);
    }

    /// Returns whether it was there.
    pub fn remove(&mut self, connection: ClientKey) -> bool {
        let key = key_of(connection);
        let Some(Look(room)) = self.connections.remove(&key) else {
            return false;
        };
        if let Some(room) = room {
            self.lookers.remove(&(room, key));
        }
        true
    }

    pub fn contains(&self, connection: ClientKey) -> bool {
        self.connections.contains(&key_of(connection))
    }

    /// All after the one given.
    pub fn after(&self, connection: Option<ClientKey>) -> impl Iterator<Item = ClientKey> {
        let start = match connection {
            Some(connection) => Bound::Excluded(key_of(connection)),
            None => Bound::Unbounded,
        };
        let keys = self.connections.keys((start, Bound::Unbounded));
        keys.map(client_key)
    }

    /// Whether a person has any.
    pub fn is_present(&self, person: Principal) -> bool {
        self.of(person).next().is_some()
    }

    /// The connection shows a room from now on, or none.
    pub fn look(&mut self, connection: ClientKey, room: Option<RoomId>) {
        let key = key_of(connection);
        let former = self.connections.replace(key, &Look(room));
        if let Some(former) = former.and_then(|Look(room)| room) {
            self.lookers.remove(&(former, key));
        }
        if let Some(room) = room {
            self.lookers.insert((room, key), ());
        }
    }

    /// None of a person's connections shows this room any more.
    pub fn look_away(&mut self, person: Principal, room: RoomId) {
        let connections: Vec<_> = self.of(person).collect();
        for connection in connections {
            let key = key_of(connection);
            if self.lookers.remove(&(room, key)).is_some() {
                self.connections.set(key, &Look(None));
            }
        }
    }

    /// The connections that show a room.
    pub fn lookers(&self, room: RoomId) -> impl Iterator<Item = ClientKey> {
        self.lookers
            .keys_range((room, (FIRST, 0))..)
            .take_while(move |(at, _)| *at == room)
            .map(|(_, key)| client_key(key))
    }

    /// The connections of a person.
    pub fn of(&self, person: Principal) -> impl Iterator<Item = ClientKey> {
        self.connections
            .keys((person, 0)..=(person, u64::MAX))
            .map(client_key)
    }
}

fn key_of(connection: ClientKey) -> Key {
    (connection.client_principal, connection.client_nonce)
}

fn client_key((client_principal, client_nonce): Key) -> ClientKey {
    ClientKey {
        client_principal,
        client_nonce,
    }
}
