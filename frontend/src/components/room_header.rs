//! The top of a conversation.

use candid::Principal;
use chat_api::{Presence, Room};
use yew::prelude::*;

use super::{
    avatar::{room_sign, with_presence},
    icon,
    names::told_apart,
};
use crate::{
    clock,
    intent::Intent,
    store::{
        people::People,
        rooms::RoomState,
        view::{Dialog, Open, Panel},
    },
    words,
};

/// The top of a conversation in a room.
pub fn room_header(
    room: &RoomState,
    people: &People,
    panel: Option<Panel>,
    intents: &Callback<Intent>,
) -> Html {
    let details = intents.reform(|_: MouseEvent| Intent::Open(Open::Panel(Panel::Room)));
    let is_open = panel == Some(Panel::Room);
    let subtitle = match &room.partner {
        Some(partner) => html! {
            <>
                { told_apart(people, &partner.person) }{ " " }
                { presence_words(Some(partner.presence)) }
            </>
        },
        None => about(&room.room),
    };
    html! {
        <header class="room-header">
            { back(intents) }
            { room_sign(room) }
            <div class="room-title">
                <h2><bdi>{ room.name() }</bdi></h2>
                <p class="fine">{ subtitle }</p>
            </div>
            { icon::toggle("Details and members", icon::people(), is_open, details) }
        </header>
    }
}

/// How many people are in a room, and what it is about.
pub fn about(room: &Room) -> Html {
    html! {
        <>
            { words::count(room.members.into(), "member", "members") }
            if !room.topic.is_empty() {
                { " · " }<bdi>{ &room.topic }</bdi>
            }
        </>
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

/// The top of a conversation that has not begun.
pub fn person_header(people: &People, id: Principal, intents: &Callback<Intent>) -> Html {
    let about = intents.reform(move |_: MouseEvent| Intent::Open(Open::Dialog(Dialog::Person(id))));
    html! {
        <header class="room-header">
            { back(intents) }
            { with_presence(people.get(id), id, people.presence(id)) }
            <div class="room-title">
                <h2><bdi>{ people.name(id) }</bdi></h2>
                <p class="fine">
                    { people.get(id).map(|person| told_apart(people, person)) }{ " " }
                    { "New conversation" }
                </p>
            </div>
            { icon::button("About", icon::people(), about) }
        </header>
    }
}

/// To the list, where there is no room for both.
fn back(intents: &Callback<Intent>) -> Html {
    let back = intents.reform(|_: MouseEvent| Intent::Open(Open::List));
    html! { <span class="back">{ icon::button("Back to the list", icon::arrow_left(), back) }</span> }
}
