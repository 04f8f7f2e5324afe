//! The room among a few people, over memory that outlives it.

use ic_stable_structures::{
    VectorMemory,
    memory_manager::{MemoryManager, VirtualMemory},
};

use super::*;
use crate::memory;

const ALICE: u8 = 1;
const BOB: u8 = 2;
const CAROL: u8 = 3;

struct World {
    memory: MemoryManager<VectorMemory>,
    room: Room<VirtualMemory<VectorMemory>>,
    now: u64,
}

impl World {
    fn new() -> Self {
        let memory = MemoryManager::init_with_bucket_size(VectorMemory::default(), 1);
        Self {
            room: open(&memory),
            memory,
            now: 1000,
        }
    }

    /// A room that everyone has joined once, under the names "1", "2", ….
    fn with(people: &[u8]) -> Self {
        let mut world = Self::new();
        for person in people {
            world.join(key(*person, 0), &person.to_string());
        }
        world
    }

    fn upgrade(&mut self) {
        self.room = open(&self.memory);
    }

    fn handle(&mut self, from: ClientKey, command: Command) -> Vec<Delivery> {
        self.now += 1;
        self.room.handle(from, command, self.now)
    }

    fn join(&mut self, from: ClientKey, name: &str) -> Vec<Delivery> {
        self.room.connected(from);
        self.handle(from, join_as(name))
    }

    fn say(&mut self, from: ClientKey, text: &str) -> Vec<Delivery> {
        let text = text.to_owned();
        self.handle(from, Command::Say { text })
    }

    fn whisper(&mut self, from: ClientKey, to: u8, text: &str) -> Vec<Delivery> {
        let (to, text) = (id(to), text.to_owned());
        self.handle(from, Command::Whisper { to, text })
    }
}

fn open(memory: &MemoryManager<VectorMemory>) -> Room<VirtualMemory<VectorMemory>> {
    Room::new(Store::new(memory::share(memory)))
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
        guest: false,
    }
}

fn join_as(name: &str) -> Command {
    Command::Join {
        name: name.to_owned(),
        guest: false,
    }
}

fn delivery(to: &[ClientKey], event: Event) -> Delivery {
    Delivery {
        to: to.to_vec(),
        event,
    }
}

/// The one message that is delivered, and to whom.
fn message(deliveries: Vec<Delivery>) -> (Vec<ClientKey>, Message) {
    match <[Delivery; 1]>::try_from(deliveries) {
        Ok(
            [
                Delivery {
                    to,
                    event: Event::Message(message),
                },
            ],
        ) => (to, message),
        other => panic!("not one message: {other:?}"),
    }
}

fn refusal(deliveries: Vec<Delivery>, to: ClientKey) -> String {
    match deliveries.as_slice() {
        [
            Delivery {
                to: refused,
                event: Event::Refused { reason },
            },
        ] if *refused == [to] => reason.clone(),
        other => panic!("not one refusal: {other:?}"),
    }
}

/// What the first delivery welcomes with.
fn welcome(deliveries: &[Delivery]) -> (Vec<Person>, Vec<String>) {
    match &deliveries[0].event {
        Event::Welcome {
            people, messages, ..
        } => (
            people.clone(),
            messages.iter().map(|m| m.text.clone()).collect(),
        ),
        other => panic!("not a welcome: {other:?}"),
    }
}

#[test]
fn who_joins_is_welcomed_and_announced_to_the_others() {
    let mut world = World::with(&[ALICE]);
    world.say(key(ALICE, 0), "hello");
    let deliveries = world.join(key(BOB, 0), " 2 ");
    let hello = Message {
        id: 0,
        author: person(ALICE),
        to: None,
        text: "hello".to_owned(),
        at: 1002,
    };
    let welcome = Event::Welcome {
        you: person(BOB),
        people: vec![person(ALICE), person(BOB)],
        messages: vec![hello],
    };
    let joined = Event::Joined(person(BOB));
    assert_eq!(
        deliveries,
        [
            delivery(&[key(BOB, 0)], welcome),
            delivery(&[key(ALICE, 0)], joined)
        ]
    );
}

#[test]
fn a_second_connection_is_welcomed_but_no_news() {
    let mut world = World::with(&[ALICE, BOB]);
    let deliveries = world.join(key(BOB, 1), "2");
    assert_eq!(deliveries.len(), 1);
    assert_eq!(welcome(&deliveries).0, [person(ALICE), person(BOB)]);
    assert_eq!(world.room.disconnected(key(BOB, 0)), []);
    assert_eq!(
        world.room.disconnected(key(BOB, 1)),
        [delivery(&[key(ALICE, 0)], Event::Left(person(BOB)))]
    );
    assert_eq!(world.room.disconnected(key(BOB, 1)), []);
}

#[test]
fn a_new_name_is_news_to_everyone_and_repeats_no_history() {
    let mut world = World::with(&[ALICE, BOB]);
    world.join(key(BOB, 1), "2");
    let renamed = Person {
        id: id(BOB),
        name: "Bob".to_owned(),
        guest: false,
    };
    let everyone = [key(ALICE, 0), key(BOB, 0), key(BOB, 1)];
    assert_eq!(
        world.handle(key(BOB, 0), join_as("Bob")),
        [delivery(&everyone, Event::Joined(renamed.clone()))]
    );
    assert_eq!(world.handle(key(BOB, 0), join_as("Bob")), []);
    let (people, _) = welcome(&world.join(key(CAROL, 0), "3"));
    assert_eq!(people, [person(ALICE), renamed, person(CAROL)]);
}

#[test]
fn a_new_name_on_a_new_connection_is_news_to_the_others() {
    let mut world = World::with(&[ALICE, BOB]);
    let renamed = Person {
        id: id(BOB),
        name: "Bob".to_owned(),
        guest: false,
    };
    let deliveries = world.join(key(BOB, 1), "Bob");
    let (people, _) = welcome(&deliveries);
    assert_eq!(people, [person(ALICE), renamed.clone()]);
    assert_eq!(
        deliveries[1..],
        [delivery(
            &[key(ALICE, 0), key(BOB, 0)],
            Event::Joined(renamed)
        )]
    );
}

#[test]
fn a_guest_is_marked_as_long_as_they_are_one() {
    let mut world = World::with(&[ALICE]);
    let bob = |guest| Person {
        guest,
        ..person(BOB)
    };
    let join = |guest| Command::Join {
        name: "2".to_owned(),
        guest,
    };
    world.room.connected(key(BOB, 0));
    let joined = world.handle(key(BOB, 0), join(true));
    assert_eq!(welcome(&joined).0, [person(ALICE), bob(true)]);
    assert_eq!(message(world.say(key(BOB, 0), "hi")).1.author, bob(true));
    world.upgrade();
    assert_eq!(
        world.handle(key(BOB, 0), join(false)),
        [delivery(
            &[key(ALICE, 0), key(BOB, 0)],
            Event::Joined(bob(false))
        )]
    );
}

#[test]
fn who_only_connects_neither_hears_nor_is_seen() {
    let mut world = World::with(&[ALICE]);
    let lurker = key(BOB, 0);
    world.room.connected(lurker);
    assert_eq!(message(world.say(key(ALICE, 0), "hi")).0, [key(ALICE, 0)]);
    assert_eq!(
        refusal(world.say(lurker, "hi"), lurker),
        "Join the room first."
    );
    assert_eq!(world.room.disconnected(lurker), []);
}

#[test]
fn what_is_said_reaches_every_connection_that_has_joined() {
    let mut world = World::with(&[ALICE, BOB]);
    world.join(key(ALICE, 1), "1");
    let (mut to, said) = message(world.say(key(ALICE, 0), "hi"));
    to.sort();
    assert_eq!(to, [key(ALICE, 0), key(ALICE, 1), key(BOB, 0)]);
    assert_eq!((said.id, said.at, said.text.as_str()), (0, world.now, "hi"));
    assert_eq!(message(world.say(key(BOB, 0), "again")).1.id, 1);
}

#[test]
fn a_whisper_reaches_all_connections_of_two_people_only() {
    let mut world = World::with(&[ALICE, BOB, CAROL]);
    world.join(key(BOB, 1), "2");
    let (mut to, whispered) = message(world.whisper(key(ALICE, 0), BOB, "psst"));
    to.sort();
    assert_eq!(to, [key(ALICE, 0), key(BOB, 0), key(BOB, 1)]);
    assert_eq!(whispered.to, Some(person(BOB)));

    for (reader, texts) in [(ALICE, vec!["psst"]), (BOB, vec!["psst"]), (CAROL, vec![])] {
        let deliveries = world.join(key(reader, 9), &reader.to_string());
        assert_eq!(welcome(&deliveries).1, texts, "reader {reader}");
    }
}

#[test]
fn a_whisper_to_oneself_arrives_once() {
    let mut world = World::with(&[ALICE]);
    let (to, _) = message(world.whisper(key(ALICE, 0), ALICE, "note"));
    assert_eq!(to, [key(ALICE, 0)]);
    let deliveries = world.join(key(ALICE, 1), "1");
    assert_eq!(welcome(&deliveries).1, ["note"]);
}

#[test]
fn a_whisper_waits_for_who_is_away_and_is_refused_for_strangers() {
    let mut world = World::with(&[ALICE, BOB]);
    world.room.disconnected(key(BOB, 0));
    let (to, _) = message(world.whisper(key(ALICE, 0), BOB, "later"));
    assert_eq!(to, [key(ALICE, 0)]);
    assert_eq!(welcome(&world.join(key(BOB, 1), "2")).1, ["later"]);

    let reason = refusal(world.whisper(key(ALICE, 0), CAROL, "who?"), key(ALICE, 0));
    assert_eq!(
        reason,
        format!("Nobody called {} has ever been here.", id(CAROL))
    );
}

#[test]
fn only_the_latest_messages_are_welcomed_with() {
    let mut world = World::with(&[ALICE, BOB, CAROL]);
    for n in 0..80 {
        world.say(key(CAROL, 0), &format!("said {n}"));
        world.whisper(key(ALICE, 0), BOB, &format!("whispered {n}"));
    }
    let (_, texts) = welcome(&world.join(key(BOB, 1), "2"));
    let expected: Vec<_> = (30..80)
        .flat_map(|n| [format!("said {n}"), format!("whispered {n}")])
        .collect();
    assert_eq!(texts, expected);
    assert_eq!(welcome(&world.join(key(CAROL, 1), "3")).1.len(), 80);
}

#[test]
fn what_is_blank_or_too_long_is_refused() {
    let mut world = World::with(&[ALICE]);
    let alice = key(ALICE, 0);
    let longest_name = "é".repeat(MAX_NAME_CHARS);
    let longest_text = "x".repeat(MAX_TEXT_BYTES);

    assert_eq!(
        refusal(world.join(alice, " \n"), alice),
        "The name is empty."
    );
    let reason = refusal(world.join(alice, &format!("{longest_name}e")), alice);
    assert_eq!(reason, "The name is longer than 32 characters.");
    world.join(alice, &longest_name);

    assert_eq!(
        refusal(world.say(alice, "\t "), alice),
        "The message is empty."
    );
    let reason = refusal(
        world.whisper(alice, ALICE, &format!("{longest_text}x")),
        alice,
    );
    assert_eq!(
        reason,
        "The message has 8193 bytes, at most 8192 are allowed."
    );
    assert_eq!(
        message(world.say(alice, &longest_text)).1.text,
        longest_text
    );
}

#[test]
fn an_upgrade_keeps_people_connections_and_messages() {
    let mut world = World::with(&[ALICE, BOB]);
    world.say(key(ALICE, 0), "before");
    world.upgrade();
    let (to, after) = message(world.say(key(ALICE, 0), "after"));
    assert_eq!((to.len(), after.id), (2, 1));
    let deliveries = world.join(key(CAROL, 0), "3");
    assert_eq!(
        welcome(&deliveries),
        (
            vec![person(ALICE), person(BOB), person(CAROL)],
            vec!["before".to_owned(), "after".to_owned()]
        )
    );
}

#[test]
fn connections_whose_end_was_missed_are_dropped() {
    let mut world = World::with(&[ALICE, BOB]);
    world.join(key(ALICE, 1), "1");
    let lurker = key(CAROL, 0);
    world.room.connected(lurker);
    let deliveries = world
        .room
        .drop_connections_unless(|connection| *connection == key(ALICE, 1));
    assert_eq!(
        deliveries,
        [delivery(&[key(ALICE, 1)], Event::Left(person(BOB)))]
    );
    assert_eq!(message(world.say(key(ALICE, 1), "hi")).0, [key(ALICE, 1)]);
    assert_eq!(world.room.drop_connections_unless(|_| true), []);
}
