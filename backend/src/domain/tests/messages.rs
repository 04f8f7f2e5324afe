//! Saying something, and what can be done with what was said.

use super::*;

/// The one message that somebody hears.
fn heard(deliveries: &[Delivery], by: u8) -> (Message, Person) {
    match told(deliveries, by).as_slice() {
        [
            Change::Said {
                message, author, ..
            },
        ] => (message.clone(), author.clone()),
        other => panic!("not one message: {other:?}"),
    }
}

#[test]
fn what_is_said_reaches_the_members_of_the_room() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    world.welcome(&[CAROL]);
    let said = world.say(ALICE, LOBBY, "*hi*");
    for member in [ALICE, BOB] {
        let (message, author) = heard(&said, member);
        assert_eq!(author, person(ALICE));
        assert_eq!((message.number, message.at), (0, world.now));
        assert_eq!((message.author, message.text.as_str()), (id(ALICE), "*hi*"));
    }
    assert_eq!(told(&said, CAROL), []);
    assert_eq!(
        said.len(),
        1,
        "the message tells its author that it is settled"
    );
    assert_eq!(heard(&world.say(BOB, LOBBY, "hi"), ALICE).0.number, 1);
    world.upgrade();
    assert_eq!(heard(&world.say(BOB, LOBBY, "hi"), ALICE).0.number, 2);
    assert_eq!(world.history(ALICE, LOBBY).unwrap().len(), 3);
}

#[test]
fn a_command_that_comes_again_is_carried_out_once() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    let request = |number, text| Request {
        id: CommandId { device: 7, number },
        command: say(Address::Room(LOBBY), text),
    };
    let (alice, now) = (key(ALICE, 0), world.now);
    let once = world.chat.request(alice, request(5, "once"), now);
    assert_eq!(
        heard(&once, BOB).0.command,
        CommandId {
            device: 7,
            number: 5
        }
    );
    world.upgrade();
    let again = world.chat.request(alice, request(5, "once"), now);
    let id = CommandId {
        device: 7,
        number: 5,
    };
    assert_eq!(again, [Delivery::only(alice, Event::Done { id })]);
    world.chat.request(alice, request(4, "late"), now);
    assert_eq!(world.history(ALICE, LOBBY).unwrap().len(), 1);
    let settled = |device| {
        world
            .chat
            .view()
            .overview(super::id(ALICE), Some(device))
            .settled
    };
    assert_eq!((settled(7), settled(8)), (5, 0));
}

#[test]
fn a_refusal_is_settled_too_and_can_be_caught_up_with() {
    let mut world = World::in_lobby(&[ALICE]);
    let latest = world.overview(ALICE).up_to;
    let reason = world.refused(ALICE, say(Address::Room(LOBBY), " \n"));
    assert_eq!(reason, "The message is empty.");
    let settled = CommandId {
        device: 0,
        number: world.number,
    };
    match world
        .chat
        .view()
        .since(id(ALICE), latest, None, Some(0), 10)
    {
        Since::Changes(Changes {
            changes,
            settled: number,
            ..
        }) => {
            assert_eq!((changes[0].command, number), (settled, settled.number));
            assert_eq!(changes[0].change, Change::Refused { reason });
        }
        Since::TooLongAgo => panic!("it has just happened"),
    }
}

#[test]
fn a_refused_command_that_comes_again_is_refused_again() {
    let mut world = World::in_lobby(&[ALICE]);
    let alice = key(ALICE, 0);
    let request = |number, text| Request {
        id: CommandId { device: 7, number },
        command: say(Address::Room(LOBBY), text),
    };
    for (number, text) in [(1, "one"), (2, ""), (3, "three")] {
        let request = request(number, text);
        world.chat.request(alice, request, world.now);
    }
    world.upgrade();
    let again = |world: &mut World, number| {
        let deliveries = world.chat.request(alice, request(number, "again"), 0);
        refusal(&deliveries)
    };
    let reason = Some("That was refused before.".to_owned());
    assert_eq!(again(&mut world, 2), reason);
    assert_eq!(again(&mut world, 3), None);
    let overview = world.chat.view().overview(id(ALICE), Some(7));
    assert_eq!((overview.settled, overview.refused), (3, vec![2]));
    assert_eq!(world.history(ALICE, LOBBY).unwrap().len(), 2);
}

#[test]
fn as_many_refused_commands_as_may_be_on_their_way_are_known() {
    let mut world = World::in_lobby(&[ALICE]);
    let first = world.number + 1;
    for _ in 0..MAX_IN_FLIGHT + 5 {
        world.refused(ALICE, say(Address::Room(LOBBY), ""));
    }
    let refused = world.chat.view().overview(id(ALICE), Some(0)).refused;
    let expected: Vec<_> = (first + 5..=world.number).collect();
    assert_eq!(refused, expected);
}

#[test]
fn what_is_too_long_is_refused() {
    let mut world = World::in_lobby(&[ALICE]);
    let longest = "x".repeat(MAX_TEXT_BYTES);
    let reason = world.refused(ALICE, say(Address::Room(LOBBY), &format!("{longest}x")));
    assert_eq!(
        reason,
        "The message has 8193 bytes, at most 8192 are allowed."
    );
    world.say(ALICE, LOBBY, &longest);
    let reason = world.refused(ALICE, mention(LOBBY, &[BOB; 21]));
    assert_eq!(
        reason,
        "The message mentions 21 people, at most 20 are allowed."
    );
}

#[test]
fn a_reply_answers_a_message_of_the_room() {
    let mut world = World::in_lobby(&[ALICE]);
    world.say(ALICE, LOBBY, "question");
    let reply = |to| Command::Say {
        to: Address::Room(LOBBY),
        text: "answer".to_owned(),
        reply_to: Some(to),
        mentions: Vec::new(),
    };
    assert_eq!(world.refused(ALICE, reply(1)), "There is no such message.");
    let answer = world.act(ALICE, reply(0));
    assert_eq!(heard(&answer, ALICE).0.reply_to, Some(0));
}

#[test]
fn only_authors_edit() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    world.say(BOB, LOBBY, "teh");
    let edited = world.act(BOB, edit(LOBBY, 0, "the"));
    match told(&edited, ALICE).as_slice() {
        [
            Change::Edited {
                text, edited_at, ..
            },
        ] => {
            assert_eq!((text.as_str(), *edited_at), ("the", world.now));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        told(&world.act(BOB, edit(LOBBY, 0, "the")), ALICE),
        [],
        "no news"
    );
    let reason = world.refused(ALICE, edit(LOBBY, 0, "x"));
    assert_eq!(reason, "Only its author may edit a message.");
    assert_eq!(
        world.refused(BOB, edit(LOBBY, 9, "x")),
        "There is no such message."
    );
    assert_eq!(
        world.refused(BOB, edit(LOBBY, 0, "")),
        "The message is empty."
    );
    assert_eq!(world.history(ALICE, LOBBY).unwrap()[0].text, "the");
}

#[test]
fn authors_and_moderators_delete() {
    let mut world = World::in_lobby(&[ALICE, BOB, CAROL]);
    let delete = |message| Command::Delete {
        room: LOBBY,
        message,
    };
    world.say(BOB, LOBBY, "mine");
    world.say(CAROL, LOBBY, "hers");
    world.act(ALICE, react(LOBBY, 1, "👍", true));
    let reason = world.refused(BOB, delete(1));
    assert_eq!(reason, "Only moderators of this room may do that.");
    let deleted = Change::Deleted {
        room: LOBBY,
        message: 1,
    };
    assert_eq!(told(&world.act(ALICE, delete(1)), BOB), [deleted]);
    world.act(BOB, delete(0));
    for message in world.history(CAROL, LOBBY).unwrap() {
        assert!(message.deleted && message.text.is_empty() && message.reactions.is_empty());
    }
    assert_eq!(world.chat.view().metrics().reactions, 0);
    for command in [delete(0), edit(LOBBY, 0, "x"), react(LOBBY, 0, "👍", true)] {
        assert_eq!(world.refused(BOB, command), "The message was deleted.");
    }
}

#[test]
fn reactions_are_counted_and_each_person_has_one_of_a_kind() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    world.say(ALICE, LOBBY, "like me");
    world.act(BOB, react(LOBBY, 0, "👍", true));
    assert_eq!(
        told(&world.act(BOB, react(LOBBY, 0, "👍", true)), ALICE),
        []
    );
    let second = world.act(ALICE, react(LOBBY, 0, "👍", true));
    let expected = Change::Reacted {
        room: LOBBY,
        message: 0,
        emoji: "👍".to_owned(),
        count: 2,
        people: vec![id(ALICE), id(BOB)],
        person: id(ALICE),
        on: true,
    };
    assert_eq!(told(&second, BOB), [expected]);
    world.act(BOB, react(LOBBY, 0, "👍", false));
    world.act(BOB, react(LOBBY, 0, "🎉", true));
    let reactions = |reader| world.history(reader, LOBBY).unwrap()[0].reactions.clone();
    let reaction = |emoji: &str, people: &[u8], mine| Reaction {
        emoji: emoji.to_owned(),
        count: people.len() as u32,
        people: people.iter().copied().map(id).collect(),
        mine,
    };
    let seen = [
        reaction("🎉", &[BOB], true),
        reaction("👍", &[ALICE], false),
    ];
    assert_eq!(reactions(BOB), seen);
    let reason = world.refused(BOB, react(LOBBY, 0, "<b>", true));
    assert_eq!(reason, "That is no emoji of at most 48 bytes.");
}

#[test]
fn history_comes_in_pages_in_both_directions() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    for n in 0..30 {
        world.say([ALICE, BOB][n % 2], LOBBY, &n.to_string());
    }
    let page = |span, limit| {
        let history = world.chat.view().history(id(ALICE), LOBBY, span, limit);
        let history = history.unwrap();
        assert_eq!((history.first, history.next), (0, 30));
        let numbers = history.messages.iter().map(|message| message.number);
        (numbers.collect::<Vec<_>>(), history.people.len())
    };
    assert_eq!(page(Span::Latest, 3), (vec![27, 28, 29], 2));
    assert_eq!(page(Span::Before(27), 2), (vec![25, 26], 2));
    assert_eq!(page(Span::After(3), 2), (vec![4, 5], 2));
    assert_eq!(page(Span::Around(10), 1), (vec![10], 1));
    assert_eq!(page(Span::Around(10), 5).0, [8, 9, 10, 11, 12]);
    assert_eq!(page(Span::Latest, u32::MAX).0.len(), 30);
    assert_eq!(page(Span::Before(0), 9), (vec![], 0));
}
