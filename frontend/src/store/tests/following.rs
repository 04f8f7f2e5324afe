//! What the page shows of what happens.

use chat_api::{Notification, NotificationKind, Partner, Passing};

use super::*;
use crate::store::outbox::State;

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
        refused: Vec::new(),
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
