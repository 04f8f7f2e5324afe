//! All that the page knows. It changes by actions only, and knows nothing of the browser.

mod answers;
mod apply;
mod changes;
pub mod images;
pub mod messages;
pub mod notifications;
pub mod outbox;
mod passing;
pub mod people;
pub mod rooms;
pub mod snapshot;
pub mod sync;
pub mod trace;
pub mod view;

use std::{collections::VecDeque, rc::Rc};

use candid::Principal;
use chat_api::{
    Address, Change, CommandId, Event, History, Image, Invitation, Logged, Members, Notification,
    Overview, Person, Request, RoomId, Since,
};
use yew::Reducible;

use self::{
    images::Images,
    outbox::{Outbox, Pending},
    people::People,
    rooms::{RoomState, Rooms},
    snapshot::Snapshot,
    sync::{Inquiry, Sync},
    trace::{Trace, Traced},
    view::{Open, View},
};
use crate::shared::Shared;

/// For how long somebody is taken to type after they did, in milliseconds.
pub const TYPING_MS: u64 = 6_000;

/// How many of the latest changes of messages are remembered, for answers that are older than these.
const MAX_RECENT: usize = 500;

/// How many short notes wait to be read.
const MAX_NOTES: usize = 4;

/// All that the page knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Store {
    /// Whom this person has shown to be.
    pub account: Account,
    /// The name this person has entered under, until the canister knows it.
    pub name: Option<String>,
    /// Why the name was not accepted.
    pub name_refused: Option<String>,
    /// How the connection stands.
    pub connection: Connection,
    /// This person, as others see them.
    pub you: Option<Person>,
    /// The rooms.
    pub rooms: Shared<Rooms>,
    /// Who is who.
    pub people: Shared<People>,
    /// The rooms that this person may join.
    pub invitations: Shared<Vec<Invitation>>,
    /// What this person has not read, oldest first.
    pub notifications: Shared<Vec<Notification>>,
    /// Whom this person has blocked.
    pub blocked: Shared<Vec<Person>>,
    /// What people look like.
    pub images: Shared<Images>,
    /// Who is typing.
    pub typing: Shared<Vec<Typing>>,
    /// What this person has asked for.
    pub outbox: Shared<Outbox>,
    /// What is open on the page.
    pub view: View,
    /// Short notes for this person, oldest first.
    pub notes: Shared<VecDeque<Note>>,
    /// What the connection has done, for the curious.
    pub trace: Shared<Trace>,
    /// Whether there is a sound for what is new.
    pub sound: bool,
    /// Whether the first list of rooms has come.
    pub is_known: bool,
    sync: Shared<Sync>,
    /// The latest changes of messages: all after `recent_since`.
    recent: Shared<VecDeque<(u64, Change)>>,
    recent_since: u64,
    next_note: u64,
    /// The latest command of this person to make or join a room.
    entering: Option<CommandId>,
}

/// Whom this person has shown to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Account {
    /// Not known yet.
    #[default]
    Unknown,
    /// Nobody in particular; with what went wrong with signing in.
    Nobody {
        /// In words.
        problem: Option<String>,
    },
    /// Somebody who is signing in.
    SigningIn,
    /// A guest, whose key is that of this tab.
    Guest,
    /// Somebody who has signed in.
    SignedIn,
}

/// How the connection stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// There was none yet.
    #[default]
    None,
    /// The first one is being opened.
    Connecting,
    /// Messages can be exchanged.
    Open,
    /// Lost, for a reason in words, and being opened again.
    Reconnecting(String),
    /// Gone, for a reason in words.
    Closed(String),
}

/// Somebody is typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Typing {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub person: Principal,
    /// Until when they are taken to, in milliseconds since 1970.
    pub until: u64,
}

/// A short note for this person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Tells it from others.
    pub id: u64,
    /// What it says.
    pub words: String,
}

/// What changes the store.
#[derive(Clone, Debug)]
pub enum Action {
    /// Nobody has signed in, or it went wrong for a reason.
    NotSignedIn(Option<String>),
    /// Somebody is signing in.
    SigningIn,
    /// Somebody has signed in, or is a guest.
    Is(Account),
    /// This person enters under this name, or under the one that the canister knows.
    Entered(Option<String>),
    /// This person has left, and is nobody again; for a reason, if it was not their own will.
    Left(Option<String>),
    /// The connection is being opened.
    Connecting,
    /// The connection is lost and comes back.
    Lost(String),
    /// The connection is gone.
    Closed(String),
    /// The canister has said something, at this time in milliseconds since 1970.
    Received(Box<Event>, u64),
    /// The canister has said something that this version of the page does not understand.
    Unreadable,
    /// All there is.
    Overview(Box<Overview>, Option<u64>),
    /// What an earlier page knew.
    Restored(Box<Snapshot>),
    /// What has changed.
    Since(Since, Option<u64>),
    /// There was no answer about what there is or has changed.
    InquiryFailed,
    /// A part of a room's history.
    History(RoomId, Box<History>),
    /// There was no answer about a room's history.
    HistoryFailed(RoomId),
    /// Some members of a room.
    Members(RoomId, Members),
    /// A room that is no member's own is to be looked at.
    Visit(Box<chat_api::Room>),
    /// A command was given.
    Requested(Request, u64),
    /// An earlier page has left these.
    Adopted(Vec<Pending>),
    /// The canister has received a command.
    Accepted(CommandId),
    /// A command could not be sent, for a reason.
    NotSent(CommandId, String),
    /// A message that failed is not wanted any more.
    Discarded(CommandId),
    /// Somebody's image has come, or there is none.
    Image(Principal, u64, Option<Image>),
    /// Something is opened or closed.
    Open(Open),
    /// It is so late, in milliseconds since 1970.
    Tick(u64),
    /// Something to tell this person.
    Note(String),
    /// There is to be a sound for what is new, or none.
    Sound(bool),
    /// A note was read.
    NoteRead(u64),
    /// The connection has done something.
    Traced(Traced),
}

impl Reducible for Store {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut store = Rc::unwrap_or_clone(self);
        store.apply(action);
        store.into()
    }
}

impl Store {
    /// Who this person is.
    pub fn me(&self) -> Option<Principal> {
        self.you.as_ref().map(|you| you.id)
    }

    /// A room, if the page knows it.
    pub fn room(&self, room: RoomId) -> Option<&Shared<RoomState>> {
        self.rooms.get(&room)
    }

    /// The room that is open.
    pub fn open_room(&self) -> Option<&Shared<RoomState>> {
        self.room(self.view.room()?)
    }

    /// Whether this person has a place in the chat.
    pub fn is_inside(&self) -> bool {
        matches!(self.account, Account::Guest | Account::SignedIn)
            && (self.you.is_some() || self.name.is_some())
    }

    /// Whether everything shown is up to date.
    pub fn is_live(&self) -> bool {
        self.sync.is_live()
    }

    /// Up to which change everything is applied.
    pub fn up_to(&self) -> Option<u64> {
        self.sync.up_to()
    }

    /// What is to be asked to be up to date.
    pub fn inquiry_due(&self) -> Option<Inquiry> {
        let is_somebody = matches!(self.account, Account::Guest | Account::SignedIn);
        let is_over = matches!(self.connection, Connection::Closed(_) | Connection::None);
        self.sync.due().filter(|_| is_somebody && !is_over)
    }

    /// The name that the canister is to know this person by, and does not.
    pub fn name_due(&self) -> Option<&str> {
        let name = self.name.as_deref()?;
        let is_other = self.you.as_ref().is_none_or(|you| you.name != name);
        (self.is_live() && is_other).then_some(name)
    }

    /// The conversation with somebody, if there is one.
    pub fn conversation_with(&self, person: Principal) -> Option<RoomId> {
        let with = |room: &RoomState| room.partner.as_ref().map(|it| it.person.id);
        self.rooms
            .values()
            .find(|room| with(room) == Some(person))
            .map(|room| room.room.id)
    }

    /// Where to find a conversation: a room, if there is one.
    pub fn settled_place(&self, place: Address) -> Address {
        match place {
            Address::Person(person) => self.conversation_with(person).map_or(place, Address::Room),
            Address::Room(_) => place,
        }
    }

    /// How many conversations want attention.
    pub fn calls_for_attention(&self) -> usize {
        let rooms: std::collections::BTreeSet<_> = self
            .notifications
            .iter()
            .map(|notification| notification.room)
            .collect();
        rooms.len()
    }

    /// Says something to this person.
    fn note(&mut self, words: String) {
        let id = self.next_note;
        self.next_note += 1;
        let notes = self.notes.edit();
        if notes.len() >= MAX_NOTES {
            notes.pop_front();
        }
        notes.push_back(Note { id, words });
    }

    fn remember(&mut self, logged: &Logged) {
        let recent = self.recent.edit();
        if recent.len() >= MAX_RECENT
            && let Some((number, _)) = recent.pop_front()
        {
            self.recent_since = number;
        }
        recent.push_back((logged.number, logged.change.clone()));
    }
}

#[cfg(test)]
pub(crate) mod tests;
