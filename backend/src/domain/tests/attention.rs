//! Conversations, notifications and read markers.

use super::*;

fn notifications(world: &World, person: u8) -> Vec<NotificationKind> {
    let notifications = world.overview(person).notifications.into_iter();
    notifications
        .map(|notification| notification.kind)
        .collect()
}

fn read(room: RoomId, up_to: MessageNumber) -> Command {
    Command::Read { room, up_to }
}

#[test]
fn the_first_message_to_a_person_starts_the_conversation() {
    let mut world = World::with(&[ALICE, BOB, CAROL]);
    let first = world.write_to(ALICE, BOB, "psst");
    let changes = told(&first, BOB);
    let [
        Change::Entered(entered),
        Change::Said { room, .. },
        Change::Notified(_),
    ] = &changes[..]
    else {
        panic!("{changes:?}");
    };
    let partner = entered.partner.as_ref().unwrap();
    assert_eq!(
        (&partner.person, partner.presence),
        (&person(ALICE), Presence::Here)
    );
    let room = *room;
    world.write_to(BOB, ALICE, "what?");
    assert_eq!(world.rooms_of(ALICE), [room]);
    assert_eq!(world.history(BOB, room).unwrap().len(), 2);
    assert_eq!(world.history(CAROL, room), Err(QueryError::NoSuchRoom));
    assert_eq!(
        world.refused(CAROL, Command::Join { room }),
        "There is no such room."
    );
    for command in [
        invite(room, CAROL),
        remove(room, BOB),
        set_role(room, BOB, Role::Owner),
        Command::Delete { room, message: 1 },
    ] {
        let reason = world.refused(ALICE, command);
        assert_eq!(reason, "That cannot be done in a conversation.");
    }
    let nobody = say(Address::Person(id(9)), "hi");
    assert_eq!(world.refused(ALICE, nobody), "There is no such person.");
}

#[test]
fn a_conversation_is_left_until_something_is_said_in_it() {
    let mut world = World::with(&[ALICE, BOB]);
    world.write_to(ALICE, BOB, "psst");
    let room = world.rooms_of(BOB)[0];
    let leave = Command::Leave { room };
    let left = world.act(BOB, leave.clone());
    assert_eq!(told(&left, BOB), [Change::Exited { room }]);
    assert_eq!(told(&left, ALICE), []);
    assert_eq!(told(&world.act(BOB, leave.clone()), BOB), [], "once");
    assert_eq!(world.rooms_of(BOB), [0; 0]);
    assert_eq!(notifications(&world, BOB), []);
    let partner = world.summary(ALICE, room).partner.unwrap();
    assert_eq!(partner.person, person(BOB), "she still sees it");

    world.upgrade();
    let said = world.say(ALICE, room, "are you there?");
    let changes = told(&said, BOB);
    let [
        Change::Entered(entered),
        Change::Said { .. },
        Change::Notified(_),
    ] = &changes[..]
    else {
        panic!("{changes:?}");
    };
    assert_eq!((entered.room.id, entered.read_up_to), (room, 0));
    assert_eq!(world.history(BOB, room).unwrap().len(), 2);

    world.act(BOB, leave);
    let said = world.write_to(BOB, ALICE, "now I am");
    assert!(matches!(told(&said, BOB)[0], Change::Entered(_)));
    assert_eq!(told(&said, ALICE).len(), 2, "said and notified");
    assert_eq!(world.rooms_of(BOB), [room], "the same one");
}

#[test]
fn one_can_talk_to_oneself() {
    let mut world = World::with(&[ALICE]);
    let note = world.write_to(ALICE, ALICE, "note");
    let changes = told(&note, ALICE);
    assert!(matches!(
        changes[..],
        [Change::Entered(_), Change::Said { .. }]
    ));
    let summary = &world.overview(ALICE).rooms[0];
    assert_eq!(summary.partner.as_ref().unwrap().person, person(ALICE));
    assert_eq!((summary.room.members, summary.read_up_to), (1, 1));
}

#[test]
fn one_is_notified_of_a_conversation_once_until_it_is_read() {
    let mut world = World::with(&[ALICE, BOB]);
    world.write_to(ALICE, BOB, "one");
    world.write_to(ALICE, BOB, "two");
    let room = world.rooms_of(BOB)[0];
    let direct = |message, text: &str| NotificationKind::Direct {
        message,
        text: text.to_owned(),
    };
    assert_eq!(notifications(&world, BOB), [direct(0, "one")]);
    world.act(BOB, read(room, 2));
    assert_eq!(notifications(&world, BOB), []);
    world.write_to(ALICE, BOB, "three");
    assert_eq!(notifications(&world, BOB), [direct(2, "three")]);
    world.write_to(BOB, ALICE, "an answer has read it, too");
    assert_eq!(notifications(&world, BOB), []);
    world.write_to(ALICE, BOB, "four");
    world.act(BOB, Command::ReadNotifications { up_to: u64::MAX });
    world.write_to(ALICE, BOB, "five");
    assert_eq!(notifications(&world, BOB), [direct(5, "five")]);
}

#[test]
fn the_mentioned_are_notified_unless_they_have_muted_the_room() {
    let mut world = World::in_lobby(&[ALICE, BOB, CAROL]);
    world.welcome(&[4]);
    let said = world.act(ALICE, mention(LOBBY, &[BOB, BOB, ALICE, CAROL, 4, 9]));
    let Change::Said { message, .. } = &told(&said, BOB)[0] else {
        panic!("{said:?}");
    };
    assert_eq!(
        message.mentions,
        [id(ALICE), id(BOB), id(CAROL)],
        "members, once each"
    );
    let mentioned = NotificationKind::Mention {
        message: 0,
        text: "you".to_owned(),
    };
    assert_eq!(notifications(&world, BOB), [mentioned]);
    assert_eq!(
        notifications(&world, ALICE).len() + notifications(&world, 4).len(),
        0
    );

    let mute = |muted| Command::Mute { room: LOBBY, muted };
    let muted = world.act(CAROL, mute(true));
    assert_eq!(
        told(&muted, CAROL),
        [Change::Muted {
            room: LOBBY,
            muted: true
        }]
    );
    world.act(ALICE, mention(LOBBY, &[CAROL]));
    assert_eq!(notifications(&world, CAROL).len(), 1, "the one before");
    world.act(CAROL, read(LOBBY, 1));
    assert_eq!(notifications(&world, CAROL).len(), 0);
    world.act(CAROL, mute(false));
    world.act(ALICE, mention(LOBBY, &[CAROL]));
    assert_eq!(notifications(&world, CAROL).len(), 1);
    world.act(CAROL, Command::Leave { room: LOBBY });
    assert_eq!(notifications(&world, CAROL).len(), 0);
}

#[test]
fn read_markers_go_forward_and_to_those_concerned() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    for text in ["a", "b", "c"] {
        world.say(ALICE, LOBBY, text);
    }
    assert_eq!(world.summary(ALICE, LOBBY).read_up_to, 3, "by writing");
    assert_eq!(world.summary(BOB, LOBBY).read_up_to, 0);
    let marked = world.act(BOB, read(LOBBY, 2));
    let marker = |room, up_to| Change::Read {
        room,
        person: id(BOB),
        up_to,
    };
    assert_eq!(told(&marked, BOB), [marker(LOBBY, 2)]);
    assert_eq!(told(&marked, ALICE), []);
    assert_eq!(told(&world.act(BOB, read(LOBBY, 1)), BOB), [], "not back");
    assert_eq!(
        told(&world.act(BOB, read(LOBBY, 99)), BOB),
        [marker(LOBBY, 3)]
    );

    world.write_to(ALICE, BOB, "psst");
    let room = world.rooms_of(BOB)[1];
    let marked = world.act(BOB, read(room, 1));
    assert_eq!(told(&marked, ALICE), [marker(room, 1)]);
    let partner = world.summary(ALICE, room).partner;
    assert_eq!(partner.unwrap().read_up_to, 1);
}
