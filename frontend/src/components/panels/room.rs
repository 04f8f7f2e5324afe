//! About a room: what it is, what one can do about it, and who is in it.

use candid::Principal;
use chat_api::{Command, Role, RoomId};
use yew::prelude::*;

use super::members::member_list;
use crate::{
    components::{Avatar, icon, names::namesake_badge, room_header::presence_words},
    intent::{Intent, use_intents},
    shared::Shared,
    store::{
        people::People,
        rooms::{Membership, RoomState},
        view::{Dialog, List, Open},
    },
    words,
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub room: Shared<RoomState>,
    pub people: Shared<People>,
    pub me: Option<Principal>,
}

#[component]
pub fn RoomPanel(props: &Props) -> Html {
    let intents = use_intents();
    let room = &props.room;
    let head = match &room.partner {
        Some(partner) => html! {
            <div class="portrait">
                <Avatar person={partner.person.clone()} id={partner.person.id} />
                <h3><bdi>{ &partner.person.name }</bdi></h3>
                { namesake_badge(props.people.has_namesake(&partner.person, &[])) }
                <p class="fine">{ presence_words(Some(partner.presence)) }</p>
                <code class="fingerprint">{ partner.person.id.to_text() }</code>
            </div>
        },
        None => html! {
            <div class="portrait">
                <h3><bdi>{ room.name() }</bdi></h3>
                if !room.room.topic.is_empty() {
                    <p dir="auto">{ &room.room.topic }</p>
                }
            </div>
        },
    };
    html! {
        <>
            { head }
            { room.membership.map(|membership| actions(room, membership, &intents)) }
            if room.partner.is_none() {
                { member_list(room, &props.people, &intents) }
            }
        </>
    }
}

fn actions(room: &RoomState, membership: Membership, intents: &Callback<Intent>) -> Html {
    let id = room.room.id;
    let Membership { role, muted, .. } = membership;
    let mute = intents.reform(move |_: MouseEvent| {
        Intent::Do(Command::Mute {
            room: id,
            muted: !muted,
        })
    });
    let hide = intents.reform(move |_: MouseEvent| Intent::Do(Command::Leave { room: id }));
    let open = |dialog| intents.reform(move |_: MouseEvent| Intent::Open(Open::Dialog(dialog)));
    let is_group = !room.is_direct();
    let moderates = is_group && role >= Role::Moderator;
    html! {
        <div class="panel-actions">
            <button type="button" aria-pressed={muted.to_string()} onclick={mute}>
                { if muted { icon::bell_off() } else { icon::bell() } }
                { if muted { "Muted" } else { "Mute" } }
            </button>
            if room.is_public() || moderates {
                <button type="button" onclick={open(Dialog::Invite(id))}>
                    { icon::plus() }{ "Invite" }
                </button>
            }
            if moderates {
                <button type="button" onclick={open(Dialog::EditRoom(id))}>
                    { icon::sliders() }{ "Settings" }
                </button>
                <button type="button" onclick={open(Dialog::Listed(List::Invited, id))}>{ "Invited people" }</button>
                <button type="button" onclick={open(Dialog::Listed(List::Banned, id))}>{ "Banned people" }</button>
            }
            if is_group {
                <LeaveButton room={id} {role} is_alone={room.room.members == 1} />
            } else {
                <button type="button" onclick={hide}>{ "Hide until the next message" }</button>
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct LeaveProps {
    room: RoomId,
    role: Role,
    is_alone: bool,
}

/// Leaves a room, when it is confirmed.
#[component]
fn LeaveButton(props: &LeaveProps) -> Html {
    let intents = use_intents();
    let asking = use_state_eq(|| false);
    let room = props.room;
    let leave = intents.reform(move |_: MouseEvent| Intent::Do(Command::Leave { room }));
    let toggle = {
        let asking = asking.clone();
        Callback::from(move |_: MouseEvent| asking.set(!*asking))
    };
    if props.role == Role::Owner && !props.is_alone {
        let words = words::role(Role::Owner);
        return html! {
            <p class="fine">{ format!("To leave, make somebody else the {} first.", words.to_lowercase()) }</p>
        };
    }
    if !*asking {
        return html! { <button type="button" class="danger" onclick={toggle}>{ "Leave" }</button> };
    }
    html! {
        <span class="confirm" role="group" aria-label="Leave this room?">
            <span>
                { if props.is_alone { "Leave? A room that nobody is in is removed." } else { "Leave?" } }
            </span>
            <button type="button" class="danger" onclick={leave}>{ "Leave" }</button>
            <button type="button" class="quiet" onclick={toggle}>{ "Stay" }</button>
        </span>
    }
}
