//! Rooms to join.

use chat_api::{Command, FoundRooms, Invitation, Room};
use yew::prelude::*;

use super::modal::Modal;
use crate::{
    components::{
        icon,
        search::{SearchField, use_search},
    },
    intent::{Intent, use_intents},
    shared::Shared,
    words,
};

/// Public rooms, as a dialog.
#[component]
pub fn FindRoomsDialog() -> Html {
    html! { <Modal title="Find rooms"><FoundRoomsList /></Modal> }
}

/// Public rooms, by the beginning of their names.
#[component]
pub fn FoundRoomsList() -> Html {
    let intents = use_intents();
    let prefix = use_state_eq(String::new);
    let search = use_search(&prefix, |prefix, answer| {
        Intent::FindRooms(prefix, None, answer)
    });
    let more = {
        let (found, intents, prefix) = (search.found.clone(), intents.clone(), prefix.clone());
        let answer = search.answer();
        Callback::from(move |_: MouseEvent| {
            let Some(Ok(before)) = &*found else {
                return;
            };
            let shown = before.rooms.clone();
            let answer = answer.reform(move |answer: Result<FoundRooms, String>| {
                answer.map(|mut more| {
                    more.rooms.splice(..0, shown.clone());
                    more
                })
            });
            let after = before.more_after.clone();
            intents.emit(Intent::FindRooms((*prefix).clone(), after, answer));
        })
    };
    let on_change = {
        let prefix = prefix.clone();
        Callback::from(move |typed| prefix.set(typed))
    };
    html! {
        <div class="finder">
            <SearchField label="Find a public room" {on_change} />
            { match &*search.found {
                None => html! { <p class="fine" role="status">{ "Looking…" }</p> },
                Some(Err(problem)) => html! { <p class="problem" role="alert">{ problem }</p> },
                Some(Ok(found)) => html! {
                    <ul class="found" aria-label="Public rooms">
                        { for found.rooms.iter().map(|room| one(room, &intents)) }
                        if found.rooms.is_empty() {
                            <li class="fine">{ "No public room is called that. You could make it." }</li>
                        }
                        if found.more_after.is_some() {
                            <li><button type="button" class="quiet" onclick={more}>{ "Show more" }</button></li>
                        }
                    </ul>
                },
            } }
        </div>
    }
}

fn one(room: &Room, intents: &Callback<Intent>) -> Html {
    let visited = room.clone();
    let visit = intents.reform(move |_: MouseEvent| Intent::Visit(visited.clone()));
    html! {
        <li key={room.id} class="found-room">
            <span class="room-sign" aria-hidden="true">{ icon::hash() }</span>
            <span class="found-words">
                <strong><bdi>{ &room.name }</bdi></strong>
                <span class="fine">
                    { words::count(room.members.into(), "member", "members") }
                    if !room.topic.is_empty() {
                        { " · " }<bdi>{ &room.topic }</bdi>
                    }
                </span>
            </span>
            <button type="button" aria-label={format!("Open {}", room.name)} onclick={visit}>
                { "Open" }
            </button>
        </li>
    }
}

#[derive(Properties, PartialEq)]
pub struct InvitationsProps {
    pub invitations: Shared<Vec<Invitation>>,
}

/// The rooms that this person may join.
#[component]
pub fn Invitations(props: &InvitationsProps) -> Html {
    let intents = use_intents();
    if props.invitations.is_empty() {
        return Html::default();
    }
    html! {
        <ul class="found" aria-label="Invitations">
            { for props.invitations.iter().map(|invitation| {
                let room = invitation.room.id;
                let join = intents.reform(move |_: MouseEvent| Intent::Do(Command::Join { room }));
                let decline = intents.reform(move |_: MouseEvent| Intent::Do(Command::Leave { room }));
                html! {
                    <li key={room} class="found-room">
                        <span class="room-sign" aria-hidden="true">{ icon::lock() }</span>
                        <span class="found-words">
                            <strong><bdi>{ &invitation.room.name }</bdi></strong>
                            <span class="fine">
                                { "Invitation from " }<bdi>{ &invitation.by.name }</bdi>
                            </span>
                        </span>
                        <button type="button" class="primary" onclick={join}>{ "Join" }</button>
                        <button type="button" class="quiet" onclick={decline}>{ "Decline" }</button>
                    </li>
                }
            }) }
        </ul>
    }
}
