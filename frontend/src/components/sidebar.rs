//! The list of conversations, with who one is and how the connection stands.

use yew::prelude::*;

use super::{Avatar, connection::ConnectionState, icon, room_list::RoomList, search::SearchField};
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
    let on_change = {
        let search = search.clone();
        Callback::from(move |typed| search.set(typed))
    };
    let open = |what| intents.reform(move |_: MouseEvent| Intent::Open(what));
    let notifications = store.notifications.len();
    let bell = match notifications {
        0 => "Notifications".to_owned(),
        count => format!("Notifications: {count} unread"),
    };
    html! {
        <nav class="sidebar" aria-label="Conversations">
            <header class="sidebar-head">
                <h1 class="brand">
                    <img src="icon.svg" alt="" width="28" height="28" />
                    { "Commons" }
                </h1>
                <button
                    type="button"
                    class="quiet square"
                    title={bell.clone()}
                    aria-label={bell}
                    aria-pressed={(store.view.panel == Some(Panel::Notifications)).to_string()}
                    onclick={open(Open::Panel(Panel::Notifications))}
                >
                    { icon::bell() }
                    if notifications > 0 {
                        <span class="count-badge" aria-hidden="true">{ notifications }</span>
                    }
                </button>
            </header>
            <SearchField id="room-search" label="Search conversations" {on_change} />
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
                <button
                    type="button"
                    class="square"
                    title="New room"
                    aria-label="New room"
                    onclick={open(Open::Dialog(Dialog::NewRoom))}
                >
                    { icon::plus() }
                </button>
                <button
                    type="button"
                    class="square"
                    title="New direct message"
                    aria-label="New direct message"
                    onclick={open(Open::Dialog(Dialog::FindPeople))}
                >
                    { icon::pencil() }
                </button>
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
                        if store.you.as_ref().is_some_and(|you| you.guest) {
                            { " " }<span class="badge">{ "guest" }</span>
                        }
                    </span>
                </button>
                <ConnectionState state={store.connection.clone()} is_live={store.is_live()} />
            </footer>
        </nav>
    }
}

fn own_name(store: &Store) -> String {
    let known = store.you.as_ref().map(|you| you.name.clone());
    known.or_else(|| store.name.clone()).unwrap_or_default()
}
