//! Carries out what the person wants: on the connection, by queries, in the browser's storage, and in the store.

mod account;
mod asking;
mod locks;
mod memory;
mod notifying;
mod queries;
mod sending;
mod session;
mod sound;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use chat_api::{RoomId, Signal};
use futures::future::AbortHandle;
use ic_ws_yew::{Env, Identity};
use yew::Callback;

use self::{
    memory::Drawer, notifying::Notifying, queries::Queries, sending::Sending, session::Session,
    sound::Sound,
};
use crate::{
    intent::Intent,
    store::{Account, Action, Store, images::AskedImages, snapshot::Snapshot},
};

pub use self::memory::last_name;

/// Carries out what the person wants.
pub struct Actor {
    env: Env,
    /// `None` until it is known.
    identity: RefCell<Option<Identity>>,
    sign_in: RefCell<Option<AbortHandle>>,
    session: RefCell<Option<Session>>,
    queries: RefCell<Option<Rc<Queries>>>,
    sending: Sending,
    notifying: Notifying,
    images: RefCell<AskedImages>,
    looking_at: Cell<Option<RoomId>>,
    sound: Sound,
    act: Callback<Action>,
}

impl Actor {
    /// One that reports to the store by `act`.
    pub fn new(env: Env, act: Callback<Action>) -> Self {
        Self {
            env,
            identity: RefCell::default(),
            sign_in: RefCell::default(),
            session: RefCell::default(),
            queries: RefCell::default(),
            sending: Sending::default(),
            notifying: Notifying::default(),
            images: RefCell::default(),
            looking_at: Cell::default(),
            sound: Sound::default(),
            act,
        }
    }

    /// Does it.
    pub fn carry_out(self: &Rc<Self>, intent: Intent) {
        match intent {
            Intent::Enter(name) => self.enter(name),
            Intent::SignIn(name) => self.sign_in(name),
            Intent::CancelSignIn => self.cancel_sign_in(),
            Intent::SignOut => self.sign_out(),
            Intent::Reconnect => self.connect(),
            Intent::Open(what) => self.act.emit(Action::Open(what)),
            Intent::Visit(room) => self.act.emit(Action::Visit(Box::new(room))),
            Intent::Do(command) => {
                self.request(command);
            }
            Intent::Retry(id, command) => {
                if self.request(command) {
                    self.act.emit(Action::Discarded(id));
                }
            }
            Intent::Discard(id) => self.act.emit(Action::Discarded(id)),
            Intent::Load(room, span, failures) => self.load(room, span, failures),
            Intent::LoadMembers(room, after) => self.load_members(room, after),
            Intent::LoadImage(person, version) => self.load_image(person, version),
            Intent::Seen(room, up_to, failures) => self.seen(room, up_to, failures),
            Intent::Type(room) => self.typing(room),
            Intent::FindRooms(prefix, after, answer) => self.find_rooms(prefix, after, answer),
            Intent::FindPeople(prefix, room, answer) => self.find_people(prefix, room, answer),
            Intent::FindListed(list, room, after, answer) => {
                self.find_listed(list, room, after, answer);
            }
            Intent::AllowNotifications => notifying::ask(self.act.clone()),
            Intent::AllowSound(on) => self.allow_sound(on),
            Intent::Dismiss(note) => self.act.emit(Action::NoteRead(note)),
        }
    }

    /// Connects as whom the store says that this person is.
    pub fn follow(self: &Rc<Self>, account: &Account) {
        match account {
            Account::Unknown => {
                self.act.emit(Action::Sound(memory::sound()));
                self.restore();
            }
            Account::Guest | Account::SignedIn => {
                if let Some(seen) = self.drawer().and_then(Drawer::last_seen) {
                    self.act.emit(Action::Restored(Box::new(seen)));
                }
                self.connect();
                self.attend();
            }
            Account::Nobody { .. } => self.end_expired(),
            Account::SigningIn => {}
        }
    }

    /// Has the canister tell what passes in this room.
    pub fn look(&self, room: Option<RoomId>) {
        self.looking_at.set(room);
        if let Some(session) = &*self.session.borrow() {
            session.greet(Signal::Look { room });
        }
    }

    /// Keeps what the store knows, for the next time that the page is opened.
    pub fn keep_snapshot(&self, store: &Store) {
        if let (Some(drawer), Some(snapshot)) = (self.drawer(), Snapshot::of(store)) {
            drawer.keep_snapshot(&snapshot);
        }
    }

    fn connect(self: &Rc<Self>) {
        // The old session is gone before the new one reports.
        self.session.take();
        let Some(identity) = self.identity.borrow().clone() else {
            return;
        };
        let queries = Queries::new(&self.env, identity.clone());
        self.queries.replace(Some(Rc::new(queries)));
        let session = Session::open(&self.env, identity, self.act.clone());
        session.greet(Signal::Look {
            room: self.looking_at.get(),
        });
        self.session.replace(Some(session));
        self.send_unsettled();
    }
}
