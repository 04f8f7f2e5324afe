//! The list of conversations, with who one is and how the connection stands.

use yew::prelude::*;

use super::{
    avatar::Avatar, connection::connection_state, fields::kept_in, icon, names::guest_badge,
    room_list::RoomList, search::search_field,
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
}

#[component]
pub fn Sidebar(props: &Props) -> Html {
    let store = &props.store;
    let intents = use_intents();
    let search = use_state_eq(String::new);
    let open = |what| intents.reform(move |_: MouseEvent| Intent::Open(what));
    let notifications = store.notifications.len();
    let label = match notifications {
        0 => "Notifications".to_owned(),
        count => format!("Notifications: {count} unread"),
    };
    let bell = html! {
        <>
            { icon::bell() }
            if notifications > 0 {
                <span class="count-badge" aria-hidden="true">{ notifications }</span>
            }
        </>
    };
    let is_open = store.view.panel == Some(Panel::Notifications);
    let make = |label: &'static str, drawing: Html, dialog| {
        icon::square("", label, drawing, None, open(Open::Dialog(dialog)))
    };
    html! {
        <nav class="sidebar" aria-label="Conversations">
            <header class="head sidebar-head">
                <h1 class="brand">
                    <img src="icon.svg" alt="" width="28" height="28" />
                    { "Commons" }
                </h1>
                { icon::toggle(label, bell, is_open, open(Open::Panel(Panel::Notifications))) }
            </header>
            { search_field(Some("room-search"), "Search conversations", &kept_in(&search)) }
            <RoomList
                rooms={store.rooms.clone()}
                people={store.people.clone()}
                notifications={store.notifications.clone()}
                typing={store.typing.clone()}
                me={store.me()}
                open={store.view.room()}
                is_known={store.is_known}
                search={(*search).clone()}
            />
            <div class="sidebar-actions">
                <button
                    type="button"
                    class={classes!((store.is_known && store.rooms.is_empty()).then_some("primary"))}
                    onclick={open(Open::Dialog(Dialog::FindRooms))}
                >
                    { icon::search() }{ "Find rooms" }
                </button>
                { make("New room", icon::plus(), Dialog::NewRoom) }
                { make("New direct message", icon::pencil(), Dialog::FindPeople) }
            </div>
            <footer class="sidebar-foot">
                <button
                    type="button"
                    class="quiet identity"
                    title="Your profile"
                    onclick={open(Open::Dialog(Dialog::Profile))}
                >
                    if let Some(you) = &store.you {
                        <Avatar person={you.clone()} id={you.id} />
                    }
                    <span class="identity-name" id="own-name">
                        <bdi>{ own_name(store) }</bdi>
                        { " " }{ guest_badge(store.you.as_ref()) }
                    </span>
                </button>
                { connection_state(store, &intents) }
            </footer>
        </nav>
    }
}

fn own_name(store: &Store) -> String {
    let known = store.you.as_ref().map(|you| you.name.clone());
    known.or_else(|| store.name.clone()).unwrap_or_default()
}
