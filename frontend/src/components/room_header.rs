//! The top of a conversation.

use candid::Principal;
use chat_api::{Person, Presence};
use yew::prelude::*;

use super::{Avatar, PresenceDot, RoomSign, icon};
use crate::{
    clock,
    intent::{Intent, use_intents},
    shared::Shared,
    store::{
        rooms::RoomState,
        view::{Dialog, Open, Panel},
    },
    words,
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub room: Shared<RoomState>,
    pub panel: Option<Panel>,
}

#[component]
pub fn RoomHeader(props: &Props) -> Html {
    let intents = use_intents();
    let room = &props.room;
    let details = intents.reform(|_: MouseEvent| Intent::Open(Open::Panel(Panel::Room)));
    html! {
        <header class="room-header">
            <Back />
            <RoomSign room={room.clone()} />
            <div class="room-title">
                <h2><bdi>{ room.name() }</bdi></h2>
                <p class="fine">{ subtitle(room) }</p>
            </div>
            <button
                type="button"
                class="quiet square"
                title="Details and members"
                aria-label="Details and members"
                aria-pressed={(props.panel == Some(Panel::Room)).to_string()}
                onclick={details}
            >
                { icon::people() }
            </button>
        </header>
    }
}

fn subtitle(room: &RoomState) -> Html {
    match &room.partner {
        Some(partner) => presence_words(Some(partner.presence)).into(),
        None => html! {
            <>
                { words::count(room.room.members.into(), "member", "members") }
                if !room.room.topic.is_empty() {
                    { " · " }<bdi>{ &room.room.topic }</bdi>
                }
            </>
        },
    }
}

/// Whether somebody is here, in words.
pub fn presence_words(presence: Option<Presence>) -> String {
    match presence {
        Some(Presence::Here) => "Online".to_owned(),
        Some(Presence::LastSeen(0)) | None => "Offline".to_owned(),
        Some(Presence::LastSeen(at)) => format!("Last seen {}", clock::seen_words(at)),
    }
}

#[derive(Properties, PartialEq)]
pub struct PersonProps {
    pub person: Option<Person>,
    pub id: Principal,
    pub presence: Option<Presence>,
}

/// The top of a conversation that has not begun.
#[component]
pub fn PersonHeader(props: &PersonProps) -> Html {
    let intents = use_intents();
    let id = props.id;
    let about = intents.reform(move |_: MouseEvent| Intent::Open(Open::Dialog(Dialog::Person(id))));
    let name = props.person.as_ref().map(|person| person.name.clone());
    html! {
        <header class="room-header">
            <Back />
            <span class="with-presence">
                <Avatar person={props.person.clone()} {id} />
                <PresenceDot presence={props.presence} />
            </span>
            <div class="room-title">
                <h2><bdi>{ name.unwrap_or_else(|| words::short_id(id)) }</bdi></h2>
                <p class="fine">{ "New conversation" }</p>
            </div>
            { icon::button("About", icon::people(), about) }
        </header>
    }
}

/// To the list, where there is no room for both.
#[component]
fn Back() -> Html {
    let intents = use_intents();
    let back = intents.reform(|_: MouseEvent| Intent::Open(Open::List));
    html! {
        <button
            type="button"
            class="quiet square back"
            title="Back to the list"
            aria-label="Back to the list"
            onclick={back}
        >
            { icon::arrow_left() }
        </button>
    }
}
