//! Ties the parts together: the network from the cookie, the session, the store, and the page that shows it.

use crate::components::{Page, SetupError};
use crate::entry::{self, Entry};
use crate::env::Env;
use crate::guest;
use crate::identity::Identity;
use crate::intent::Intent;
use crate::session::Session;
use crate::store::{Account, Action, Store};
use chat_api::{Command, Person};
use futures::future::{AbortHandle, abortable};
use ic_ws_client::sign_in::{self, SignInConfig};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use yew::platform::spawn_local;
use yew::prelude::*;

const SESSION_GONE: &str = "You are not signed in any more. Sign in again to go on.";

/// The application.
#[component]
pub fn App() -> Html {
    let env = use_memo((), |()| Env::from_cookies(&cookies()));
    match &*env {
        Ok(env) => html! { <Chat env={env.clone()} /> },
        Err(error) => html! { <SetupError error={error.clone()} /> },
    }
}

#[derive(Properties, PartialEq)]
struct ChatProps {
    env: Env,
}

#[component]
fn Chat(props: &ChatProps) -> Html {
    let store = use_reducer(|| Store {
        name: entry::current().map(|entry| entry.name),
        ..Store::default()
    });
    let last_name = use_memo(
        store.name.is_some(),
        |_| AttrValue::from(entry::last_name()),
    );
    let actor = use_memo((), |()| Actor {
        env: props.env.clone(),
        identity: RefCell::default(),
        sign_in: RefCell::default(),
        session: RefCell::default(),
        next_id: Cell::default(),
        act: Callback::from({
            let dispatcher = store.dispatcher();
            move |action| dispatcher.dispatch(action)
        }),
    });
    {
        let actor = actor.clone();
        use_effect_with(store.account.clone(), move |account| actor.follow(account));
    }
    {
        // After the effect above: whoever is somebody else now enters on a connection of their own.
        let (due, actor) = (store.entry_due().map(str::to_owned), actor.clone());
        use_effect_with(due, move |due| {
            if let Some(name) = due {
                actor.enter(name);
            }
        });
    }
    let on_intent = use_callback((), move |intent, ()| actor.carry_out(intent));
    html! { <Page store={(*store).clone()} last_name={(*last_name).clone()} {on_intent} /> }
}

/// Carries out what the person wants: on the session, the storage of the tab, and the store.
struct Actor {
    env: Env,
    /// `None` until it is known.
    identity: RefCell<Option<Identity>>,
    sign_in: RefCell<Option<AbortHandle>>,
    session: RefCell<Option<Session>>,
    next_id: Cell<u64>,
    act: Callback<Action>,
}

impl Actor {
    /// Connects as whom the store says that this person is.
    fn follow(self: &Rc<Self>, account: &Account) {
        match account {
            Account::Unknown => self.restore(),
            Account::Guest { .. } => self.become_guest(),
            Account::SigningIn => {}
            Account::SignedIn => self.connect(),
        }
    }

    /// Makes this person who they were before the page was loaded.
    fn restore(self: &Rc<Self>) {
        let actor = Rc::clone(self);
        spawn_local(async move {
            let entry = entry::current();
            let was_guest = entry.as_ref().is_some_and(|entry| entry.guest);
            // A browser that keeps nothing has nothing to restore.
            let session = sign_in::Session::restore().await.ok().flatten();
            actor.act.emit(match session.filter(|_| !was_guest) {
                Some(session) => {
                    actor.identity.replace(Some(Identity::SignedIn(session)));
                    Action::SignedIn(entry.map(|entry| entry.name))
                }
                None if was_guest || entry.is_none() => Action::NotSignedIn(None),
                None => Action::SessionEnded(SESSION_GONE.to_owned()),
            });
        });
    }

    fn become_guest(&self) {
        if self
            .identity
            .borrow()
            .as_ref()
            .is_some_and(Identity::is_guest)
        {
            return;
        }
        match guest::signer() {
            Ok(signer) => {
                if self
                    .identity
                    .replace(Some(Identity::Guest(signer)))
                    .is_some()
                {
                    entry::forget();
                }
                self.connect();
            }
            Err(error) => self.act.emit(Action::Closed(error.to_string())),
        }
    }

    fn connect(&self) {
        // The old session is gone before the new one reports.
        self.session.take();
        let Some(identity) = self.identity.borrow().clone() else {
            return;
        };
        let session = Session::open(&self.env, identity, self.act.clone());
        self.session.replace(Some(session));
    }

    fn is_guest(&self) -> bool {
        !matches!(&*self.identity.borrow(), Some(Identity::SignedIn(_)))
    }

    fn enter(&self, name: &str) {
        let command = Command::Join {
            name: name.to_owned(),
            guest: self.is_guest(),
        };
        if let Some(session) = &*self.session.borrow()
            && let Err(error) = session.greet_with(command)
        {
            self.act.emit(Action::Closed(error.to_string()));
        }
    }

    fn carry_out(self: &Rc<Self>, intent: Intent) {
        match intent {
            Intent::Enter(name) => {
                self.remember_entry(&name);
                self.act.emit(Action::NameChosen(name));
            }
            Intent::SignIn(name) => self.sign_in(name),
            Intent::CancelSignIn => {
                self.cancel_sign_in();
                self.act.emit(Action::NotSignedIn(None));
            }
            Intent::SignOut => self.sign_out(),
            Intent::Leave => {
                entry::forget();
                self.act.emit(Action::WentAway);
                self.connect();
            }
            Intent::Reconnect => self.connect(),
            Intent::Address(person) => self.act.emit(Action::RecipientChosen(person)),
            Intent::Write { to, text } => {
                let id = self.next_id.replace(self.next_id.get() + 1);
                self.publish(id, to, text);
            }
            Intent::Retry(outgoing) => {
                self.publish(outgoing.id, outgoing.to.clone(), outgoing.text.clone());
            }
            Intent::Discard(id) => self.act.emit(Action::Discarded(id)),
        }
    }

    fn remember_entry(&self, name: &str) {
        entry::remember(&Entry {
            name: name.to_owned(),
            guest: self.is_guest(),
        });
    }

    fn sign_in(self: &Rc<Self>, name: String) {
        self.cancel_sign_in();
        let provider = self.env.identity_provider.as_str();
        let config = SignInConfig::new(provider, self.env.root_key.as_slice());
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
                    actor.remember_entry(&name);
                    actor.act.emit(Action::SignedIn(Some(name)));
                }
                Err(error) => actor.act.emit(Action::NotSignedIn(Some(sentence(&error)))),
            }
        });
        self.sign_in.replace(Some(handle));
        spawn_local(async move {
            // Aborted means that somebody cancelled it.
            let _ = signing_in.await;
        });
    }

    fn cancel_sign_in(&self) {
        if let Some(sign_in) = self.sign_in.take() {
            sign_in.abort();
        }
    }

    fn sign_out(self: &Rc<Self>) {
        let actor = Rc::clone(self);
        spawn_local(async move {
            let forgotten = sign_in::Session::forget().await;
            actor.act.emit(Action::SignedOut);
            if let Err(error) = forgotten {
                let problem = Some(sentence(&error));
                actor.act.emit(Action::NotSignedIn(problem));
            }
        });
    }

    fn publish(&self, id: u64, to: Option<Person>, text: String) {
        let command = match &to {
            None => Command::Say { text: text.clone() },
            Some(person) => Command::Whisper {
                to: person.id,
                text: text.clone(),
            },
        };
        self.act.emit(Action::Sending { id, to, text });
        if let Err(reason) = self.send(command) {
            self.act.emit(Action::SendFailed { id, reason });
        }
    }

    fn send(&self, command: Command) -> Result<(), String> {
        match &*self.session.borrow() {
            Some(session) => session.send(command).map_err(|error| error.to_string()),
            None => Err("there is no connection".to_owned()),
        }
    }
}

/// What went wrong, as a sentence.
fn sentence(error: &impl std::error::Error) -> String {
    let words = error.to_string();
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

fn cookies() -> String {
    gloo_utils::document()
        .unchecked_into::<web_sys::HtmlDocument>()
        .cookie()
        .unwrap_or_default()
}
