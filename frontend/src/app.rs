//! Ties the parts together: the network from the cookie, the session, the store, and the page that shows it.

use crate::components::{Page, SetupError};
use crate::env::Env;
use crate::guest;
use crate::intent::Intent;
use crate::session::Session;
use crate::store::{Action, Store};
use chat_api::{Command, Person};
use std::cell::{Cell, RefCell};
use wasm_bindgen::JsCast;
use yew::prelude::*;

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
        name: guest::entered_name(),
        ..Store::default()
    });
    let last_name = use_memo(
        store.name.is_some(),
        |_| AttrValue::from(guest::last_name()),
    );
    let actor = use_memo((), |()| Actor {
        env: props.env.clone(),
        session: RefCell::default(),
        attempts: Cell::default(),
        next_id: Cell::default(),
        act: Callback::from({
            let dispatcher = store.dispatcher();
            move |action| dispatcher.dispatch(action)
        }),
    });
    {
        let actor = actor.clone();
        use_effect_with((), move |()| actor.connect());
    }
    {
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
    session: RefCell<Option<Session>>,
    attempts: Cell<usize>,
    next_id: Cell<u64>,
    act: Callback<Action>,
}

impl Actor {
    fn connect(&self) {
        // The old session is gone before the new one reports.
        self.session.take();
        let attempt = self.attempts.replace(self.attempts.get().wrapping_add(1));
        let session = Session::open(&self.env, attempt, self.act.clone());
        self.session.replace(session);
    }

    fn enter(&self, name: &str) {
        let name = name.to_owned();
        if let Err(reason) = self.send(Command::Join { name }) {
            self.act.emit(Action::Closed(reason));
        }
    }

    fn carry_out(&self, intent: Intent) {
        match intent {
            Intent::Enter(name) => {
                guest::remember_name(&name);
                self.act.emit(Action::NameChosen(name));
            }
            Intent::Leave => {
                guest::forget_entry();
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

fn cookies() -> String {
    gloo_utils::document()
        .unchecked_into::<web_sys::HtmlDocument>()
        .cookie()
        .unwrap_or_default()
}
