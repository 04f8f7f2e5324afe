//! How much one person may ask for in a time.

use super::*;

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
