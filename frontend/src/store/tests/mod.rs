//! What the page knows after what it was told.

mod account;
mod catching_up;
mod following;
mod model;
mod notifications;

use candid::Principal;
use chat_api::{
    Change, Command, CommandId, Event, Logged, Look, Message, Overview, Person, Presence, Role,
    Room, RoomKind, RoomSummary, Visibility,
};

use super::*;

const ME: u8 = 1;
const BOB: u8 = 2;
const ROOM: RoomId = 7;

pub(crate) fn person(id: u8) -> Person {
    Person {
        id: Principal::from_slice(&[id]),
        name: format!("person {id}"),
        look: Look::default(),
        guest: false,
        color: 0,
        image: None,
    }
}

pub(crate) fn message(number: u64, author: u8, text: &str) -> Message {
    Message {
        number,
        author: person(author).id,
        command: CommandId {
            device: 99,
            number: 1_000 + number,
        },
        text: text.to_owned(),
        reply_to: None,
        mentions: Vec::new(),
        at: number,
        edited_at: None,
        deleted: false,
        reactions: Vec::new(),
    }
}

fn summary(room: RoomId, next: u64, read_up_to: u64) -> RoomSummary {
    RoomSummary {
        room: Room {
            id: room,
            name: "Lobby".to_owned(),
            topic: String::new(),
            kind: RoomKind::Group(Visibility::Public),
            members: 2,
            first: 0,
            next,
        },
        role: Role::Member,
        muted: false,
        read_up_to,
        last: None,
        partner: None,
    }
}

fn overview(rooms: Vec<RoomSummary>, up_to: u64) -> Action {
    let overview = Overview {
        you: Some(person(ME)),
        rooms,
        invitations: Vec::new(),
        notifications: Vec::new(),
        blocked: Vec::new(),
        up_to,
        latest: None,
        settled: 0,
        refused: Vec::new(),
    };
    Action::Overview(Box::new(overview), Some(1))
}

fn hello(latest: u64) -> Action {
    let you = Some(person(ME));
    Action::Received(Box::new(Event::Hello { you, latest }), 0)
}

fn logged(number: u64, by: u8, change: Change) -> Logged {
    Logged {
        number,
        at: number,
        by: person(by).id,
        command: CommandId { device: 1, number },
        change,
    }
}

fn live(number: u64, by: u8, change: Change) -> Action {
    let logged = logged(number, by, change);
    Action::Received(Box::new(Event::Logged(Box::new(logged))), 0)
}

fn said(number: u64, author: u8, text: &str) -> Change {
    Change::Said {
        room: ROOM,
        message: message(number, author, text),
        author: person(author),
    }
}

fn request(number: u64, command: Command) -> Request {
    let id = CommandId { device: 1, number };
    Request { id, command }
}

fn say(number: u64, text: &str) -> Request {
    let to = Address::Room(ROOM);
    let say = Command::Say {
        to,
        text: text.to_owned(),
        reply_to: None,
        mentions: Vec::new(),
    };
    request(number, say)
}

fn after(actions: impl IntoIterator<Item = Action>) -> Store {
    let mut store = Store::default();
    store.apply(Action::Is(Account::SignedIn));
    store.apply(Action::Connecting);
    for action in actions {
        store.apply(action);
    }
    store
}

/// In the room, up to date with change 10.
fn inside() -> Store {
    after([hello(10), overview(vec![summary(ROOM, 3, 3)], 10)])
}
