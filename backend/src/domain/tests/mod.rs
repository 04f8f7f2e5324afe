//! The chat among a few people, over memory that outlives it.

mod attention;
mod blocking;
mod catching_up;
mod client;
mod costs;
mod limits;
mod membership;
mod messages;
mod people;
mod rates;
mod retention;
mod rooms;

use candid::Principal;
use chat_api::*;
use ic_stable_structures::{
    VectorMemory,
    memory_manager::{MemoryManager, VirtualMemory},
};

use super::*;
use crate::{memory, store};

const ALICE: u8 = 1;
const BOB: u8 = 2;
const CAROL: u8 = 3;

/// The room that is there from the start.
const LOBBY: RoomId = 0;

struct World {
    memory: MemoryManager<VectorMemory>,
    chat: Chat<VirtualMemory<VectorMemory>>,
    limits: Limits,
    now: Time,
    number: u64,
}

impl World {
    /// Nobody, and all the time there is.
    fn new() -> Self {
        Self::limited(limits())
    }

    fn limited(limits: Limits) -> Self {
        let memory = MemoryManager::init_with_bucket_size(VectorMemory::default(), 1);
        Self {
            chat: Chat::new(memory::store_in(&memory), limits),
            memory,
            limits,
            now: 1_000_000_000_000_000_000,
            number: 0,
        }
    }

    /// People named "1", "2", …, each with a connection.
    fn with(people: &[u8]) -> Self {
        let mut world = Self::new();
        world.welcome(people);
        world
    }

    fn welcome(&mut self, people: &[u8]) {
        for person in people {
            self.chat.connected(key(*person, 0), self.now);
            self.act(*person, profile(&person.to_string()));
        }
    }

    /// Such people, who are all in the lobby; the first owns it.
    fn in_lobby(people: &[u8]) -> Self {
        let mut world = Self::with(people);
        for person in people {
            world.act(*person, Command::Join { room: LOBBY });
        }
        world
    }

    /// The same memory, another canister.
    fn upgrade(&mut self) {
        self.chat = Chat::new(memory::store_in(&self.memory), self.limits);
    }

    fn next_id(&mut self) -> CommandId {
        self.number += 1;
        let number = self.number;
        CommandId { device: 0, number }
    }

    /// Over a person's first connection.
    fn send(&mut self, person: u8, command: Command) -> Vec<Delivery> {
        let id = self.next_id();
        self.now += 1;
        let request = Request { id, command };
        self.chat.request(key(person, 0), request, self.now)
    }

    /// What must be carried out.
    fn act(&mut self, person: u8, command: Command) -> Vec<Delivery> {
        let deliveries = self.send(person, command.clone());
        assert_eq!(refusal(&deliveries), None, "{person}: {command:?}");
        deliveries
    }

    /// What must be refused, and leave nothing but that behind. Returns why.
    fn refused(&mut self, person: u8, command: Command) -> String {
        let before = self.chat.view().metrics();
        let deliveries = self.send(person, command.clone());
        let reason = refusal(&deliveries);
        let reason = reason.unwrap_or_else(|| panic!("{person}: {command:?} was not refused"));
        let after = self.chat.view().metrics();
        assert_eq!(deliveries.len(), 1);
        let logged = after.changes - before.changes;
        let (changes, latest) = (before.changes + logged, before.latest + logged);
        assert!(logged <= 1);
        assert_eq!(
            after,
            Metrics {
                changes,
                latest,
                ..before
            }
        );
        reason
    }

    fn signal(&mut self, from: ClientKey, signal: Signal) -> Vec<Delivery> {
        self.now += 1;
        self.chat.signal(from, signal, self.now)
    }

    fn look(&mut self, from: ClientKey, room: RoomId) {
        let room = Some(room);
        assert_eq!(self.signal(from, Signal::Look { room }), []);
    }

    fn say(&mut self, person: u8, room: RoomId, text: &str) -> Vec<Delivery> {
        self.act(person, say(Address::Room(room), text))
    }

    fn write_to(&mut self, person: u8, other: u8, text: &str) -> Vec<Delivery> {
        self.act(person, say(Address::Person(id(other)), text))
    }

    fn create_room(&mut self, person: u8, name: &str, visibility: Visibility) -> RoomId {
        self.act(person, create(name, visibility));
        let rooms = self.rooms_of(person).into_iter();
        rooms.max().unwrap()
    }

    fn overview(&self, person: u8) -> Overview {
        self.chat.view().overview(id(person), None)
    }

    fn summary(&self, person: u8, room: RoomId) -> RoomSummary {
        let mut rooms = self.overview(person).rooms.into_iter();
        rooms.find(|summary| summary.room.id == room).unwrap()
    }

    fn rooms_of(&self, person: u8) -> Vec<RoomId> {
        let rooms = self.overview(person).rooms;
        rooms.iter().map(|summary| summary.room.id).collect()
    }

    fn history(&self, person: u8, room: RoomId) -> Result<Vec<Message>, QueryError> {
        let view = self.chat.view();
        let history = view.history(id(person), room, Span::Latest, MAX_PAGE)?;
        Ok(history.messages)
    }

    fn roles(&self, room: RoomId) -> Vec<(u8, Role)> {
        let members = self.chat.view().members(id(ALICE), room, None, MAX_PAGE);
        let members = members.unwrap().members.into_iter();
        members
            .map(|member| (member.person.id.as_slice()[0], member.role))
            .collect()
    }
}

/// Limits that nothing reaches but what a test changes.
fn limits() -> Limits {
    Limits {
        burst: 1_000_000,
        ..Limits::default()
    }
}

fn limited(limits: Limits, people: &[u8]) -> World {
    let mut world = World::limited(limits);
    world.welcome(people);
    world
}

fn id(person: u8) -> Principal {
    Principal::from_slice(&[person, 1])
}

fn key(person: u8, client_nonce: u64) -> ClientKey {
    ClientKey {
        client_principal: id(person),
        client_nonce,
    }
}

fn person(n: u8) -> Person {
    Person {
        id: id(n),
        name: n.to_string(),
        look: store::look(&n.to_string()),
        guest: false,
        color: 0,
        image: None,
    }
}

fn profile(name: &str) -> Command {
    Command::SetProfile {
        name: name.to_owned(),
        guest: false,
        color: 0,
    }
}

fn create(name: &str, visibility: Visibility) -> Command {
    Command::CreateRoom {
        name: name.to_owned(),
        topic: String::new(),
        visibility,
    }
}

fn say(to: Address, text: &str) -> Command {
    Command::Say {
        to,
        text: text.to_owned(),
        reply_to: None,
        mentions: Vec::new(),
    }
}

fn mention(room: RoomId, people: &[u8]) -> Command {
    Command::Say {
        to: Address::Room(room),
        text: "you".to_owned(),
        reply_to: None,
        mentions: people.iter().copied().map(id).collect(),
    }
}

fn react(room: RoomId, message: MessageNumber, emoji: &str, on: bool) -> Command {
    Command::React {
        room,
        message,
        emoji: emoji.to_owned(),
        on,
    }
}

fn edit(room: RoomId, message: MessageNumber, text: &str) -> Command {
    Command::Edit {
        room,
        message,
        text: text.to_owned(),
        mentions: Vec::new(),
    }
}

fn block(person: u8, blocked: bool) -> Command {
    let person = id(person);
    Command::Block { person, blocked }
}

fn set_role(room: RoomId, person: u8, role: Role) -> Command {
    let person = id(person);
    Command::SetRole { room, person, role }
}

fn invite(room: RoomId, person: u8) -> Command {
    let person = id(person);
    Command::Invite { room, person }
}

fn remove(room: RoomId, person: u8) -> Command {
    let person = id(person);
    Command::Remove { room, person }
}

fn ban(room: RoomId, person: u8) -> Command {
    let person = id(person);
    Command::Ban { room, person }
}

fn unban(room: RoomId, person: u8) -> Command {
    let person = id(person);
    Command::Unban { room, person }
}

/// Why the command was not carried out.
fn refusal(deliveries: &[Delivery]) -> Option<String> {
    deliveries
        .iter()
        .find_map(|delivery| match &delivery.event {
            Event::Refused { reason, .. } => Some(reason.clone()),
            Event::Logged(logged) => match &logged.change {
                Change::Refused { reason } => Some(reason.clone()),
                _ => None,
            },
            _ => None,
        })
}

/// The changes that somebody is told, who has connections.
fn told(deliveries: &[Delivery], person: u8) -> Vec<Change> {
    let is_for = |delivery: &&Delivery| delivery.to.contains(&id(person).into());
    let changes = deliveries.iter().filter(is_for);
    changes
        .filter_map(|delivery| match &delivery.event {
            Event::Logged(logged) => Some(logged.change.clone()),
            _ => None,
        })
        .collect()
}

/// What is passing, and the connections that are told.
fn passing(deliveries: &[Delivery]) -> Vec<(Passing, Vec<ClientKey>)> {
    let connection = |recipient: &Recipient| match recipient {
        Recipient::Connection(key) => *key,
        Recipient::Principal(person) => panic!("all of {person}"),
    };
    deliveries
        .iter()
        .filter_map(|delivery| match &delivery.event {
            Event::Passing(passing) => {
                let to = delivery.to.iter().map(connection).collect();
                Some((passing.clone(), to))
            }
            _ => None,
        })
        .collect()
}
