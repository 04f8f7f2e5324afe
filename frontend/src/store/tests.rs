use super::*;
use crate::outbox::{self, Delivery};
use crate::timeline::{self, Body, continues};
use chat_api::Message;

const ALICE: u8 = 1;
const BOB: u8 = 2;

fn person(id: u8, name: &str) -> Person {
    Person {
        id: Principal::from_slice(&[id]),
        name: name.to_owned(),
        guest: false,
    }
}

fn message(id: u64, author: Person, text: &str) -> Message {
    Message {
        id,
        author,
        to: None,
        text: text.to_owned(),
        at: id * 1_000_000_000,
    }
}

fn welcome(messages: Vec<Message>) -> Action {
    Action::Received(Event::Welcome {
        you: person(ALICE, "Alice"),
        people: vec![person(ALICE, "Alice"), person(BOB, "Bob")],
        messages,
    })
}

/// What a guest sees after these actions.
fn after(actions: impl IntoIterator<Item = Action>) -> Store {
    let mut store = Store::default();
    store.apply(Action::NotSignedIn(None));
    for action in actions {
        store.apply(action);
    }
    store
}

/// Alice, in the room with Bob.
fn inside() -> Store {
    after([
        Action::NameChosen("Alice".to_owned()),
        Action::Opened,
        welcome(vec![]),
    ])
}

fn received(message: Message) -> Action {
    Action::Received(Event::Message(message))
}

fn sending(id: u64, text: &str) -> Action {
    Action::Sending {
        id,
        to: None,
        text: text.to_owned(),
    }
}

fn refused(reason: &str) -> Action {
    Action::Received(Event::Refused {
        reason: reason.to_owned(),
    })
}

fn flow(store: &Store) -> Vec<String> {
    let words = |body: &Body| match body {
        Body::Message(message) => message.text.clone(),
        Body::Notice(notice) => notice.words(),
    };
    store
        .timeline
        .iter()
        .map(|entry| words(&entry.body))
        .collect()
}

fn outgoing(store: &Store) -> Vec<(&str, &Delivery)> {
    store
        .outbox
        .iter()
        .map(|entry| (entry.text.as_str(), &entry.state))
        .collect()
}

fn failed(reason: &str) -> Delivery {
    Delivery::Failed(reason.to_owned())
}

#[test]
fn entry_is_due_under_a_name_unless_the_connection_is_gone_for_good() {
    let mut store = after([]);
    assert_eq!(store.entry_due(), None);
    store.apply(Action::NameChosen("Alice".to_owned()));
    assert_eq!(store.entry_due(), Some("Alice"));
    store.apply(Action::Opened);
    store.apply(welcome(vec![]));
    store.apply(Action::Lost("cable cut".to_owned()));
    assert_eq!(store.entry_due(), Some("Alice"));
    store.apply(Action::Closed("gone".to_owned()));
    assert_eq!(store.entry_due(), None);
    store.apply(Action::Connecting);
    assert_eq!(store.entry_due(), Some("Alice"));
}

#[test]
fn what_is_under_way_stays_so_while_the_connection_comes_back() {
    let mut store = inside();
    store.apply(sending(0, "one"));
    store.apply(Action::Lost("cable cut".to_owned()));
    assert_eq!(
        store.connection,
        Connection::Reconnecting("cable cut".to_owned())
    );
    assert!(!store.can_send());
    store.apply(Action::Opened);
    assert!(!store.can_send());
    store.apply(welcome(vec![]));
    assert!(store.can_send());
    assert_eq!(outgoing(&store), [("one", &Delivery::Sending)]);
}

#[test]
fn a_refused_entry_asks_for_another_name_and_says_why() {
    let mut store = after([Action::Opened, Action::NameChosen(" ".to_owned())]);
    store.apply(refused("the name is blank"));
    assert_eq!(store.name, None);
    assert_eq!(store.entry_refused.as_deref(), Some("the name is blank"));
    store.apply(Action::NameChosen("Alice".to_owned()));
    assert_eq!(store.entry_refused, None);
}

#[test]
fn welcome_shows_who_is_here_and_what_was_said() {
    let mut store = after([Action::NameChosen("Alice".to_owned()), Action::Opened]);
    store.apply(welcome(vec![message(0, person(BOB, "Bob"), "early")]));
    assert_eq!(store.people.len(), 2);
    assert_eq!(flow(&store), ["early"]);
    assert!(store.can_send());
}

#[test]
fn people_come_go_and_change_their_name_in_the_flow() {
    let mut store = inside();
    for event in [
        Event::Joined(person(3, "Carol")),
        Event::Joined(person(3, "Carol")),
        Event::Joined(person(3, "Caro")),
        Event::Left(person(3, "Caro")),
        Event::Left(person(3, "Caro")),
    ] {
        store.apply(Action::Received(event));
    }
    assert_eq!(
        flow(&store),
        ["Carol joined", "Carol is now called Caro", "Caro left"]
    );
    assert_eq!(store.people.len(), 2);
}

#[test]
fn own_new_name_is_shown_as_the_canister_tells_it() {
    let mut store = inside();
    store.apply(Action::Received(Event::Joined(person(ALICE, "Alicia"))));
    assert_eq!(store.you, Some(person(ALICE, "Alicia")));
}

#[test]
fn own_message_leaves_the_outbox_when_the_canister_shows_it() {
    let mut store = inside();
    store.apply(sending(0, "one"));
    store.apply(sending(1, "two"));
    assert_eq!(flow(&store), Vec::<String>::new());
    store.apply(received(message(0, person(BOB, "Bob"), "one")));
    assert_eq!(store.outbox.iter().count(), 2);
    store.apply(received(message(1, person(ALICE, "Alice"), "one")));
    assert_eq!(outgoing(&store), [("two", &Delivery::Sending)]);
    assert_eq!(flow(&store), ["one", "one"]);
}

#[test]
fn the_same_text_to_someone_else_does_not_settle_a_direct_message() {
    let mut store = inside();
    store.apply(Action::Sending {
        id: 0,
        to: Some(person(BOB, "Bob")),
        text: "hi".to_owned(),
    });
    store.apply(received(message(0, person(ALICE, "Alice"), "hi")));
    assert_eq!(outgoing(&store), [("hi", &Delivery::Sending)]);
    store.apply(received(Message {
        to: Some(person(BOB, "Bobby")),
        ..message(1, person(ALICE, "Alice"), "hi")
    }));
    assert_eq!(outgoing(&store), []);
}

#[test]
fn a_refusal_marks_the_oldest_message_under_way() {
    let mut store = inside();
    store.apply(sending(0, "one"));
    store.apply(sending(1, "two"));
    store.apply(refused("too fast"));
    let too_fast = failed("too fast");
    assert_eq!(
        outgoing(&store),
        [("one", &too_fast), ("two", &Delivery::Sending)]
    );
    assert_eq!(flow(&store), Vec::<String>::new());
}

#[test]
fn a_refusal_of_nothing_known_is_shown_in_the_flow() {
    let mut store = inside();
    store.apply(refused("the room is closed"));
    assert_eq!(flow(&store), ["Not done: the room is closed"]);
}

#[test]
fn a_close_keeps_everything_on_the_screen_and_what_was_under_way() {
    let mut store = inside();
    store.apply(sending(0, "one"));
    store.apply(Action::Closed("the gateway is gone".to_owned()));
    assert_eq!(outgoing(&store), [("one", &failed(UNCONFIRMED))]);
    assert!(!store.can_send());
    assert_eq!(store.you, Some(person(ALICE, "Alice")));
    assert_eq!(store.people.len(), 2);
}

#[test]
fn a_message_that_arrived_after_all_is_settled_by_the_next_welcome() {
    let mut store = inside();
    store.apply(sending(0, "one"));
    store.apply(sending(1, "two"));
    store.apply(Action::Closed("gone".to_owned()));
    store.apply(Action::Opened);
    store.apply(welcome(vec![message(0, person(ALICE, "Alice"), "one")]));
    assert_eq!(outgoing(&store), [("two", &failed(UNCONFIRMED))]);
    assert_eq!(flow(&store), ["one"]);
}

#[test]
fn another_attempt_replaces_the_failed_one_and_discarding_forgets_it() {
    let mut store = inside();
    store.apply(sending(0, "one"));
    store.apply(Action::SendFailed {
        id: 0,
        reason: "queue full".to_owned(),
    });
    assert_eq!(outgoing(&store), [("one", &failed("queue full"))]);
    store.apply(sending(0, "one"));
    assert_eq!(outgoing(&store), [("one", &Delivery::Sending)]);
    store.apply(Action::Discarded(0));
    assert_eq!(outgoing(&store), []);
}

#[test]
fn a_reconnect_shows_nothing_twice() {
    let early = message(0, person(BOB, "Bob"), "early");
    let mut store = inside();
    store.apply(received(early.clone()));
    store.apply(Action::Closed("gone".to_owned()));
    store.apply(Action::Opened);
    store.apply(welcome(vec![
        early,
        message(1, person(BOB, "Bob"), "missed"),
    ]));
    assert_eq!(flow(&store), ["early", "missed"]);
}

#[test]
fn a_room_that_began_anew_replaces_the_old_one() {
    let mut store = inside();
    store.apply(received(message(7, person(BOB, "Bob"), "old room")));
    store.apply(welcome(vec![message(0, person(BOB, "Bob"), "new room")]));
    assert_eq!(flow(&store), ["new room"]);
    store.apply(welcome(vec![]));
    assert_eq!(flow(&store), Vec::<String>::new());
}

#[test]
fn a_recipient_who_leaves_stays_chosen_so_that_nothing_private_goes_to_everyone() {
    let mut store = inside();
    store.apply(Action::RecipientChosen(Some(person(BOB, "Bob"))));
    assert!(!store.recipient_left());
    store.apply(Action::Received(Event::Left(person(BOB, "Bob"))));
    assert_eq!(store.recipient, Some(person(BOB, "Bob")));
    assert!(store.recipient_left());
}

#[test]
fn going_away_forgets_everything() {
    let mut store = inside();
    store.apply(received(message(0, person(BOB, "Bob"), "hi")));
    store.apply(Action::WentAway);
    assert_eq!(store, after([]));
}

#[test]
fn the_outbox_is_bounded_and_blocks_sending_when_full() {
    let mut store = inside();
    for id in 0..=outbox::CAPACITY as u64 {
        store.apply(sending(id, "text"));
    }
    assert_eq!(store.outbox.iter().count(), outbox::CAPACITY);
    assert!(!store.can_send());
}

#[test]
fn the_timeline_is_bounded_and_drops_the_oldest() {
    let mut store = inside();
    for id in 0..=timeline::CAPACITY as u64 {
        store.apply(received(message(id, person(BOB, "Bob"), &id.to_string())));
    }
    let flow = flow(&store);
    assert_eq!(flow.len(), timeline::CAPACITY);
    assert_eq!(flow.first().map(String::as_str), Some("1"));
}

#[test]
fn a_block_is_one_author_to_the_same_readers_within_minutes() {
    let first = message(0, person(BOB, "Bob"), "first");
    let direct = Message {
        to: Some(person(ALICE, "Alice")),
        ..message(1, person(BOB, "Bob"), "direct")
    };
    let late = Message {
        at: 6 * 60 * 1_000_000_000,
        ..message(2, person(BOB, "Bob"), "late")
    };
    let mut store = inside();
    store.apply(received(first));
    let previous = store.timeline.iter().next().map(Rc::as_ref);
    assert!(continues(previous, &message(1, person(BOB, "Bob"), "next")));
    assert!(!continues(
        previous,
        &message(1, person(ALICE, "Alice"), "other")
    ));
    assert!(!continues(previous, &direct));
    assert!(!continues(previous, &late));
    assert!(!continues(None, &late));
}

#[test]
fn who_was_here_before_enters_as_soon_as_it_is_known_who_they_are() {
    let mut store = Store {
        name: Some("Alice".to_owned()),
        ..Store::default()
    };
    assert_eq!(store.entry_due(), None);
    store.apply(Action::NotSignedIn(None));
    assert_eq!(store.entry_due(), Some("Alice"));
}

#[test]
fn who_signs_in_enters_on_a_connection_of_their_own() {
    let mut store = after([Action::Opened, Action::SigningIn]);
    assert_eq!(store.account, Account::SigningIn);
    assert_eq!(store.entry_due(), None);
    store.apply(Action::SignedIn(Some("Alice".to_owned())));
    assert_eq!(store.account, Account::SignedIn);
    // The guest's connection is not the one to enter over.
    assert_eq!(store.connection, Connection::Connecting);
    assert_eq!(store.entry_due(), Some("Alice"));
}

#[test]
fn who_does_not_sign_in_stays_at_the_entrance_with_the_problem() {
    let problem = Some("the window was closed".to_owned());
    let store = after([Action::SigningIn, Action::NotSignedIn(problem.clone())]);
    assert_eq!(store.account, Account::Guest { problem });
    assert_eq!(store.name, None);
}

#[test]
fn a_session_that_ends_leads_to_the_entrance_and_loses_nothing() {
    let mut store = inside();
    store.apply(Action::SignedIn(Some("Alice".to_owned())));
    store.apply(Action::Opened);
    store.apply(welcome(vec![message(0, person(BOB, "Bob"), "early")]));
    store.apply(sending(0, "unsent"));
    store.apply(Action::SessionEnded("expired".to_owned()));
    assert_eq!(store.name, None);
    let problem = Some("expired".to_owned());
    assert_eq!(store.account, Account::Guest { problem });

    store.apply(Action::SignedIn(Some("Alice".to_owned())));
    store.apply(Action::Opened);
    store.apply(welcome(vec![message(0, person(BOB, "Bob"), "early")]));
    assert_eq!(flow(&store), ["early"]);
    assert_eq!(outgoing(&store), [("unsent", &failed(UNCONFIRMED))]);
}

#[test]
fn nobody_finds_what_somebody_else_read_and_wrote() {
    let mut store = inside();
    store.apply(received(Message {
        to: Some(person(ALICE, "Alice")),
        ..message(0, person(BOB, "Bob"), "for Alice")
    }));
    store.apply(sending(0, "by Alice"));
    store.apply(Action::SessionEnded("expired".to_owned()));
    store.apply(Action::SignedIn(Some("Carol".to_owned())));
    store.apply(Action::Opened);
    store.apply(Action::Received(Event::Welcome {
        you: person(9, "Carol"),
        people: vec![person(9, "Carol")],
        messages: vec![],
    }));
    assert_eq!(flow(&store), Vec::<String>::new());
    assert_eq!(outgoing(&store), []);
}

#[test]
fn signing_out_forgets_everything() {
    let mut store = inside();
    store.apply(Action::SignedIn(Some("Alice".to_owned())));
    store.apply(Action::SignedOut);
    let account = Account::Guest { problem: None };
    let expected = Store {
        account,
        ..Store::default()
    };
    assert_eq!(store, expected);
}
