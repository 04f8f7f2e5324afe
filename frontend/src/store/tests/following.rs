//! What the page shows of what happens.

use chat_api::{Partner, Passing};

use super::*;
use crate::store::outbox::State;

#[test]
fn one_s_own_message_goes_from_the_outbox_to_the_room() {
    let mut store = inside();
    store.apply(Action::Requested(say(11, "hi"), 5));
    assert_eq!(store.outbox.said_to(&[Address::Room(ROOM)]).count(), 1);
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
    store.apply(Action::Requested(
        request(12, Command::Join { room: ROOM }),
        5,
    ));
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
fn a_refused_read_marker_is_told_again_and_nobody_is_troubled() {
    let mut store = after([hello(10), overview(vec![summary(ROOM, 9, 4)], 10)]);
    let read = |number| {
        let (room, up_to) = (ROOM, 9);
        Action::Requested(request(number, Command::Read { room, up_to }), 5)
    };
    let failures = |store: &Store| store.room(ROOM).unwrap().read_failures;
    let reason = "too fast".to_owned();
    store.apply(read(11));
    store.apply(live(11, ME, Change::Refused { reason }));
    assert_eq!(failures(&store), 1);
    store.apply(read(12));
    let id = CommandId {
        device: 1,
        number: 12,
    };
    store.apply(Action::NotSent(id, "too many".to_owned()));
    assert_eq!((failures(&store), store.notes.len()), (2, 0));
    assert_eq!(store.outbox.iter().count(), 0);
    store.apply(read(13));
    let carried_out = Change::Read {
        room: ROOM,
        person: person(ME).id,
        up_to: 9,
    };
    store.apply(live(13, ME, carried_out));
    assert_eq!(failures(&store), 0);
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
    let mut request = say(11, "hi");
    if let Command::Say { to, .. } = &mut request.command {
        *to = Address::Person(bob.id);
    }
    store.apply(Action::Requested(request, 5));
    let mut entered = summary(8, 0, 0);
    entered.room.kind = RoomKind::Direct;
    entered.partner = Some(Partner {
        person: bob.clone(),
        presence: Presence::Here,
        read_up_to: 0,
    });
    store.apply(live(11, BOB, Change::Entered(entered)));
    assert_eq!(store.view.place, Some(Address::Room(8)));
    // What was said to the person before is shown in the room until it is settled.
    let addresses = store.room(8).unwrap().addresses();
    assert_eq!(store.outbox.said_to(&addresses).count(), 1);
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
