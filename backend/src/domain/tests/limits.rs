//! Every limit is reached, and says so.

use super::*;

#[test]
fn people() {
    let mut world = limited(
        Limits {
            people: 1,
            ..limits()
        },
        &[ALICE],
    );
    world.act(ALICE, profile("still Alice"));
    let reason = world.refused(BOB, profile("Bob"));
    assert_eq!(reason, "The chat has no room for more people.");
}

#[test]
fn rooms() {
    let mut world = limited(
        Limits {
            rooms: 2,
            ..limits()
        },
        &[ALICE, BOB],
    );
    world.create_room(ALICE, "one", Visibility::Public);
    let full = "The chat has no room for more rooms.";
    assert_eq!(
        world.refused(ALICE, create("two", Visibility::Public)),
        full
    );
    assert_eq!(
        world.refused(ALICE, say(Address::Person(id(BOB)), "hi")),
        full
    );
}

#[test]
fn rooms_made_by_one_person() {
    let mut world = limited(
        Limits {
            rooms_made: 1,
            ..limits()
        },
        &[ALICE],
    );
    let room = world.create_room(ALICE, "one", Visibility::Public);
    world.act(ALICE, Command::Leave { room });
    let reason = world.refused(ALICE, create("two", Visibility::Public));
    assert_eq!(reason, "You have made 1 rooms, the limit.");
}

#[test]
fn groups_of_one_person() {
    let mut world = limited(
        Limits {
            groups: 1,
            ..limits()
        },
        &[ALICE, BOB],
    );
    let room = world.create_room(ALICE, "one", Visibility::Public);
    let reason = "You are a member of 1 rooms, the limit.";
    assert_eq!(world.refused(ALICE, Command::Join { room: LOBBY }), reason);
    assert_eq!(
        world.refused(ALICE, create("two", Visibility::Public)),
        reason
    );
    world.write_to(ALICE, BOB, "conversations are none of them");
    world.act(ALICE, Command::Leave { room });
    world.act(ALICE, Command::Join { room: LOBBY });
}

#[test]
fn conversations_of_one_person() {
    let limits = Limits {
        conversations_started: 1,
        conversations: 2,
        ..limits()
    };
    let mut world = limited(limits, &[ALICE, BOB, CAROL, 4]);
    let write_to = |to| say(Address::Person(id(to)), "hi");
    world.write_to(ALICE, BOB, "hi");
    world.write_to(BOB, ALICE, "hi");
    let reason = world.refused(ALICE, write_to(CAROL));
    assert_eq!(reason, "You have started 1 conversations, the limit.");
    world.write_to(CAROL, BOB, "hi");
    let reason = world.refused(4, write_to(BOB));
    assert_eq!(reason, "They have 2 conversations, the limit.");
    world.write_to(
        BOB,
        4,
        "of those that others start, none counts against Bob",
    );
}

#[test]
fn members_of_a_room() {
    let mut world = limited(
        Limits {
            members: 1,
            ..limits()
        },
        &[ALICE, BOB],
    );
    world.act(ALICE, Command::Join { room: LOBBY });
    let reason = world.refused(BOB, Command::Join { room: LOBBY });
    assert_eq!(reason, "The room has 1 members, the limit.");
}

#[test]
fn invitations() {
    let mut world = limited(
        Limits {
            invitations: 1,
            ..limits()
        },
        &[ALICE, BOB],
    );
    let rooms = ["one", "two"].map(|name| world.create_room(ALICE, name, Visibility::Private));
    world.act(ALICE, invite(rooms[0], BOB));
    let reason = world.refused(ALICE, invite(rooms[1], BOB));
    assert_eq!(reason, "They have 1 invitations, the limit.");
}

#[test]
fn invitations_to_one_room() {
    let limits = Limits {
        room_invitations: 1,
        ..limits()
    };
    let mut world = limited(limits, &[ALICE, BOB, CAROL]);
    let room = world.create_room(ALICE, "room", Visibility::Private);
    world.act(ALICE, invite(room, BOB));
    let reason = world.refused(ALICE, invite(room, CAROL));
    assert_eq!(reason, "The room has 1 open invitations, the limit.");
}

#[test]
fn bans() {
    let limits = Limits {
        bans: 1,
        ..limits()
    };
    let mut world = limited(limits, &[ALICE, BOB, CAROL]);
    world.act(ALICE, Command::Join { room: LOBBY });
    world.act(ALICE, ban(LOBBY, BOB));
    let reason = world.refused(ALICE, ban(LOBBY, CAROL));
    assert_eq!(reason, "1 people are banned from this room, the limit.");
    world.act(ALICE, unban(LOBBY, BOB));
    world.act(ALICE, ban(LOBBY, CAROL));
}

#[test]
fn blocked_people() {
    let limits = Limits {
        blocked: 1,
        ..limits()
    };
    let mut world = limited(limits, &[ALICE, BOB, CAROL]);
    world.act(ALICE, block(BOB, true));
    let reason = world.refused(ALICE, block(CAROL, true));
    assert_eq!(reason, "You have blocked 1 people, the limit.");
    world.act(BOB, block(CAROL, true));
    world.act(ALICE, block(BOB, false));
    world.act(ALICE, block(CAROL, true));
}

#[test]
fn changes_that_can_be_caught_up_with() {
    let limits = Limits {
        room_changes: 3,
        person_changes: 2,
        ..limits()
    };
    let mut world = limited(limits, &[ALICE, BOB]);
    world.act(ALICE, Command::Join { room: LOBBY });
    world.act(BOB, Command::Join { room: LOBBY });
    let since = |world: &World, after| match world.chat.view().since(id(BOB), after, None, None, 9)
    {
        Since::Changes(changes) => Some(changes.changes.len()),
        Since::TooLongAgo => None,
    };
    let start = world.overview(BOB).up_to;
    for n in 0..3 {
        assert_eq!(since(&world, start), Some(n));
        world.say(ALICE, LOBBY, "hi");
    }
    assert_eq!(since(&world, start), Some(3));
    world.say(ALICE, LOBBY, "one more");
    assert_eq!(since(&world, start), None);
    assert_eq!(since(&world, start + 1), Some(3));

    let start = world.overview(BOB).up_to;
    for muted in [true, false, true] {
        world.act(BOB, Command::Mute { room: LOBBY, muted });
    }
    assert_eq!(
        (since(&world, start), since(&world, start + 1)),
        (None, Some(2))
    );
    let future = world.overview(BOB).up_to + 1;
    assert_eq!(since(&world, future), None, "of another chat");
}

#[test]
fn what_was_seen_in_another_history_is_not_gone_on_from() {
    let mut world = World::with(&[ALICE, BOB]);
    for person in [ALICE, BOB] {
        world.act(person, Command::Join { room: LOBBY });
    }
    world.say(ALICE, LOBBY, "one");
    let Overview { up_to, latest, .. } = world.overview(BOB);
    let latest = latest.unwrap();
    world.say(ALICE, LOBBY, "two");
    let since = |seen| match world.chat.view().since(id(BOB), up_to, seen, None, 9) {
        Since::Changes(changes) => Some(changes.changes.len()),
        Since::TooLongAgo => None,
    };
    assert_eq!(since(None), Some(1));
    assert_eq!(since(Some(latest)), Some(1));
    let at = latest.at + 1;
    assert_eq!(since(Some(ChangeId { at, ..latest })), None);
    let number = latest.number + 2;
    assert_eq!(since(Some(ChangeId { number, ..latest })), None);
}

#[test]
fn notifications_of_one_person() {
    let mut world = limited(
        Limits {
            notifications: 2,
            ..limits()
        },
        &[ALICE, BOB],
    );
    world.act(ALICE, Command::Join { room: LOBBY });
    world.act(BOB, Command::Join { room: LOBBY });
    for _ in 0..4 {
        world.act(ALICE, mention(LOBBY, &[BOB]));
    }
    let notifications = world.overview(BOB).notifications;
    let messages: Vec<_> = notifications
        .iter()
        .map(|notification| match notification.kind {
            NotificationKind::Mention { message, .. } => message,
            _ => panic!("{notification:?}"),
        })
        .collect();
    assert_eq!(messages, [2, 3]);
}

#[test]
fn devices_of_one_person() {
    let mut world = limited(
        Limits {
            devices: 2,
            ..limits()
        },
        &[ALICE],
    );
    let request = |device, number| Request {
        id: CommandId { device, number },
        command: Command::Read {
            room: LOBBY,
            up_to: 0,
        },
    };
    for (device, number) in [(1, 1), (2, 1), (1, 2), (3, 1)] {
        world.now += 2 * 3_600_000_000_000;
        world
            .chat
            .request(key(ALICE, 0), request(device, number), world.now);
    }
    let settled = |device| world.chat.view().overview(id(ALICE), Some(device)).settled;
    assert_eq!(
        [1, 2, 3].map(settled),
        [2, 0, 1],
        "the second was used the longest ago"
    );
}

#[test]
fn emojis_and_reactions_of_a_message() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    world.say(ALICE, LOBBY, "like me");
    let emoji = |n: u32| char::from_u32(0x1f600 + n).unwrap().to_string();
    for n in 0..20 {
        world.act(ALICE, react(LOBBY, 0, &emoji(n), true));
    }
    let reason = world.refused(ALICE, react(LOBBY, 0, &emoji(20), true));
    assert_eq!(reason, "The message has 20 different emojis, the limit.");
    world.act(BOB, react(LOBBY, 0, &emoji(7), true));

    for n in 0..MAX_REACTIONS - 21 {
        let person = Principal::from_slice(&n.to_be_bytes());
        let from = ClientKey {
            client_principal: person,
            client_nonce: 0,
        };
        for command in [
            profile("x"),
            Command::Join { room: LOBBY },
            react(LOBBY, 0, &emoji(7), true),
        ] {
            let id = world.next_id();
            world.chat.request(from, Request { id, command }, world.now);
        }
    }
    let reason = world.refused(BOB, react(LOBBY, 0, &emoji(8), true));
    assert_eq!(reason, "The message has 1000 reactions, the limit.");
    world.act(BOB, react(LOBBY, 0, &emoji(7), false));
}
