//! The chat: the list of conversations, the one that is open, and what stands beside it. On small screens one at a time.

use gloo_events::{EventListener, EventListenerOptions};
use ic_ws_yew::Env;
use wasm_bindgen::JsCast;
use yew::prelude::*;

use super::{
    composer::Drafts, conversation::Conversation, dialogs::open_dialog, panels::open_panel,
    sidebar::Sidebar, welcome::welcome,
};
use crate::{
    intent::{Intent, use_intents},
    store::{
        Store,
        view::{Dialog, Open, Panel},
    },
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub store: Store,
    pub env: Env,
}

#[component]
pub fn Workspace(props: &Props) -> Html {
    let store = &props.store;
    let intents = use_intents();
    use_shortcuts(
        intents.clone(),
        store.view.panel.is_some() && store.view.dialog.is_none(),
    );
    let drafts = use_memo((), |()| Drafts::default());
    let front = match (store.view.panel, store.view.place) {
        (Some(_), _) => "panel",
        (None, Some(_)) => "conversation",
        (None, None) => "list",
    };
    html! {
        <div class="workspace" data-front={front}>
            <Sidebar store={store.clone()} />
            if store.view.place.is_some() {
                <Conversation store={store.clone()} drafts={(*drafts).clone()} />
            } else {
                { welcome(store, &intents) }
            }
            { open_panel(store, &props.env, &intents) }
            { open_dialog(store, &intents) }
        </div>
    }
}

/// Keys that work wherever one is.
#[hook]
fn use_shortcuts(intents: Callback<Intent>, can_close_panel: bool) {
    use_effect_with(can_close_panel, move |can_close_panel| {
        let can_close_panel = *can_close_panel;
        let listener = EventListener::new_with_options(
            &gloo_utils::document(),
            "keydown",
            EventListenerOptions::enable_prevent_default(),
            move |event| {
                let Some(event) = event.dyn_ref::<KeyboardEvent>() else {
                    return;
                };
                let command = event.ctrl_key() || event.meta_key();
                let what = match event.key().as_str() {
                    "k" if command => {
                        event.prevent_default();
                        focus("#room-search");
                        return;
                    }
                    "/" if command => Open::Dialog(Dialog::Keys),
                    "i" if command => Open::Panel(Panel::Room),
                    "Escape" if can_close_panel => Open::ClosePanel,
                    _ => return,
                };
                event.prevent_default();
                intents.emit(Intent::Open(what));
            },
        );
        move || drop(listener)
    });
}

fn focus(selector: &str) {
    let element = gloo_utils::document()
        .query_selector(selector)
        .ok()
        .flatten();
    if let Some(element) = element.and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok()) {
        // Where focus is refused, it stays.
        let _ = element.focus();
    }
}
