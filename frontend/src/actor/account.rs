//! Who this person is: restored, signed in, or a guest.

use std::rc::Rc;

use chat_api::Command;
use futures::future::abortable;
use ic_ws_client::{Signer, sign_in};
use yew::platform::spawn_local;

use super::{Actor, memory};
use crate::{
    guest,
    identity::Identity,
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
            // A browser that keeps nothing has nothing to restore.
            match sign_in::Session::restore().await.ok().flatten() {
                Some(session) => {
                    actor.identity.replace(Some(Identity::SignedIn(session)));
                    actor.act.emit(Action::Is(Account::SignedIn));
                }
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
        match guest::signer() {
            Ok(signer) => {
                self.identity.replace(Some(Identity::Guest(signer)));
                memory::remember_guest(&name);
                self.act.emit(Action::Entered(Some(name)));
                self.act.emit(Action::Is(Account::Guest));
            }
            Err(error) => {
                let problem = Some(sentence(&error));
                self.act.emit(Action::NotSignedIn(problem));
            }
        }
    }

    pub(super) fn sign_in(self: &Rc<Self>, name: Option<String>) {
        self.abort_sign_in();
        let provider = self.env.identity_provider.as_str();
        let config = sign_in::SignInConfig::new(provider, self.env.root_key.as_slice());
        // At once, while the browser still knows of the click.
        let session = sign_in::Session::sign_in(config);
        self.act.emit(Action::SigningIn);
        let actor = Rc::clone(self);
        let (signing_in, handle) = abortable(async move {
            match session.await {
                Ok(session) => {
                    // In a browser that keeps nothing it lasts until the next reload.
                    let _ = session.keep().await;
                    actor.identity.replace(Some(Identity::SignedIn(session)));
                    if let Some(name) = &name {
                        memory::remember_name(name);
                    }
                    actor.act.emit(Action::Entered(name));
                    actor.act.emit(Action::Is(Account::SignedIn));
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
        self.disconnect();
        if self.identity.take().is_some() {
            self.forget_sending();
            spawn_local(async {
                // Where it cannot be forgotten, it has expired all the same.
                let _ = sign_in::Session::forget().await;
            });
        }
    }

    pub(super) fn sign_out(self: &Rc<Self>) {
        self.disconnect();
        if let Some(drawer) = self.drawer() {
            drawer.forget_snapshot();
        }
        self.identity.take();
        self.forget_sending();
        memory::forget();
        let actor = Rc::clone(self);
        spawn_local(async move {
            let forgotten = sign_in::Session::forget().await;
            let problem = forgotten.err().map(|error| sentence(&error));
            actor.act.emit(Action::Left(problem));
        });
    }

    /// Has the canister know this person by a name.
    pub fn introduce(self: &Rc<Self>, name: &str, color: Option<u8>) {
        let Some(own) = self.identity.borrow().as_ref().map(Signer::principal) else {
            return;
        };
        let sum = own.as_slice().iter();
        let own_color = sum.fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte));
        self.request(Command::SetProfile {
            name: name.to_owned(),
            guest: self.is_guest(),
            color: color.unwrap_or(own_color),
        });
    }
}
