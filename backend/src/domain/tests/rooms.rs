//! Rooms: made, found, changed, hidden.

use super::*;

fn names(found: FoundRooms) -> Vec<String> {
    found.rooms.into_iter().map(|room| room.name).collect()
}

fn edit_room(room: RoomId, name: &str, visibility: Visibility) -> Command {
    Command::EditRoom {
        room,
        name: name.to_owned(),
        topic: " the  topic ".to_owned(),
        visibility,
    }
}

#[test]
fn there_is_a_room_from_the_start_and_the_first_in_it_owns_it() {
    let mut world = World::with(&[ALICE, BOB]);
    let found = world.chat.view().find_rooms("", None, 10);
    assert_eq!(names(found), ["Lobby"]);
    let joined = world.act(ALICE, Command::Join { room: LOBBY });
    match told(&joined, ALICE).as_slice() {
        [Change::Entered(summary), Change::Member { members: 1, .. }] => {
            assert_eq!(summary.role, Role::Owner);
        }
        other => panic!("{other:?}"),
    }
    world.act(BOB, Command::Join { room: LOBBY });
    assert_eq!(
        world.roles(LOBBY),
        [(ALICE, Role::Owner), (BOB, Role::Member)]
    );
    world.upgrade();
    assert_eq!(world.chat.view().metrics().rooms, 1, "not one more");
}

#[test]
fn who_makes_a_room_owns_it() {
    let mut world = World::with(&[ALICE, BOB]);
    let room = world.create_room(ALICE, " My  room ", Visibility::Public);
    let summary = world.summary(ALICE, room);
    assert_eq!(
        (summary.room.name.as_str(), summary.role),
        ("My room", Role::Owner)
    );
    assert_eq!((summary.room.members, summary.room.next), (1, 0));
    assert_eq!(summary.last, None);
    assert_eq!(world.rooms_of(BOB), [0; 0]);
    assert_eq!(
        world.refused(ALICE, create("a\u{200b}", Visibility::Public)),
        "The name has invisible characters."
    );
    let topic = "x".repeat(MAX_TOPIC_BYTES + 1);
    let command = Command::CreateRoom {
        name: "x".to_owned(),
        topic,
        visibility: Visibility::Public,
    };
    let reason = world.refused(ALICE, command);
    assert_eq!(reason, "The topic has 257 bytes, at most 256 are allowed.");
}

#[test]
fn public_rooms_are_found_by_how_their_names_begin_page_by_page() {
    let mut world = World::with(&[ALICE]);
    for name in ["Birds", "bees", "Bears", "bees", "Cats"] {
        world.create_room(ALICE, name, Visibility::Public);
    }
    world.create_room(ALICE, "Bats", Visibility::Private);
    let view = world.chat.view();
    let first = view.find_rooms("B", None, 3);
    let after = first.more_after.clone();
    assert_eq!(names(first), ["Bears", "bees", "bees"]);
    let second = view.find_rooms("B", after, 3);
    assert_eq!(second.more_after, None);
    assert_eq!(names(second), ["Birds"]);
    assert_eq!(names(view.find_rooms("bats", None, 3)), [""; 0]);
}

#[test]
fn an_edited_room_is_found_as_it_is_now() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    let edited = world.act(ALICE, edit_room(LOBBY, "Hall", Visibility::Public));
    match told(&edited, BOB).as_slice() {
        [Change::Room(room)] => {
            assert_eq!(
                (room.name.as_str(), room.topic.as_str()),
                ("Hall", "the topic")
            );
        }
        other => panic!("{other:?}"),
    }
    let find = |world: &World, prefix| names(world.chat.view().find_rooms(prefix, None, 9));
    assert_eq!(find(&world, "hall"), ["Hall"]);
    assert_eq!(find(&world, "lobby"), [""; 0]);

    world.act(ALICE, edit_room(LOBBY, "Hall", Visibility::Private));
    assert_eq!(find(&world, ""), [""; 0]);
    let reason = world.refused(BOB, edit_room(LOBBY, "x", Visibility::Public));
    assert_eq!(reason, "Only moderators of this room may do that.");
}

#[test]
fn only_owners_say_who_finds_a_room() {
    let mut world = World::with(&[ALICE, BOB]);
    let room = world.create_room(ALICE, "Secret", Visibility::Private);
    world.say(ALICE, room, "between us");
    world.act(ALICE, invite(room, BOB));
    world.act(BOB, Command::Join { room });
    world.act(ALICE, set_role(room, BOB, Role::Moderator));
    let reason = world.refused(BOB, edit_room(room, "Open", Visibility::Public));
    assert_eq!(reason, "Only the owner of this room may do that.");
    assert_eq!(world.history(CAROL, room), Err(QueryError::NoSuchRoom));
    world.act(BOB, edit_room(room, "Still secret", Visibility::Private));
    world.act(ALICE, edit_room(room, "Open", Visibility::Public));
    assert_eq!(world.history(CAROL, room).unwrap().len(), 1);
}

#[test]
fn a_private_room_is_as_if_there_were_none() {
    let mut world = World::with(&[ALICE, BOB]);
    let room = world.create_room(ALICE, "Secret", Visibility::Private);
    world.say(ALICE, room, "hush");
    let missing = room + 1;
    for room in [room, missing] {
        for command in [
            Command::Join { room },
            Command::Leave { room },
            Command::Mute { room, muted: true },
            Command::Read { room, up_to: 1 },
            Command::Delete { room, message: 0 },
            say(Address::Room(room), "hi"),
            edit(room, 0, "x"),
            react(room, 0, "👍", true),
            edit_room(room, "x", Visibility::Public),
            invite(room, BOB),
            remove(room, ALICE),
            ban(room, ALICE),
            unban(room, ALICE),
            set_role(room, BOB, Role::Owner),
        ] {
            let reason = world.refused(BOB, command.clone());
            assert_eq!(reason, "There is no such room.", "{command:?}");
        }
        let (view, none) = (world.chat.view(), Err(QueryError::NoSuchRoom));
        assert_eq!(world.history(BOB, room), none.map(|()| vec![]));
        assert_eq!(view.members(id(BOB), room, None, 9).map(drop), none);
        assert_eq!(view.banned(id(BOB), room, None, 9).map(drop), none);
        assert_eq!(view.find_people(id(BOB), "", Some(room), 9).map(drop), none);
    }
}

#[test]
fn a_public_room_is_read_by_anyone_but_the_banned() {
    let mut world = World::in_lobby(&[ALICE]);
    world.welcome(&[BOB]);
    world.say(ALICE, LOBBY, "hello");
    assert_eq!(world.history(BOB, LOBBY).unwrap().len(), 1);
    assert_eq!(world.history(9, LOBBY).unwrap().len(), 1);
    let reason = world.refused(BOB, say(Address::Room(LOBBY), "hi"));
    assert_eq!(reason, "You are not a member of this room.");
    world.act(ALICE, ban(LOBBY, BOB));
    assert_eq!(world.history(BOB, LOBBY), Err(QueryError::NotAllowed));
}
