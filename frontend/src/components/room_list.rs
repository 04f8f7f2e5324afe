//! One's conversations, the latest first.

use candid::Principal;
use chat_api::{Address, Notification, RoomId};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::{avatar::room_sign, icon};
use crate::{
    clock,
    intent::{Intent, use_intents},
    markdown,
    shared::Shared,
    store::{
        Typing, notifications,
        people::People,
        rooms::{RoomState, Rooms},
        view::Open,
    },
    words,
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub rooms: Shared<Rooms>,
    pub people: Shared<People>,
    pub notifications: Shared<Vec<Notification>>,
    pub typing: Shared<Vec<Typing>>,
    pub me: Option<Principal>,
    pub open: Option<RoomId>,
    pub is_known: bool,
    pub search: String,
}

#[component]
pub fn RoomList(props: &Props) -> Html {
    let search = words::folded(props.search.trim());
    let is_found = |room: &&Shared<RoomState>| {
        room.membership.is_some() && words::folded(room.name()).contains(&search)
    };
    let mut rooms: Vec<_> = props.rooms.values().filter(is_found).cloned().collect();
    rooms.sort_by_key(|room| std::cmp::Reverse(room.last.as_ref().map(|last| last.at)));
    let is_empty = rooms.is_empty();
    let row = |room: Shared<RoomState>| {
        let id = room.room.id;
        let typing = props.typing.iter().find(|typing| typing.room == id);
        html! {
            <li key={id}>
                <RoomRow
                    mentions={notifications::mentions_in(&props.notifications, id)}
                    typing={typing.map(|typing| props.people.name(typing.person))}
                    is_open={props.open == Some(id)}
                    me={props.me}
                    {room}
                />
            </li>
        }
    };
    html! {
        <ul class="rooms" onkeydown={Callback::from(move_focus)}>
            { for rooms.into_iter().map(row) }
            if is_empty {
                <li class="rooms-empty fine">{ empty_words(props) }</li>
            }
        </ul>
    }
}

fn empty_words(props: &Props) -> &'static str {
    match (props.is_known, props.search.trim().is_empty()) {
        (false, _) => "Loading your conversations…",
        (true, true) => "You are in no room yet. Find one, or make your own.",
        (true, false) => "No conversation is called that.",
    }
}

#[derive(Properties, PartialEq)]
struct RowProps {
    room: Shared<RoomState>,
    mentions: usize,
    typing: Option<String>,
    is_open: bool,
    me: Option<Principal>,
}

#[component]
fn RoomRow(props: &RowProps) -> Html {
    let intents = use_intents();
    let room = &props.room;
    let id = room.room.id;
    let onclick =
        intents.reform(move |_: MouseEvent| Intent::Open(Open::Place(Address::Room(id), None)));
    let muted = room.membership.is_some_and(|it| it.muted);
    let unread = room.unread();
    html! {
        <button
            type="button"
            class={classes!("room-row", (unread > 0 && !muted).then_some("unread"))}
            aria-current={props.is_open.then_some("true")}
            data-room={room.name().to_owned()}
            {onclick}
        >
            { room_sign(room) }
            <span class="room-name"><bdi>{ room.name() }</bdi></span>
            if muted {
                <span class="muted" role="img" aria-label="Muted">{ icon::bell_off() }</span>
            }
            if let Some(last) = &room.last {
                <time datetime={clock::machine_time(last.at)}>{ clock::ago_words(last.at) }</time>
            }
            <span class="room-preview">{ preview(props) }</span>
            { badges(unread, props.mentions, muted) }
        </button>
    }
}

fn preview(props: &RowProps) -> Html {
    if let Some(name) = &props.typing {
        return html! { <em>{ format!("{name} is typing…") }</em> };
    }
    let Some(last) = &props.room.last else {
        return html! { "Nothing was said yet" };
    };
    let text = match last.text.is_empty() {
        true => "Message deleted".to_owned(),
        false => markdown::plain(&last.text),
    };
    let author = match (Some(last.author.id) == props.me, props.room.is_direct()) {
        (true, _) => "You: ".to_owned(),
        (false, true) => String::new(),
        (false, false) => format!("{}: ", last.author.name),
    };
    html! { <bdi>{ author }{ text }</bdi> }
}

fn badges(unread: u64, mentions: usize, muted: bool) -> Html {
    if unread == 0 {
        return Html::default();
    }
    let shown = if unread > 99 {
        "99+".to_owned()
    } else {
        unread.to_string()
    };
    let label = words::count(unread, "unread message", "unread messages");
    html! {
        <span class="badges">
            if mentions > 0 {
                <span class="count-badge mention-badge" role="img" aria-label="You were mentioned">{ "@" }</span>
            }
            <span
                class={classes!("count-badge", muted.then_some("muted"))}
                role="img"
                aria-label={label}
            >
                { shown }
            </span>
        </span>
    }
}

/// Moves from row to row by the arrow keys.
fn move_focus(event: KeyboardEvent) {
    let row = event
        .target_dyn_into::<Element>()
        .and_then(|at| at.closest("li").ok().flatten());
    let next = match (event.key().as_str(), row) {
        ("ArrowUp", Some(row)) => row.previous_element_sibling(),
        ("ArrowDown", Some(row)) => row.next_element_sibling(),
        _ => return,
    };
    let button = next.and_then(|row| row.first_element_child());
    if let Some(button) = button.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        // Where focus is refused, it stays.
        let _ = button.focus();
    }
}
