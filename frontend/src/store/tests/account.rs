//! Who this person is, and what they are called.

use chat_api::Passing;

use super::*;

#[test]
fn leaving_forgets_everything() {
    let mut store = inside();
    store.apply(Action::Left(Some("expired".to_owned())));
    let problem = Some("expired".to_owned());
    let nobody = Store {
        account: Account::Nobody { problem },
        ..Store::default()
    };
    assert_eq!((&store.account, store.rooms.len()), (&nobody.account, 0));
    assert_eq!(store.you, None);
}

#[test]
fn a_name_is_due_until_the_canister_knows_it() {
    let mut store = after([Action::Entered(Some("Ada".to_owned()))]);
    assert_eq!(store.name_due(), None);
    store.apply(Action::Received(
        Box::new(Event::Hello {
            you: None,
            latest: 0,
        }),
        0,
    ));
    let nothing = Overview {
        you: None,
        rooms: Vec::new(),
        invitations: Vec::new(),
        notifications: Vec::new(),
        blocked: Vec::new(),
        up_to: 0,
        latest: None,
        settled: 0,
        refused: Vec::new(),
    };
    store.apply(Action::Overview(Box::new(nothing), None));
    assert_eq!(store.name_due(), Some("Ada"));
    let ada = Person {
        name: "Ada".to_owned(),
        ..person(ME)
    };
    let profile = Event::Passing(Passing::Profile(ada));
    store.apply(Action::Received(Box::new(profile), 0));
    assert_eq!(store.name_due(), None);
    assert!(store.is_inside());
    let renamed = Event::Passing(Passing::Profile(person(ME)));
    store.apply(Action::Received(Box::new(renamed), 0));
    assert_eq!(store.name_due(), None);
}

#[test]
fn a_name_that_is_refused_is_proposed_once() {
    let mut store = inside();
    store.apply(Action::Entered(Some("\u{200b}".to_owned())));
    assert_eq!(store.name_due(), Some("\u{200b}"));
    let id = CommandId {
        device: 1,
        number: 11,
    };
    let command = Command::SetProfile {
        name: "\u{200b}".to_owned(),
        guest: false,
        color: 0,
    };
    store.apply(Action::Requested(Request { id, command }, 0));
    let refused = Change::Refused {
        reason: "invisible".to_owned(),
    };
    store.apply(live(11, ME, refused));
    assert_eq!(store.name_due(), None);
    assert_eq!(store.notes.len(), 1);
}
