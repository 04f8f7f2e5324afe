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
    let last_name = use_memo((), |()| AttrValue::from(guest::last_name()));
    let attempt = use_state(|| 0);
    let actor = use_memo((), |()| Actor {
        session: RefCell::default(),
        next_id: Cell::default(),
        act: Callback::from({
            let dispatcher = store.dispatcher();
            move |action| dispatcher.dispatch(action)
        }),
    });
    {
        let (env, actor) = (props.env.clone(), actor.clone());
        use_effect_with(*attempt, move |attempt| actor.connect(&env, *attempt));
    }
    {
        let (due, actor) = (store.entry_due().map(str::to_owned), actor.clone());
        use_effect_with(due, move |due| {
            if let Some(name) = due {
                actor.enter(name);
            }
        });
    }
    let on_intent = {
        let recipient = store.recipient.clone();
        Callback::from(move |intent| {
            if matches!(intent, Intent::Leave | Intent::Reconnect) {
                attempt.set(attempt.wrapping_add(1));
            }
            actor.carry_out(intent, recipient.as_ref());
        })
    };
    html! { <Page store={(*store).clone()} last_name={(*last_name).clone()} {on_intent} /> }
}

/// Carries out what the person wants: on the session, the storage of the tab, and the store.
struct Actor {
    session: RefCell<Option<Session>>,
    next_id: Cell<u64>,
    act: Callback<Action>,
}

impl Actor {
    fn connect(&self, env: &Env, attempt: usize) {
        // The old session is gone before the new one reports.
        self.session.take();
        let session = Session::open(env, attempt, self.act.clone());
        self.session.replace(session);
    }

    fn enter(&self, name: &str) {
        let name = name.to_owned();
        if let Err(reason) = self.send(Command::Join { name }) {
            self.act.emit(Action::Closed(reason));
        }
    }

    fn carry_out(&self, intent: Intent, recipient: Option<&Person>) {
        match intent {
            Intent::Enter(name) => {
                guest::remember_name(&name);
                self.act.emit(Action::NameChosen(name));
            }
            Intent::Leave => {
                guest::forget_entry();
                self.act.emit(Action::WentAway);
            }
            Intent::Reconnect => {}
            Intent::Address(person) => self.act.emit(Action::RecipientChosen(person)),
            Intent::Write(text) => {
                let id = self.next_id.get();
                self.next_id.set(id + 1);
                self.publish(id, recipient.cloned(), text);
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
