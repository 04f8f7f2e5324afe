//! How much is kept of what people say.

use super::*;

#[test]
fn messages_of_a_room() {
    let mut world = limited(
        Limits {
            messages: 5,
            ..limits()
        },
        &[ALICE],
    );
    world.act(ALICE, Command::Join { room: LOBBY });
    for n in 0..8 {
        world.say(ALICE, LOBBY, &n.to_string());
        world.act(ALICE, react(LOBBY, n, "👍", true));
    }
    let numbers = |world: &World| -> Vec<_> {
        let messages = world.history(ALICE, LOBBY).unwrap();
        messages.iter().map(|message| message.number).collect()
    };
    assert_eq!(numbers(&world), [3, 4, 5, 6, 7]);
    assert_eq!(world.chat.view().metrics().reactions, 5);
    assert_eq!(world.summary(ALICE, LOBBY).room.first, 3);
    assert_eq!(
        world.refused(ALICE, edit(LOBBY, 2, "x")),
        "There is no such message."
    );

    world.limits.messages = 2;
    world.upgrade();
    world.say(ALICE, LOBBY, "8");
    assert_eq!(numbers(&world), [7, 8]);
}

#[test]
fn bytes_of_a_room() {
    let limits = Limits {
        room_bytes: 10_000,
        ..limits()
    };
    let mut world = limited(limits, &[ALICE]);
    world.act(ALICE, Command::Join { room: LOBBY });
    for _ in 0..200 {
        world.say(ALICE, LOBBY, "short");
    }
    let kept = |world: &World| world.chat.view().metrics().messages;
    assert_eq!(kept(&world), 10_000 / 105);
    let long = "x".repeat(MAX_TEXT_BYTES);
    world.say(ALICE, LOBBY, &long);
    assert_eq!(kept(&world), 1 + (10_000 - 8_292) / 105);
    world.act(ALICE, edit(LOBBY, 200, "shorter"));
    for _ in 0..200 {
        world.say(ALICE, LOBBY, "short");
    }
    assert_eq!(kept(&world), 10_000 / 105);
    world.act(ALICE, edit(LOBBY, 400, &long));
    assert_eq!(kept(&world), 1 + (10_000 - 8_292) / 105);
}

#[test]
fn bytes_of_everything() {
    let limits = Limits {
        bytes: 20_000,
        ..limits()
    };
    let mut world = limited(limits, &[ALICE, BOB]);
    world.act(ALICE, Command::Join { room: LOBBY });
    let long = "x".repeat(MAX_TEXT_BYTES);
    world.say(ALICE, LOBBY, &long);
    world.say(ALICE, LOBBY, &long);
    let full = "The chat is full.";
    world.say(ALICE, LOBBY, &long);
    for command in [
        say(Address::Room(LOBBY), "one more"),
        say(Address::Person(id(BOB)), "hi"),
        create("room", Visibility::Public),
        react(LOBBY, 1, "👍", true),
    ] {
        assert_eq!(world.refused(ALICE, command), full);
    }
    world.act(ALICE, edit(LOBBY, 0, "shorter"));
    let longer = edit(LOBBY, 0, &long);
    world.act(ALICE, longer.clone());
    world.act(ALICE, edit(LOBBY, 0, "shorter"));
    world.say(ALICE, LOBBY, &long);
    assert_eq!(world.refused(ALICE, longer), full);
}

#[test]
fn nothing_stays_of_a_private_room_that_nobody_is_in() {
    let mut world = limited(limits(), &[ALICE]);
    let (rooms, empty) = (world.chat.view().metrics().rooms, volume(&world));
    let room = world.create_room(ALICE, "Secret", Visibility::Private);
    for _ in 0..12 {
        world.say(ALICE, room, "hush");
    }
    world.act(ALICE, Command::Leave { room });
    for _ in 0..2 {
        world.act(ALICE, Command::ReadNotifications { up_to: 0 });
    }
    assert_eq!(world.chat.view().metrics().messages, 0);
    assert_eq!(volume(&world), empty);
    assert_eq!(world.chat.store.rooms.deserted(), Some(room));
    // Its 14 changes.
    for _ in 0..3 {
        world.act(ALICE, Command::ReadNotifications { up_to: 0 });
    }
    assert_eq!(world.chat.store.rooms.deserted(), None);
    let metrics = world.chat.view().metrics();
    assert_eq!((metrics.rooms, metrics.changes), (rooms, 2), "her own");
}

#[test]
fn a_public_room_that_nobody_is_in_is_as_if_there_were_none() {
    let mut world = limited(limits(), &[ALICE, BOB, CAROL]);
    let room = world.create_room(ALICE, "Square", Visibility::Public);
    world.act(BOB, Command::Join { room });
    world.act(ALICE, ban(room, BOB));
    world.act(ALICE, invite(room, CAROL));
    for _ in 0..9 {
        world.say(ALICE, room, "anybody?");
    }
    let left = world.act(ALICE, Command::Leave { room });
    assert_eq!(told(&left, CAROL), [Change::InvitationEnded { room }]);
    let is_gone = |world: &World| {
        let found = world.chat.view().find_rooms("square", None, 9).rooms;
        found.is_empty() && world.history(BOB, room) == Err(QueryError::NoSuchRoom)
    };
    assert!(is_gone(&world), "though there is something left of it");
    assert_eq!(world.overview(CAROL).invitations, []);
    while world.chat.store.rooms.deserted().is_some() {
        let join = world.send(CAROL, Command::Join { room });
        assert_eq!(refusal(&join).as_deref(), Some("There is no such room."));
    }
    assert!(is_gone(&world));
    let metrics = world.chat.view().metrics();
    assert_eq!(
        (metrics.rooms, metrics.messages),
        (1, 0),
        "the lobby is left"
    );
    assert_eq!(world.chat.store.guests.banned(room, None).count(), 0);

    world.upgrade();
    let other = world.create_room(BOB, "Square", Visibility::Public);
    assert_ne!(
        other, room,
        "what clients know of that one is not about this"
    );
}

fn volume(world: &World) -> u64 {
    world.chat.store.volume.bytes()
}
