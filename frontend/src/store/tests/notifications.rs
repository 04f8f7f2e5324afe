//! What this person was notified of.

use chat_api::{MessageNumber, Notification, NotificationKind};

use super::*;
use crate::store::notifications::{Told, mentions_in};

fn mention(number: u64, message: MessageNumber) -> Change {
    Change::Notified(Notification {
        number,
        kind: NotificationKind::Mention {
            message,
            text: "hi".to_owned(),
        },
        room: ROOM,
        room_name: "Lobby".to_owned(),
        by: person(BOB),
        at: 0,
    })
}

#[test]
fn reading_takes_the_notifications_about_it_away() {
    let mut store = inside();
    store.apply(live(11, BOB, mention(1, 3)));
    store.apply(live(12, BOB, mention(2, 5)));
    assert_eq!(mentions_in(&store.notifications, ROOM), 2);
    let read = Change::Read {
        room: ROOM,
        person: person(ME).id,
        up_to: 4,
    };
    store.apply(live(13, ME, read));
    assert_eq!(mentions_in(&store.notifications, ROOM), 1);
}

#[test]
fn what_was_read_and_what_was_told_is_not_told_again() {
    let mut told = Told::default();
    let mut store = inside();
    assert!(told.fresh(&store).is_empty());
    store.apply(live(11, BOB, mention(1, 3)));
    store.apply(live(12, BOB, mention(2, 4)));
    let numbers = |fresh: Vec<Notification>| fresh.iter().map(|it| it.number).collect::<Vec<_>>();
    assert_eq!(numbers(told.fresh(&store)), [1, 2]);
    store.apply(live(13, ME, Change::NotificationsRead { up_to: 2 }));
    store.apply(live(14, BOB, mention(3, 5)));
    assert_eq!(numbers(told.fresh(&store)), [3]);
    store.apply(Action::Left(None));
    assert!(told.fresh(&store).is_empty());
}
