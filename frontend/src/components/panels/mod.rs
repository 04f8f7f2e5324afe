//! What stands beside the conversation.

mod chart;
mod connection;
mod members;
mod notifications;
mod room;

use ic_ws_yew::Env;
use yew::prelude::*;

use self::{connection::ConnectionPanel, notifications::NotificationsPanel, room::RoomPanel};
use super::icon;
use crate::{
    intent::Intent,
    store::{
        Store,
        view::{Open, Panel},
    },
};

/// The panel that is open, if any.
pub fn open_panel(store: &Store, env: &Env, intents: &Callback<Intent>) -> Html {
    let (title, content) = match (store.view.panel, store.open_room()) {
        (Some(Panel::Room), Some(room)) => (
            "Details",
            html! {
                <RoomPanel
                    room={room.clone()}
                    people={store.people.clone()}
                    me={store.me()}
                />
            },
        ),
        (Some(Panel::Notifications), _) => (
            "Notifications",
            html! {
                <NotificationsPanel
                    notifications={store.notifications.clone()}
                    invitations={store.invitations.clone()}
                    people={store.people.clone()}
                    sound={store.sound}
                />
            },
        ),
        (Some(Panel::Connection), _) => (
            "Connection",
            html! {
                <ConnectionPanel
                    env={env.clone()}
                    trace={store.trace.clone()}
                    state={store.connection.clone()}
                    me={store.me()}
                    up_to={store.up_to()}
                />
            },
        ),
        _ => return Html::default(),
    };
    let close = intents.reform(|_: MouseEvent| Intent::Open(Open::ClosePanel));
    html! {
        <aside class="panel" aria-label={title}>
            <header class="head panel-head">
                <h2>{ title }</h2>
                { icon::button("Close", icon::cross(), close) }
            </header>
            <div class="panel-content">{ content }</div>
        </aside>
    }
}
