//! Ties the parts together: the network from the cookie, the store, the actor that changes it, and the page that shows it.

use std::{cell::RefCell, rc::Rc};

use chat_api::Address;
use gloo_events::EventListener;
use gloo_timers::callback::Interval;
use ic_ws_yew::{Env, SetupError, set_title};
use wasm_bindgen::{JsCast, JsValue};
use yew::prelude::*;

use crate::{
    actor::{Actor, last_name},
    clock,
    components::page,
    intent::Intent,
    route,
    store::{Action, Store, notifications::Told, view::Open},
};

/// The name of the page.
const TITLE: &str = "Commons";

/// How often it is looked who is still typing, in milliseconds.
const TICK_MS: u32 = 1_000;

/// How often what is known is kept, in milliseconds.
const KEEP_MS: u32 = 30_000;

/// The application.
#[component]
pub fn App() -> Html {
    let env = use_memo((), |()| Env::of_this_page());
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
    let store = use_reducer(Store::default);
    let actor = {
        let dispatcher = store.dispatcher();
        use_memo((), |()| {
            let act = Callback::from(move |action| dispatcher.dispatch(action));
            Rc::new(Actor::new(props.env.clone(), act))
        })
    };
    use_following(&actor, &store);
    use_attention(&actor, &store);
    use_ticks(&store);
    let latest = use_mut_ref(Store::default);
    latest.replace((*store).clone());
    use_keeping(&actor, &latest);
    use_address(&store, &latest);
    let on_intent = {
        let actor = Rc::clone(&actor);
        use_callback((), move |intent, ()| actor.carry_out(intent))
    };
    let last_name = use_memo((), |()| last_name());
    html! {
        <ContextProvider<Callback<Intent>> context={on_intent}>
            { page(&store, &props.env, &last_name) }
        </ContextProvider<Callback<Intent>>>
    }
}

/// Has the actor do what the store says is due.
#[hook]
fn use_following(actor: &Rc<Actor>, store: &UseReducerHandle<Store>) {
    {
        let actor = Rc::clone(actor);
        use_effect_with(store.account.clone(), move |account| actor.follow(account));
    }
    {
        // After the effect above: whoever is somebody else now asks as such.
        let actor = Rc::clone(actor);
        let due = (store.account.clone(), store.inquiry_due());
        use_effect_with(due, move |(_, due)| {
            if let Some(inquiry) = due {
                actor.inquire(*inquiry);
            }
        });
    }
    {
        let actor = Rc::clone(actor);
        let color = store.you.as_ref().map(|you| you.color);
        let due = store.name_due().map(str::to_owned);
        use_effect_with(due, move |due| {
            if let Some(name) = due {
                actor.introduce(name, color);
            }
        });
    }
    {
        let actor = Rc::clone(actor);
        use_effect_with(store.outbox.clone(), move |outbox| actor.keep(outbox));
    }
    {
        let actor = Rc::clone(actor);
        let name = store.you.as_ref().map(|you| you.name.clone());
        use_effect_with(name, move |name| {
            if let Some(name) = name {
                actor.remember(name);
            }
        });
    }
    {
        let actor = Rc::clone(actor);
        use_effect_with((), move |()| {
            let window = gloo_utils::window();
            let listener = EventListener::new(&window, "storage", move |event| {
                if let Some(event) = event.dyn_ref() {
                    actor.heed(event);
                }
            });
            move || drop(listener)
        });
    }
    let actor = Rc::clone(actor);
    // Of a room that one only has a look at, the canister tells nothing that passes.
    let own = store
        .open_room()
        .filter(|room| room.membership.is_some())
        .map(|room| room.room.id);
    use_effect_with(own, move |room| actor.look(*room));
}

/// Tells people who look elsewhere, and takes note when they are back.
#[hook]
fn use_attention(actor: &Rc<Actor>, store: &UseReducerHandle<Store>) {
    use_effect_with(store.calls_for_attention(), |calls| {
        set_title(TITLE, *calls)
    });
    {
        let actor = Rc::clone(actor);
        let told = use_mut_ref(Told::default);
        let fresh = told.borrow_mut().fresh(store);
        let sound = store.sound;
        use_effect(move || actor.notify(fresh, sound));
    }
    let actor = Rc::clone(actor);
    use_effect_with((), move |()| {
        let window = gloo_utils::window();
        let listeners = ["focus", "blur"].map(|event| {
            let actor = Rc::clone(&actor);
            EventListener::new(&window, event, move |_| actor.attend())
        });
        move || drop(listeners)
    });
}

/// Keeps the page's address and the conversation that is open the same.
#[hook]
fn use_address(store: &UseReducerHandle<Store>, latest: &Rc<RefCell<Store>>) {
    let follow = {
        let (latest, dispatcher) = (Rc::clone(latest), store.dispatcher());
        move || {
            let store = latest.borrow().clone();
            let place = route::place(&current_hash());
            let is_there = |place: &Address| match place {
                Address::Room(room) => store.room(*room).is_some(),
                Address::Person(_) => true,
            };
            if place != store.view.place {
                let what = match place.filter(is_there) {
                    Some(place) => Open::Place(place, None),
                    None => Open::List,
                };
                dispatcher.dispatch(Action::Open(what));
            }
        }
    };
    {
        // Once it is known what there is.
        let follow = follow.clone();
        use_effect_with(store.is_known, move |is_known| {
            if *is_known && !current_hash().is_empty() {
                follow();
            }
        });
    }
    // The first address is the one that the page was opened with.
    let is_first = use_mut_ref(|| true);
    use_effect_with(store.view.place, move |place| {
        let hash = route::hash(*place);
        if !is_first.replace(false) && hash != current_hash() {
            let address = if hash.is_empty() { "." } else { &hash };
            // Where it fails, the address just does not follow.
            let _ = gloo_utils::window()
                .history()
                .and_then(|history| history.push_state_with_url(&JsValue::NULL, "", Some(address)));
        }
    });
    use_effect_with((), move |()| {
        let window = gloo_utils::window();
        let listener = EventListener::new(&window, "popstate", move |_| follow());
        move || drop(listener)
    });
}

fn current_hash() -> String {
    gloo_utils::window().location().hash().unwrap_or_default()
}

/// Keeps what is known, now and then and when the page is hidden or closed.
#[hook]
fn use_keeping(actor: &Rc<Actor>, latest: &Rc<RefCell<Store>>) {
    let (actor, latest) = (Rc::clone(actor), Rc::clone(latest));
    use_effect_with((), move |()| {
        let keep = move || actor.keep_snapshot(&latest.borrow());
        let interval = Interval::new(KEEP_MS, keep.clone());
        let document = gloo_utils::document();
        let listener = EventListener::new(&document, "visibilitychange", move |_| keep());
        move || drop((interval, listener))
    });
}

/// Tells the store how late it is while somebody is typing.
#[hook]
fn use_ticks(store: &UseReducerHandle<Store>) {
    let dispatcher = store.dispatcher();
    use_effect_with(!store.typing.is_empty(), move |somebody_types| {
        let interval = somebody_types.then(|| {
            Interval::new(TICK_MS, move || {
                dispatcher.dispatch(Action::Tick(clock::now_ms()));
            })
        });
        move || drop(interval)
    });
}
