//! Hearing nothing from somebody.

use super::*;

#[test]
fn neither_says_anything_in_the_conversation_of_two_of_whom_one_has_blocked_the_other() {
    let mut world = World::with(&[ALICE, BOB, CAROL]);
    world.write_to(BOB, ALICE, "buy my watches");
    world.write_to(ALICE, BOB, "no");
    let room = world.rooms_of(BOB)[0];
    let blocked = world.act(ALICE, block(BOB, true));
    let change = |blocked| Change::Blocked {
        person: person(BOB),
        blocked,
    };
    assert_eq!(told(&blocked, ALICE), [change(true)]);
    assert_eq!(told(&blocked, BOB), [], "he need not know");
    world.upgrade();
    for (who, other, message, reason) in [
        (BOB, ALICE, 0, "They have blocked you."),
        (ALICE, BOB, 1, "You have blocked them."),
    ] {
        for command in [
            say(Address::Room(room), "hi"),
            say(Address::Person(id(other)), "hi"),
            edit(room, message, "hi"),
            react(room, message, "👍", true),
        ] {
            assert_eq!(world.refused(who, command), reason);
        }
        world.act(who, Command::Read { room, up_to: 2 });
        world.act(who, Command::Delete { room, message });
    }
    world.write_to(CAROL, ALICE, "others can");
    world.write_to(BOB, CAROL, "and he can write to others");

    let unblocked = world.act(ALICE, block(BOB, false));
    assert_eq!(told(&unblocked, ALICE), [change(false)]);
    world.write_to(BOB, ALICE, "sorry");
}

#[test]
fn who_is_blocked_starts_no_conversation_and_does_not_invite() {
    let mut world = World::in_lobby(&[BOB]);
    world.welcome(&[ALICE]);
    world.act(ALICE, block(BOB, true));
    for command in [say(Address::Person(id(ALICE)), "hi"), invite(LOBBY, ALICE)] {
        assert_eq!(world.refused(BOB, command), "They have blocked you.");
    }
    let hi = say(Address::Person(id(BOB)), "hi");
    assert_eq!(world.refused(ALICE, hi), "You have blocked them.");
}

#[test]
fn in_rooms_one_reads_the_blocked_and_is_not_notified_of_them() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    world.act(ALICE, block(BOB, true));
    let said = world.act(BOB, mention(LOBBY, &[ALICE]));
    assert!(matches!(told(&said, ALICE)[..], [Change::Said { .. }]));
    assert_eq!(world.overview(ALICE).notifications, []);
    world.act(ALICE, mention(LOBBY, &[BOB]));
    assert_eq!(world.overview(BOB).notifications.len(), 1, "he has not");
}

#[test]
fn one_does_not_see_whether_the_blocked_are_here() {
    let mut world = World::in_lobby(&[ALICE, BOB, CAROL]);
    world.write_to(BOB, ALICE, "psst");
    let room = world.rooms_of(BOB)[1];
    for who in [ALICE, CAROL] {
        world.look(key(who, 0), LOBBY);
    }
    let presences = |world: &World| {
        let members = world.chat.view().members(id(ALICE), LOBBY, None, 9);
        let partner = world.summary(ALICE, room).partner.unwrap();
        (members.unwrap().members[1].presence, partner.presence)
    };
    let seen = |presence| Passing::Presence {
        person: id(BOB),
        presence,
    };
    assert_eq!(presences(&world), (Presence::Here, Presence::Here));
    let blocked = world.act(ALICE, block(BOB, true));
    let unknown = Presence::LastSeen(0);
    assert_eq!(passing(&blocked), [(seen(unknown), vec![key(ALICE, 0)])]);
    assert_eq!(presences(&world), (unknown, unknown));

    let typing = world.signal(key(BOB, 0), Signal::Typing { room: LOBBY });
    let to = |passing: &[(Passing, Vec<ClientKey>)]| passing[0].1.clone();
    assert_eq!(to(&passing(&typing)), [key(CAROL, 0)]);
    assert_eq!(world.signal(key(BOB, 0), Signal::Typing { room }), []);
    let gone = world.chat.disconnected(key(BOB, 0), 7);
    assert_eq!(to(&passing(&gone)), [key(CAROL, 0)]);
    let back = world.chat.connected(key(BOB, 0), world.now);
    assert_eq!(to(&passing(&back)), [key(CAROL, 0)]);
    world.look(key(BOB, 0), LOBBY);
    let typing = world.signal(key(ALICE, 0), Signal::Typing { room: LOBBY });
    let all = [key(BOB, 0), key(CAROL, 0)];
    assert_eq!(to(&passing(&typing)), all, "he sees her as before");

    let unblocked = world.act(ALICE, block(BOB, false));
    let here = seen(Presence::Here);
    assert_eq!(passing(&unblocked), [(here, vec![key(ALICE, 0)])]);
    assert_eq!(presences(&world), (Presence::Here, Presence::Here));
}

#[test]
fn one_sees_whom_one_has_blocked_on_every_device() {
    let mut world = World::with(&[ALICE, BOB, CAROL]);
    let start = world.overview(ALICE).up_to;
    for (person, blocked) in [(BOB, true), (CAROL, true), (BOB, false), (BOB, false)] {
        world.act(ALICE, block(person, blocked));
    }
    assert_eq!(world.overview(ALICE).blocked, [person(CAROL)]);
    assert_eq!(world.overview(CAROL).blocked, []);
    let Since::Changes(missed) = world.chat.view().since(id(ALICE), start, None, None, 9) else {
        panic!("all of it is kept");
    };
    let missed = missed.changes.into_iter().map(|logged| logged.change);
    let now = |n, blocked| Change::Blocked {
        person: person(n),
        blocked,
    };
    let as_it_is = [now(BOB, false), now(CAROL, true), now(BOB, false)];
    assert_eq!(missed.collect::<Vec<_>>(), as_it_is);

    let oneself = world.refused(ALICE, block(ALICE, true));
    assert_eq!(oneself, "You cannot block yourself.");
    assert_eq!(
        world.refused(ALICE, block(9, true)),
        "There is no such person."
    );
}
