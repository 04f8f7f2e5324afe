//! Who this person is: restored, signed in, or a guest.

use std::rc::Rc;

use chat_api::Command;
use futures::future::abortable;
use ic_ws_yew::Identity;
use web_sys::StorageEvent;
use yew::platform::spawn_local;

use super::{
    Actor,
    memory::{self, Drawer},
};
use crate::{
    store::{Account, Action},
    words::sentence,
};

impl Actor {
    /// Makes this person who they were before the page was loaded.
    pub(super) fn restore(self: &Rc<Self>) {
        if let Some(name) = memory::guest_name() {
            return self.enter(name);
        }
        let actor = Rc::clone(self);
        spawn_local(async move {
            match Identity::restore().await {
                Some(identity) => actor.become_somebody(identity),
                None => actor.act.emit(Action::NotSignedIn(None)),
            }
        });
    }

    pub(super) fn enter(self: &Rc<Self>, name: String) {
        memory::remember_name(&name);
        if matches!(&*self.identity.borrow(), Some(Identity::SignedIn(_))) {
            self.act.emit(Action::Entered(Some(name)));
            return;
        }
        match Identity::guest() {
            Ok(guest) => {
                memory::remember_guest_name(&name);
                self.act.emit(Action::Entered(Some(name)));
                self.become_somebody(guest);
            }
            Err(error) => {
                let problem = Some(sentence(&error));
                self.act.emit(Action::NotSignedIn(problem));
            }
        }
    }

    pub(super) fn sign_in(self: &Rc<Self>, name: Option<String>) {
        self.abort_sign_in();
        // At once, while the browser still knows of the click.
        let identity = Identity::sign_in(&self.env);
        self.act.emit(Action::SigningIn);
        let actor = Rc::clone(self);
        let (signing_in, handle) = abortable(async move {
            match identity.await {
                Ok(identity) => {
                    if let Some(name) = &name {
                        memory::remember_name(name);
                    }
                    actor.act.emit(Action::Entered(name));
                    actor.become_somebody(identity);
                }
                Err(error) => {
                    let problem = Some(sentence(&error));
                    actor.act.emit(Action::NotSignedIn(problem));
                }
            }
        });
        self.sign_in.replace(Some(handle));
        spawn_local(async move {
            // Aborted means that somebody cancelled it.
            let _ = signing_in.await;
        });
    }

    pub(super) fn cancel_sign_in(&self) {
        self.abort_sign_in();
        self.act.emit(Action::NotSignedIn(None));
    }

    fn abort_sign_in(&self) {
        if let Some(sign_in) = self.sign_in.take() {
            sign_in.abort();
        }
    }

    /// Ends what is left of a session that has expired. Whoever has signed out has none any more.
    pub(super) fn end_expired(&self) {
        if self.identity.borrow().is_some() {
            self.become_nobody();
            spawn_local(async {
                // Where it cannot be forgotten, it has expired all the same.
                let _ = Identity::forget().await;
            });
        }
    }

    pub(super) fn sign_out(self: &Rc<Self>) {
        if let Some(drawer) = self.drawer() {
            drawer.clear();
            memory::tell_left(drawer.owner);
        }
        self.become_nobody();
        memory::forget_guest_name();
        let forgotten = Identity::forget();
        let actor = Rc::clone(self);
        spawn_local(async move {
            let problem = forgotten.await.err().map(|error| sentence(&error));
            actor.act.emit(Action::Left(problem));
        });
    }

    /// Leaves, if whoever has signed in has done so in another tab.
    pub fn heed(&self, event: &StorageEvent) {
        let left = memory::left_elsewhere(event);
        let is_own = |drawer: Drawer| !drawer.is_guest && left == Some(drawer.owner);
        if self.drawer().is_some_and(is_own) {
            self.become_nobody();
            self.act.emit(Action::Left(None));
        }
    }

    fn become_somebody(&self, identity: Identity) {
        let account = match identity {
            Identity::Guest(_) => Account::Guest,
            Identity::SignedIn(_) => Account::SignedIn,
        };
        self.identity.replace(Some(identity));
        self.act.emit(Action::Is(account));
    }

    /// The page has nothing any more of who this person was, and keeps nothing for them.
    fn become_nobody(&self) {
        self.session.take();
        self.queries.take();
        self.identity.take();
        self.forget_sending();
        self.forget_notifying();
        self.images.take();
    }

    /// Remembers how the canister knows this person.
    pub fn remember(&self, name: &str) {
        if self.drawer().is_some_and(|drawer| drawer.is_guest) {
            memory::remember_guest_name(name);
        }
    }

    /// Has the canister know this person by a name.
    pub fn introduce(self: &Rc<Self>, name: &str, color: Option<u8>) {
        let Some(Drawer { owner, is_guest }) = self.drawer() else {
            return;
        };
        let sum = owner.as_slice().iter();
        let own_color = sum.fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte));
        self.request(Command::SetProfile {
            name: name.to_owned(),
            guest: is_guest,
            color: color.unwrap_or(own_color),
        });
    }
}
