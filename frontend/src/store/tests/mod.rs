//! What the page knows after what it was told.

mod model;

use candid::Principal;
use chat_api::{
    Change, Command, CommandId, Event, Logged, Message, Notification, NotificationKind, Overview,
    Partner, Passing, Person, Presence, Role, Room, RoomKind, RoomSummary, Since, Visibility,
};

use super::{outbox::State, *};

const ME: u8 = 1;
const BOB: u8 = 2;
const ROOM: RoomId = 7;

pub(crate) fn person(id: u8) -> Person {
    Person {
        id: Principal::from_slice(&[id]),
        name: format!("person {id}"),
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
        up_to,
        settled: 0,
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

fn say(number: u64, text: &str) -> Request {
    Request {
        id: CommandId { device: 1, number },
        command: Command::Say {
            to: Address::Room(ROOM),
            text: text.to_owned(),
            reply_to: None,
            mentions: Vec::new(),
        },
    }
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

#[test]
fn what_comes_before_the_overview_is_held_back_and_not_doubled() {
    let mut store = after([
        hello(9),
        live(10, BOB, said(3, BOB, "already there")),
        live(11, BOB, said(4, BOB, "new")),
    ]);
    assert!(store.rooms.is_empty());
    store.apply(overview(vec![summary(ROOM, 4, 4)], 10));
    let room = store.room(ROOM).unwrap();
    assert_eq!(room.room.next, 5);
    assert_eq!(room.unread(), 1);
    assert_eq!(room.messages.iter().count(), 1);
    assert!(store.is_live());
}

#[test]
fn after_a_loss_what_was_missed_is_asked_for() {
    let mut store = inside();
    store.apply(Action::Lost("cable cut".to_owned()));
    assert!(!store.is_live());
    assert_eq!(store.inquiry_due(), None);
    store.apply(hello(12));
    assert_eq!(store.inquiry_due().unwrap().after, Some(10));
    store.apply(live(13, BOB, said(5, BOB, "three")));
    let changes = chat_api::Changes {
        changes: vec![
            logged(11, BOB, said(3, BOB, "one")),
            logged(12, BOB, said(4, BOB, "two")),
        ],
        up_to: 12,
        settled: 0,
    };
    store.apply(Action::Since(Since::Changes(changes), Some(1)));
    let texts: Vec<_> = store
        .room(ROOM)
        .unwrap()
        .messages
        .iter()
        .map(|it| it.text.clone())
        .collect();
    assert_eq!(texts, ["one", "two", "three"]);
    assert!(store.is_live());
}

#[test]
fn what_is_too_long_ago_is_asked_for_as_a_whole() {
    let mut store = inside();
    store.apply(Action::Lost(String::new()));
    store.apply(hello(50_000));
    store.apply(Action::Since(Since::TooLongAgo, Some(1)));
    assert_eq!(store.inquiry_due().unwrap().after, None);
    store.apply(overview(vec![summary(ROOM, 900, 3)], 50_000));
    assert!(store.is_live());
    assert_eq!(store.room(ROOM).unwrap().unread(), 897);
}

#[test]
fn an_answer_that_does_not_help_is_asked_for_once_more_with_a_pause() {
    let mut store = inside();
    store.apply(Action::Lost(String::new()));
    store.apply(hello(12));
    let stale = chat_api::Changes {
        changes: Vec::new(),
        up_to: 10,
        settled: 0,
    };
    let before = store.inquiry_due().unwrap();
    store.apply(Action::Since(Since::Changes(stale), Some(1)));
    let again = store.inquiry_due().unwrap();
    assert_eq!((again.after, again.failures), (before.after, 1));
}

#[test]
fn one_s_own_message_goes_from_the_outbox_to_the_room() {
    let mut store = inside();
    store.apply(Action::Requested(say(11, "hi"), 5));
    assert_eq!(store.outbox.said_to(Address::Room(ROOM)).count(), 1);
    store.apply(Action::Accepted(CommandId {
        device: 1,
        number: 11,
    }));
    let state = &store.outbox.iter().next().unwrap().state;
    assert_eq!(*state, State::Accepted);
    store.apply(live(11, ME, said(3, ME, "hi")));
    assert_eq!(store.outbox.iter().count(), 0);
    let room = store.room(ROOM).unwrap();
    assert_eq!((room.messages.iter().count(), room.unread()), (1, 0));
}

#[test]
fn a_refused_message_stays_with_the_reason_and_other_refusals_are_noted() {
    let mut store = inside();
    store.apply(Action::Requested(say(11, "hi"), 5));
    let read = Request {
        id: CommandId {
            device: 1,
            number: 12,
        },
        command: Command::Read {
            room: ROOM,
            up_to: 1,
        },
    };
    store.apply(Action::Requested(read, 5));
    let refused = |reason: &str| Change::Refused {
        reason: reason.to_owned(),
    };
    store.apply(live(11, ME, refused("too fast")));
    store.apply(live(12, ME, refused("no such room")));
    let state = &store.outbox.iter().next().unwrap().state;
    assert_eq!(*state, State::Failed("too fast".to_owned()));
    let notes: Vec<_> = store.notes.iter().map(|note| note.words.as_str()).collect();
    assert_eq!(notes, ["no such room"]);
}

#[test]
fn reading_takes_the_notifications_about_it_away() {
    let mut store = inside();
    let notification = |number, message| Notification {
        number,
        kind: NotificationKind::Mention {
            message,
            text: "hi".to_owned(),
        },
        room: ROOM,
        room_name: "Lobby".to_owned(),
        by: person(BOB),
        at: 0,
    };
    store.apply(live(11, BOB, Change::Notified(notification(1, 3))));
    store.apply(live(12, BOB, Change::Notified(notification(2, 5))));
    assert_eq!(mentions::in_room(&store.notifications, ROOM), 2);
    let read = Change::Read {
        room: ROOM,
        person: person(ME).id,
        up_to: 4,
    };
    store.apply(live(13, ME, read));
    assert_eq!(mentions::in_room(&store.notifications, ROOM), 1);
}

#[test]
fn whoever_types_does_so_for_a_while_or_until_they_have_said_it() {
    let mut store = inside();
    let typing = |by: u8, now| {
        let passing = Passing::Typing {
            room: ROOM,
            person: person(by).id,
        };
        Action::Received(Box::new(Event::Passing(passing)), now)
    };
    store.apply(typing(BOB, 1_000));
    store.apply(typing(ME, 1_000));
    assert_eq!(store.typing.len(), 1);
    store.apply(Action::Tick(1_000 + TYPING_MS - 1));
    assert_eq!(store.typing.len(), 1);
    store.apply(Action::Tick(1_000 + TYPING_MS));
    assert!(store.typing.is_empty());
    store.apply(typing(BOB, 9_000));
    store.apply(live(11, BOB, said(3, BOB, "hi")));
    assert!(store.typing.is_empty());
}

#[test]
fn a_conversation_that_comes_about_is_where_the_person_was() {
    let mut store = inside();
    let bob = person(BOB);
    store.apply(Action::Open(Open::Place(Address::Person(bob.id), None)));
    assert_eq!(store.view.room(), None);
    let mut entered = summary(8, 0, 0);
    entered.room.kind = RoomKind::Direct;
    entered.partner = Some(Partner {
        person: bob.clone(),
        presence: Presence::Here,
        read_up_to: 0,
    });
    store.apply(live(11, ME, Change::Entered(entered)));
    assert_eq!(store.view.place, Some(Address::Room(8)));
    store.apply(Action::Open(Open::List));
    store.apply(Action::Open(Open::Place(Address::Person(bob.id), None)));
    assert_eq!(store.view.place, Some(Address::Room(8)));
}

#[test]
fn who_is_put_out_sees_the_room_no_more() {
    let mut store = inside();
    store.apply(Action::Open(Open::Place(Address::Room(ROOM), None)));
    store.apply(live(11, BOB, Change::Exited { room: ROOM }));
    assert_eq!(store.view.place, None);
    assert!(store.rooms.is_empty());
}

#[test]
fn the_unread_line_stays_where_it_was_when_the_room_was_opened() {
    let mut store = after([hello(10), overview(vec![summary(ROOM, 9, 4)], 10)]);
    store.apply(Action::Open(Open::Place(Address::Room(ROOM), None)));
    let read = Change::Read {
        room: ROOM,
        person: person(ME).id,
        up_to: 9,
    };
    store.apply(live(11, ME, read));
    let room = store.room(ROOM).unwrap();
    assert_eq!((room.unread(), room.unread_from), (0, Some(4)));
    store.apply(Action::Open(Open::List));
    assert_eq!(store.room(ROOM).unwrap().unread_from, None);
}

#[test]
fn an_answer_that_is_older_than_what_has_come_is_brought_up_to_date() {
    let mut store = inside();
    let edited = Change::Edited {
        room: ROOM,
        message: 1,
        text: "new".to_owned(),
        mentions: Vec::new(),
        edited_at: 5,
    };
    store.apply(live(11, BOB, edited));
    let history = History {
        messages: vec![message(0, BOB, "first"), message(1, BOB, "old")],
        people: vec![person(BOB)],
        first: 0,
        next: 3,
        up_to: 10,
    };
    store.apply(Action::History(ROOM, Box::new(history)));
    assert_eq!(
        store.room(ROOM).unwrap().messages.get(1).unwrap().text,
        "new"
    );
}

#[test]
fn leaving_forgets_everything() {
    let mut store = inside();
    store.apply(Action::Left(Some("expired".to_owned())));
    let problem = Some("expired".to_owned());
    let nobody = Store {
        account: Account::Nobody { problem },
        ..Store::default()
    };
    assert_eq!((&store.account, store.rooms.len()), (&nobody.account, 0));
    assert_eq!(store.you, None);
}

#[test]
fn a_name_is_due_until_the_canister_knows_it() {
    let mut store = after([Action::Entered(Some("Ada".to_owned()))]);
    assert_eq!(store.name_due(), None);
    store.apply(Action::Received(
        Box::new(Event::Hello {
            you: None,
            latest: 0,
        }),
        0,
    ));
    let nothing = Overview {
        you: None,
        rooms: Vec::new(),
        invitations: Vec::new(),
        notifications: Vec::new(),
        up_to: 0,
        settled: 0,
    };
    store.apply(Action::Overview(Box::new(nothing), None));
    assert_eq!(store.name_due(), Some("Ada"));
    let ada = Person {
        name: "Ada".to_owned(),
        ..person(ME)
    };
    let profile = Event::Passing(Passing::Profile(ada));
    store.apply(Action::Received(Box::new(profile), 0));
    assert_eq!(store.name_due(), None);
    assert!(store.is_inside());
}

#[test]
fn a_page_that_was_closed_goes_on_where_it_was() {
    let mut before = inside();
    before.apply(live(11, BOB, said(3, BOB, "hi")));
    let snapshot = Snapshot::of(&before).unwrap();
    let bytes = candid::encode_one(&snapshot).unwrap();
    let restored: Snapshot = candid::decode_one(&bytes).unwrap();
    assert_eq!(restored, snapshot);

    let mut store = after([Action::Restored(Box::new(restored))]);
    assert!(store.is_known);
    assert_eq!(store.room(ROOM).unwrap().unread(), 1);
    assert_eq!(
        store.room(ROOM).unwrap().messages.get(3).unwrap().text,
        "hi"
    );
    store.apply(hello(14));
    assert_eq!(store.inquiry_due().unwrap().after, Some(11));
}

#[test]
fn what_is_known_nothing_of_is_not_kept() {
    assert_eq!(Snapshot::of(&after([])), None);
}
