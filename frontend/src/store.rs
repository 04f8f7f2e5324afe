//! All that the page knows, in one place, changed only by [`Action`]s.
//!
//! No web types here, so that every story of the chat is tested natively.

use crate::outbox::Outbox;
use crate::timeline::{Notice, Timeline};
use candid::Principal;
use chat_api::{Event, Person};
use std::collections::BTreeMap;
use std::rc::Rc;
use yew::Reducible;

/// What became of a message that was under way when the connection ended; why it ended is said elsewhere.
const UNCONFIRMED: &str = "the connection ended before it was confirmed";

/// The state of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    /// Who this person is.
    pub account: Account,
    /// How the connection stands.
    pub connection: Connection,
    /// The display name this person chose; `None` until they did, and after they left.
    pub name: Option<String>,
    /// This person as the canister knows them; `None` until it has let them in.
    pub you: Option<Person>,
    /// Whether the canister has let this person in on this connection.
    pub admitted: bool,
    /// Everyone in the room, this person included.
    pub people: Rc<BTreeMap<Principal, Person>>,
    /// What was said and what happened.
    pub timeline: Timeline,
    /// What this person wrote and the canister has not yet published.
    pub outbox: Outbox,
    /// Whom the composer writes to; `None` for everyone.
    pub recipient: Option<Person>,
    /// Why the canister did not let this person in under the name they chose.
    pub entry_refused: Option<String>,
}

/// Who this person is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Account {
    /// An earlier session is being looked for.
    #[default]
    Unknown,
    /// A guest.
    Guest {
        /// Why they are not signed in, in words, when they wanted to be.
        problem: Option<String>,
    },
    /// Somebody who is just signing in.
    SigningIn,
    /// Somebody who has signed in.
    SignedIn,
}

/// How the connection stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// Being opened.
    #[default]
    Connecting,
    /// Messages can be exchanged.
    Open,
    /// Lost, for a reason in words, and being opened again.
    Reconnecting(String),
    /// Gone, for a reason in words.
    Closed(String),
}

/// Everything that changes the [`Store`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// This person begins to sign in.
    SigningIn,
    /// This person is signed in, and in the room under this name, if they chose one already.
    SignedIn(Option<String>),
    /// This person is not signed in; when they wanted to be, why not, in words.
    NotSignedIn(Option<String>),
    /// The session ended without this person's doing, for a reason in words.
    SessionEnded(String),
    /// This person signed out.
    SignedOut,
    /// A connection is being opened.
    Connecting,
    /// The connection is open.
    Opened,
    /// The connection is lost, for a reason in words, and comes back by itself.
    Lost(String),
    /// The connection is gone, for a reason in words.
    Closed(String),
    /// The canister said something.
    Received(Event),
    /// The canister said something that this version of the page does not understand.
    Unreadable,
    /// This person chose the name to enter under.
    NameChosen(String),
    /// This person went away.
    WentAway,
    /// This person chose whom to write to; `None` for everyone.
    RecipientChosen(Option<Person>),
    /// A message was handed to the connection.
    Sending {
        /// Unique among the messages written since the page was loaded; the same for another attempt.
        id: u64,
        /// The only reader, for a direct message.
        to: Option<Person>,
        /// What was written.
        text: String,
    },
    /// The connection did not take a message.
    SendFailed {
        /// As in [`Action::Sending`].
        id: u64,
        /// Why, in words.
        reason: String,
    },
    /// This person gave up on a message that was not delivered.
    Discarded(u64),
}

impl Reducible for Store {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut store = Rc::unwrap_or_clone(self);
        store.apply(action);
        Rc::new(store)
    }
}

impl Store {
    /// Changes the state as `action` demands.
    pub fn apply(&mut self, action: Action) {
        match action {
            Action::SigningIn => self.account = Account::SigningIn,
            Action::SignedIn(name) => {
                self.account = Account::SignedIn;
                self.name = name;
                self.ended(Connection::Connecting);
            }
            Action::NotSignedIn(problem) => self.account = Account::Guest { problem },
            Action::SessionEnded(reason) => {
                let problem = Some(reason);
                self.account = Account::Guest { problem };
                self.name = None;
                self.ended(Connection::Connecting);
            }
            Action::SignedOut => {
                let account = Account::Guest { problem: None };
                *self = Self {
                    account,
                    ..Self::default()
                };
            }
            Action::Connecting => self.ended(Connection::Connecting),
            Action::Opened => self.connection = Connection::Open,
            Action::Lost(reason) => self.disconnected(Connection::Reconnecting(reason)),
            Action::Closed(reason) => self.ended(Connection::Closed(reason)),
            Action::Received(event) => self.receive(event),
            Action::Unreadable => self.timeline.notice(Notice::Unreadable),
            Action::NameChosen(name) => {
                self.name = Some(name);
                self.entry_refused = None;
            }
            Action::WentAway => {
                *self = Self {
                    account: self.account.clone(),
                    ..Self::default()
                };
            }
            Action::RecipientChosen(recipient) => self.recipient = recipient,
            Action::Sending { id, to, text } => self.outbox.sending(id, to, text),
            Action::SendFailed { id, reason } => self.outbox.fail(id, &reason),
            Action::Discarded(id) => self.outbox.remove(id),
        }
    }

    /// Whether a message written now can be sent.
    pub fn can_send(&self) -> bool {
        self.connection == Connection::Open && self.admitted && !self.outbox.is_full()
    }

    /// The name under which the canister is to let this person in, on this connection and whatever takes its place;
    /// `None` while it is not known who they are.
    pub fn entry_due(&self) -> Option<&str> {
        let known = matches!(self.account, Account::Guest { .. } | Account::SignedIn);
        let closed = matches!(self.connection, Connection::Closed(_));
        self.name.as_deref().filter(|_| known && !closed)
    }

    /// Whether the one the composer writes to is gone.
    pub fn recipient_left(&self) -> bool {
        self.recipient
            .as_ref()
            .is_some_and(|person| !self.people.contains_key(&person.id))
    }

    /// What was under way is not sent any more.
    fn ended(&mut self, connection: Connection) {
        self.outbox.fail_all(UNCONFIRMED);
        self.disconnected(connection);
    }

    fn disconnected(&mut self, connection: Connection) {
        self.connection = connection;
        self.admitted = false;
    }

    fn receive(&mut self, event: Event) {
        match event {
            Event::Welcome {
                you,
                people,
                messages,
            } => {
                if self.you.as_ref().is_some_and(|before| before.id != you.id) {
                    self.forget_the_other();
                }
                self.you = Some(you);
                self.admitted = true;
                self.people = Rc::new(people.into_iter().map(|one| (one.id, one)).collect());
                self.timeline.restart_unless_continued_by(&messages);
                for message in messages {
                    self.add_message(message);
                }
            }
            Event::Joined(person) => self.joined(person),
            Event::Left(person) => {
                if Rc::make_mut(&mut self.people).remove(&person.id).is_some() {
                    self.timeline.notice(Notice::Left(person));
                }
            }
            Event::Message(message) => self.add_message(message),
            Event::Refused { reason } => self.refused(reason),
        }
    }

    /// What one person read and wrote is nothing for another who signs in after them.
    fn forget_the_other(&mut self) {
        self.timeline = Timeline::default();
        self.outbox = Outbox::default();
        self.recipient = None;
    }

    fn joined(&mut self, person: Person) {
        let known = Rc::make_mut(&mut self.people).insert(person.id, person.clone());
        for shown in [&mut self.you, &mut self.recipient].into_iter().flatten() {
            if shown.id == person.id {
                *shown = person.clone();
            }
        }
        match known {
            None => self.timeline.notice(Notice::Joined(person)),
            Some(known) if known.name != person.name => self.timeline.notice(Notice::Renamed {
                from: known.name,
                to: person.name,
            }),
            Some(_) => {}
        }
    }

    fn add_message(&mut self, message: chat_api::Message) {
        let own = self.you.as_ref().map(|you| you.id) == Some(message.author.id);
        let settled = own.then(|| message.clone());
        if self.timeline.message(message)
            && let Some(message) = settled
        {
            self.outbox.settle(&message);
        }
    }

    fn refused(&mut self, reason: String) {
        if !self.admitted {
            self.name = None;
            self.entry_refused = Some(reason);
        } else if !self.outbox.fail_oldest(&reason) {
            self.timeline.notice(Notice::Refused(reason));
        }
    }
}

#[cfg(test)]
mod tests;
