//! The chat's state in stable memory: what it is made of and how it is found again.
//!
//! | structure     | key                    | value                                          |
//! |---------------|------------------------|------------------------------------------------|
//! | `connections` | client key             | whether the person has joined over it          |
//! | `people`      | principal              | [`Person`] in Candid; everyone who ever joined |
//! | `messages`    | message id             | [`Message`] in Candid, which may gain fields   |
//! | `timeline`    | reader and message id  |                                                |

use std::{borrow::Cow, cmp::Reverse};

use candid::{CandidType, Principal};
use chat_api::{Message, Person};
use ic_stable_structures::{Memory, StableBTreeMap, Storable, btreemap::Iter, storable::Bound};
use ic_ws_cdk::ClientKey;
use serde::de::DeserializeOwned;

use crate::memory::ChatMemories;

/// The reader of the messages that are for everyone. Nobody is anonymous in the room.
const EVERYONE: Principal = Principal::anonymous();

/// The state of one room.
pub(crate) struct Store<M: Memory> {
    connections: StableBTreeMap<(Principal, u64), bool, M>,
    people: StableBTreeMap<Principal, Stored<Person>, M>,
    messages: StableBTreeMap<u64, Stored<Message>, M>,
    timeline: StableBTreeMap<(Principal, u64), (), M>,
}

impl<M: Memory> Store<M> {
    /// The state that `memories` hold, or an empty one.
    pub fn new(memories: ChatMemories<M>) -> Self {
        Self {
            connections: StableBTreeMap::init(memories.connections),
            people: StableBTreeMap::init(memories.people),
            messages: StableBTreeMap::init(memories.messages),
            timeline: StableBTreeMap::init(memories.timeline),
        }
    }

    /// Remembers a connection, and whether its person has joined over it.
    pub fn set_connection(&mut self, key: ClientKey, has_joined: bool) {
        self.connections.insert(connection_id(key), has_joined);
    }

    /// Forgets a connection. Returns whether its person had joined over it.
    pub fn remove_connection(&mut self, key: ClientKey) -> bool {
        let id = connection_id(key);
        self.connections.remove(&id).unwrap_or(false)
    }

    /// Whether the person has joined over this connection.
    pub fn has_joined(&self, key: ClientKey) -> bool {
        self.connections.get(&connection_id(key)).unwrap_or(false)
    }

    /// All connections, whether joined over or not.
    pub fn connections(&self) -> impl Iterator<Item = ClientKey> {
        self.connections.keys().map(client_key)
    }

    /// The connections over which their person has joined, those of one person together.
    pub fn joined(&self) -> impl Iterator<Item = ClientKey> {
        only_joined(self.connections.iter())
    }

    /// The connections over which one person has joined.
    pub fn joined_by(&self, person: Principal) -> impl Iterator<Item = ClientKey> {
        only_joined(self.connections.range((person, 0)..=(person, u64::MAX)))
    }

    /// Someone who has joined at some time.
    pub fn person(&self, id: Principal) -> Option<Person> {
        self.people.get(&id).map(|Stored(person)| person)
    }

    /// Remembers a person's name.
    pub fn set_person(&mut self, person: &Person) {
        self.people.insert(person.id, Stored(person.clone()));
    }

    /// Stores a message under the next id, which it returns with it.
    pub fn add_message(
        &mut self,
        author: Person,
        to: Option<Person>,
        text: String,
        at: u64,
    ) -> Message {
        let id = self.messages.last_key_value().map_or(0, |(id, _)| id + 1);
        let message = Message {
            id,
            author,
            to,
            text,
            at,
        };
        match &message.to {
            None => {
                self.timeline.insert((EVERYONE, id), ());
            }
            Some(to) => {
                self.timeline.insert((message.author.id, id), ());
                self.timeline.insert((to.id, id), ());
            }
        }
        self.messages.insert(id, Stored(message.clone()));
        message
    }

    /// The latest `count` messages that `reader` may read, oldest first.
    pub fn latest_messages(&self, reader: Principal, count: usize) -> Vec<Message> {
        let latest_of = |reader| {
            let ids = self.timeline.keys_range((reader, 0)..=(reader, u64::MAX));
            ids.rev().take(count).map(|(_, id)| id)
        };
        let mut ids: Vec<u64> = latest_of(EVERYONE).chain(latest_of(reader)).collect();
        ids.sort_unstable_by_key(|id| Reverse(*id));
        ids.truncate(count);
        ids.iter()
            .rev()
            .filter_map(|id| self.messages.get(id))
            .map(|Stored(message)| message)
            .collect()
    }
}

fn only_joined<M: Memory>(
    connections: Iter<'_, (Principal, u64), bool, M>,
) -> impl Iterator<Item = ClientKey> {
    connections
        .filter(|entry| entry.value())
        .map(|entry| client_key(*entry.key()))
}

fn connection_id(key: ClientKey) -> (Principal, u64) {
    (key.client_principal, key.client_nonce)
}

fn client_key((client_principal, client_nonce): (Principal, u64)) -> ClientKey {
    ClientKey {
        client_principal,
        client_nonce,
    }
}

/// Something in Candid.
struct Stored<T>(T);

impl<T: CandidType + DeserializeOwned> Storable for Stored<T> {
    const BOUND: Bound = Bound::Unbounded;

    fn to_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.encode())
    }

    fn into_bytes(self) -> Vec<u8> {
        self.encode()
    }

    fn from_bytes(bytes: Cow<[u8]>) -> Self {
        match candid::decode_one(&bytes) {
            Ok(value) => Self(value),
            Err(error) => ic_cdk::trap(format!("what is stored is unreadable: {error}")),
        }
    }
}

impl<T: CandidType> Stored<T> {
    fn encode(&self) -> Vec<u8> {
        candid::encode_one(&self.0)
            .unwrap_or_else(|error| ic_cdk::trap(format!("this has no Candid form: {error}")))
    }
}
