//! What the page knows after it was away.

use chat_api::{ChangeId, Changes, Since};

use super::*;
use crate::store::snapshot::Snapshot;

fn missed(changes: Vec<Logged>, up_to: u64) -> Action {
    let changes = Changes {
        changes,
        up_to,
        settled: 0,
        refused: Vec::new(),
    };
    Action::Since(Since::Changes(changes), Some(1))
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
    let one = logged(11, BOB, said(3, BOB, "one"));
    let two = logged(12, BOB, said(4, BOB, "two"));
    store.apply(missed(vec![one, two], 12));
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
    let before = store.inquiry_due().unwrap();
    store.apply(missed(Vec::new(), 10));
    let again = store.inquiry_due().unwrap();
    assert_eq!((again.after, again.failures), (before.after, 1));
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
    let due = store.inquiry_due().unwrap();
    let seen = ChangeId { number: 11, at: 11 };
    assert_eq!((due.after, due.seen), (Some(11), Some(seen)));
}

#[test]
fn what_has_come_last_is_what_was_seen() {
    let mut store = inside();
    store.apply(live(11, BOB, said(3, BOB, "one")));
    store.apply(Action::Lost(String::new()));
    store.apply(hello(14));
    let two = logged(12, BOB, said(4, BOB, "two"));
    store.apply(missed(vec![two], 13));
    let due = store.inquiry_due().unwrap();
    let seen = ChangeId { number: 12, at: 12 };
    assert_eq!((due.after, due.seen), (Some(13), Some(seen)));
}

#[test]
fn a_canister_that_has_gone_back_is_asked_for_everything() {
    let mut store = inside();
    store.apply(live(11, BOB, said(3, BOB, "taken back")));
    store.apply(Action::Lost(String::new()));
    store.apply(hello(10));
    let due = store.inquiry_due().unwrap();
    assert_eq!((due.after, due.seen), (None, None));
    store.apply(overview(vec![summary(ROOM, 3, 3)], 10));
    assert!(store.is_live());
    assert_eq!(store.room(ROOM).unwrap().room.next, 3);
    store.apply(live(11, BOB, said(3, BOB, "instead")));
    let room = store.room(ROOM).unwrap();
    assert_eq!(room.messages.get(3).unwrap().text, "instead");
}

#[test]
fn what_is_known_nothing_of_is_not_kept() {
    assert_eq!(Snapshot::of(&after([])), None);
}
