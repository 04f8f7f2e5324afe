//! Every limit is reached, and says so.

use super::*;

/// Limits that nothing reaches but what a test changes.
fn limits() -> Limits {
    Limits {
        burst: 1_000_000,
        ..Limits::default()
    }
}

fn limited(limits: Limits, people: &[u8]) -> World {
    let mut world = World::limited(limits);
    world.welcome(people);
    world
}

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
        conversations: 1,
        ..limits()
    };
    let mut world = limited(limits, &[ALICE, BOB, CAROL]);
    world.write_to(ALICE, BOB, "hi");
    world.write_to(BOB, ALICE, "hi");
    let reason = "One of you has 1 conversations, the limit.";
    for (from, to) in [(ALICE, CAROL), (CAROL, ALICE)] {
        assert_eq!(
            world.refused(from, say(Address::Person(id(to)), "hi")),
            reason
        );
    }
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
    assert_eq!(numbers(&world), [5, 6, 7, 8], "a few at a time");
    world.say(ALICE, LOBBY, "9");
    world.say(ALICE, LOBBY, "10");
    assert_eq!(numbers(&world), [9, 10]);
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
    let since = |world: &World, after| match world.chat.view().since(id(BOB), after, None, 9) {
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
fn commands_and_signals_in_a_time() {
    let limits = Limits {
        burst: 3,
        per_second: 1,
        ..Limits::default()
    };
    let mut world = limited(limits, &[ALICE]);
    world.act(ALICE, Command::Join { room: LOBBY });
    world.look(key(ALICE, 0), LOBBY);
    let reason = world.refused(ALICE, say(Address::Room(LOBBY), "hi"));
    assert_eq!(reason, "That was too much at once. Wait a little.");
    world.now += 1_000_000_000;
    world.say(ALICE, LOBBY, "hi");
}

#[test]
fn what_many_are_told_costs_more() {
    let limits = Limits {
        burst: 5,
        per_second: 1,
        recipients_per_token: 2,
        ..Limits::default()
    };
    let mut world = limited(limits, &[ALICE, BOB, CAROL, 4]);
    for person in [ALICE, BOB, CAROL, 4] {
        world.act(person, Command::Join { room: LOBBY });
    }
    world.now += 10_000_000_000;
    world.say(ALICE, LOBBY, "five tokens are left, and this takes three");
    world.say(ALICE, LOBBY, "the second takes one more than there are");
    world.now += 1_000_000_000;
    world.refused(ALICE, say(Address::Room(LOBBY), "not yet"));
    world.now += 1_000_000_000;
    world.say(ALICE, LOBBY, "again");
}

#[test]
fn who_comes_and_goes_all_the_time_is_not_seen_any_more() {
    let limits = Limits {
        burst: 3,
        per_second: 1,
        ..Limits::default()
    };
    let mut world = limited(limits, &[ALICE, BOB]);
    for person in [ALICE, BOB] {
        world.act(person, Command::Join { room: LOBBY });
    }
    world.now += 10_000_000_000;
    world.look(key(ALICE, 0), LOBBY);
    world.chat.disconnected(key(BOB, 0), world.now);
    let times = |world: &mut World| {
        let came = passing(&world.chat.connected(key(BOB, 0), world.now)).len();
        let went = passing(&world.chat.disconnected(key(BOB, 0), world.now)).len();
        (came, went)
    };
    let seen: Vec<_> = (0..5).map(|_| times(&mut world)).collect();
    assert_eq!(seen, [(1, 1), (1, 1), (1, 1), (0, 0), (0, 0)]);
    world.now += 1_000_000_000;
    assert_eq!(times(&mut world), (1, 1));
}

#[test]
fn all_that_a_page_may_have_on_its_way_is_taken_at_once() {
    let mut world = limited(Limits::default(), &[ALICE]);
    world.act(ALICE, Command::Join { room: LOBBY });
    for _ in 0..MAX_IN_FLIGHT {
        world.say(ALICE, LOBBY, "written while offline");
    }
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
