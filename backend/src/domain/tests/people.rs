//! Being somebody, and being seen.

use super::*;
use serde_bytes::ByteBuf;

fn image(content: &[u8]) -> Command {
    let image = Some(ByteBuf::from(content));
    Command::SetImage { image }
}

fn hello(deliveries: &[Delivery]) -> (Option<Person>, u64) {
    match &deliveries[0].event {
        Event::Hello { you, latest } => (you.clone(), *latest),
        other => panic!("not a hello: {other:?}"),
    }
}

#[test]
fn who_connects_hears_who_they_are_and_how_much_has_happened() {
    let mut world = World::in_lobby(&[ALICE]);
    let latest = world.chat.view().metrics().latest;
    assert_eq!(latest, 2, "she entered, and the lobby has a member");
    let hello_to = |world: &mut World, who| hello(&world.chat.connected(key(who, 1), world.now));
    assert_eq!(hello_to(&mut world, ALICE), (Some(person(ALICE)), latest));
    assert_eq!(hello_to(&mut world, BOB), (None, latest));
}

#[test]
fn without_a_profile_nothing_can_be_done_and_nothing_stays() {
    let mut world = World::new();
    world.chat.connected(key(BOB, 0), world.now);
    let reason = world.refused(BOB, Command::Join { room: LOBBY });
    assert_eq!(reason, "Choose a name first.");
    assert_eq!(world.refused(BOB, profile(" ")), "The name is empty.");
    assert_eq!(world.chat.view().metrics().latest, 0);
    world.act(BOB, profile("Bob"));
    assert_eq!(world.overview(BOB).you.unwrap().name, "Bob");
}

#[test]
fn a_profile_is_shown_to_ones_own_connections_and_to_those_who_look() {
    let mut world = World::in_lobby(&[ALICE, BOB, CAROL]);
    world.chat.connected(key(BOB, 1), world.now);
    world.look(key(ALICE, 0), LOBBY);
    let renamed = world.act(BOB, profile("Bob"));
    let bob = Person {
        name: "Bob".to_owned(),
        look: store::look("Bob"),
        ..person(BOB)
    };
    let to = vec![key(ALICE, 0), key(BOB, 0), key(BOB, 1)];
    assert_eq!(passing(&renamed), [(Passing::Profile(bob), to)]);
    assert!(matches!(renamed[1].event, Event::Done { .. }));
    assert_eq!(passing(&world.act(BOB, profile("Bob"))), [], "no news");
}

#[test]
fn names_that_imitate_others_look_the_same() {
    let mut world = World::with(&[ALICE, BOB, CAROL]);
    let look = |world: &mut World, who, name| {
        world.act(who, profile(name));
        world.overview(who).you.unwrap().look
    };
    let alice = look(&mut world, ALICE, "Alice");
    assert_ne!(look(&mut world, BOB, "Malice"), alice);
    assert_eq!(look(&mut world, CAROL, "\u{410}lice"), alice);
    world.upgrade();
    assert_eq!(world.overview(CAROL).you.unwrap().look, alice);
}

#[test]
fn images_are_kept_apart_and_known_by_version() {
    let mut world = World::with(&[ALICE]);
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x01\0\0\0\0....";
    world.act(ALICE, image(png));
    let first = world.overview(ALICE).you.unwrap().image;
    world.act(ALICE, image(b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\0\0\0\0"));
    let second = world.overview(ALICE).you.unwrap().image;
    assert!(first.is_some() && second.is_some() && first != second);
    let shown = world.chat.view().image(id(ALICE)).unwrap();
    assert_eq!(shown.content_type, "image/webp");

    assert_eq!(
        world.refused(ALICE, image(b"<svg>")),
        "The image is neither PNG nor WebP."
    );
    world.act(ALICE, Command::SetImage { image: None });
    assert_eq!(world.overview(ALICE).you.unwrap().image, None);
    assert_eq!(world.chat.view().image(id(ALICE)), None);
}

#[test]
fn people_are_found_by_how_their_names_begin() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    world.welcome(&[CAROL]);
    for (who, name) in [(ALICE, "Änne"), (BOB, "änni"), (CAROL, "ÄNNO")] {
        world.act(who, profile(name));
    }
    let find = |world: &World, who, prefix, room, limit| {
        let found = world.chat.view().find_people(id(who), prefix, room, limit);
        found.map(|people| people.into_iter().map(|p| p.name).collect::<Vec<_>>())
    };
    let all = ["Änne", "änni", "ÄNNO"].map(str::to_owned);
    assert_eq!(find(&world, ALICE, "än", None, 10), Ok(all.to_vec()));
    assert_eq!(find(&world, ALICE, "än", None, 2), Ok(all[..2].to_vec()));
    assert_eq!(find(&world, ALICE, "änni", None, 9), Ok(all[1..2].to_vec()));
    let members = find(&world, CAROL, "ä", Some(LOBBY), 10);
    assert_eq!(members, Ok(all[..2].to_vec()));
    assert_eq!(find(&world, 9, "ä", None, 10), Err(QueryError::NoProfile));
    world.act(BOB, profile("Bob"));
    assert_eq!(find(&world, ALICE, "änni", None, 10), Ok(vec![]));
}

#[test]
fn coming_and_going_is_shown_to_those_who_look_and_to_partners() {
    let mut world = World::in_lobby(&[ALICE, BOB, CAROL]);
    world.write_to(BOB, CAROL, "psst");
    world.look(key(ALICE, 0), LOBBY);
    let onlookers = vec![key(ALICE, 0), key(CAROL, 0)];
    let seen = |presence| Passing::Presence {
        person: id(BOB),
        presence,
    };

    world.chat.connected(key(BOB, 1), world.now);
    assert_eq!(world.chat.disconnected(key(BOB, 0), 7), [], "one is left");
    let gone = world.chat.disconnected(key(BOB, 1), 8);
    let last_seen = seen(Presence::LastSeen(8));
    assert_eq!(passing(&gone), [(last_seen, onlookers.clone())]);
    assert_eq!(world.chat.disconnected(key(BOB, 1), 9), [], "not again");
    let view = world.chat.view();
    let members = view.members(id(ALICE), LOBBY, None, 10).unwrap().members;
    assert_eq!(members[1].presence, Presence::LastSeen(8));
    assert_eq!(members[0].presence, Presence::Here);

    let back = world.chat.connected(key(BOB, 2), world.now);
    let here = seen(Presence::Here);
    assert_eq!(passing(&back), [(here, onlookers)]);
}

#[test]
fn typing_is_shown_to_those_who_look_at_the_room() {
    let mut world = World::in_lobby(&[ALICE, BOB, CAROL]);
    world.look(key(ALICE, 0), LOBBY);
    let typing = Signal::Typing { room: LOBBY };
    let shown = Passing::Typing {
        room: LOBBY,
        person: id(BOB),
    };
    let seen = passing(&world.signal(key(BOB, 0), typing));
    assert_eq!(seen, [(shown, vec![key(ALICE, 0)])]);

    world.upgrade();
    assert_eq!(world.signal(key(BOB, 0), typing).len(), 1, "still looking");
    world.signal(key(ALICE, 0), Signal::Look { room: None });
    world.now += world.limits.typing_pause;
    assert_eq!(world.signal(key(BOB, 0), typing), []);
}

#[test]
fn typing_is_news_once_in_a_while() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    let room = world.create_room(BOB, "Elsewhere", Visibility::Public);
    world.look(key(ALICE, 0), LOBBY);
    let typing = |room| Signal::Typing { room };
    let is_shown = |world: &mut World, room| !world.signal(key(BOB, 0), typing(room)).is_empty();
    assert!(is_shown(&mut world, LOBBY));
    assert!(!is_shown(&mut world, LOBBY));
    assert!(!is_shown(&mut world, room), "nobody looks there");
    assert!(is_shown(&mut world, LOBBY), "back again");
    world.now += world.limits.typing_pause;
    assert!(is_shown(&mut world, LOBBY));
}

#[test]
fn strangers_neither_look_nor_type() {
    let mut world = World::in_lobby(&[ALICE]);
    world.welcome(&[BOB]);
    world.look(key(ALICE, 0), LOBBY);
    world.look(key(BOB, 0), LOBBY);
    let typing = Signal::Typing { room: LOBBY };
    assert_eq!(world.signal(key(BOB, 0), typing), []);
    assert_eq!(world.signal(key(ALICE, 0), typing), [], "nobody looks");
}

#[test]
fn in_large_rooms_nobody_is_told_who_comes() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    world.look(key(ALICE, 0), LOBBY);
    let come_and_go = |world: &mut World| {
        world.chat.connected(key(BOB, 0), world.now);
        passing(&world.chat.disconnected(key(BOB, 0), 1)).len()
    };
    for n in 2..LIVELY_MEMBERS {
        let other = Principal::from_slice(&n.to_be_bytes());
        let key = ClientKey {
            client_principal: other,
            client_nonce: 0,
        };
        for command in [profile("x"), Command::Join { room: LOBBY }] {
            let id = world.next_id();
            world.chat.request(key, Request { id, command }, world.now);
        }
    }
    assert_eq!(world.summary(ALICE, LOBBY).room.members, LIVELY_MEMBERS);
    assert_eq!(come_and_go(&mut world), 1);
    world.welcome(&[CAROL]);
    world.act(CAROL, Command::Join { room: LOBBY });
    assert_eq!(come_and_go(&mut world), 0);
}

#[test]
fn connections_whose_end_was_missed_are_dropped() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    world.chat.connected(key(ALICE, 1), world.now);
    world.look(key(ALICE, 1), LOBBY);
    world.upgrade();
    let kept = key(ALICE, 1);
    let dropped = world.chat.drop_connections_unless(|it| *it == kept, 5);
    let gone = Passing::Presence {
        person: id(BOB),
        presence: Presence::LastSeen(5),
    };
    assert_eq!(passing(&dropped), [(gone, vec![kept])]);
    assert_eq!(world.chat.view().metrics().connections, 1);
    assert_eq!(told(&world.say(ALICE, LOBBY, "hi"), BOB), []);
}

#[test]
fn connections_whose_end_was_missed_are_noticed_some_at_a_time() {
    let limits = Limits {
        checked_at_once: 2,
        ..limits()
    };
    let mut world = limited(limits, &[ALICE, BOB, CAROL]);
    world.write_to(ALICE, CAROL, "psst");
    let check = |world: &mut World| {
        let is_open = |key: &ClientKey| key.client_principal != id(CAROL);
        let dropped = world.chat.check_connections(is_open, 5);
        passing(&dropped)
    };
    let gone = Passing::Presence {
        person: id(CAROL),
        presence: Presence::LastSeen(5),
    };
    assert_eq!(check(&mut world), []);
    let told = [(gone, vec![key(ALICE, 0)])];
    assert_eq!(check(&mut world), told);
    world.chat.connected(key(CAROL, 1), world.now);
    assert_eq!(check(&mut world), told, "the next one");
    for _ in 0..2 {
        assert_eq!(check(&mut world), [], "none, then from the first one on");
    }
    world.chat.connected(key(CAROL, 2), world.now);
    assert_eq!(check(&mut world), told);
}
