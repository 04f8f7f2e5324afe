//! Rooms to join.

use chat_api::{Command, FoundRooms, Invitation, Room};
use yew::prelude::*;

use crate::{
    components::{
        fields::kept_in,
        icon,
        names::told_apart,
        room_header::about,
        search::{found, next_page, search_field, show_more, use_search},
    },
    intent::{Intent, use_intents},
    store::people::People,
};

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
            let answer = next_page(before, answer.clone(), |before, next| FoundRooms {
                rooms: [before.rooms, next.rooms].concat(),
                ..next
            });
            let after = before.more_after.clone();
            intents.emit(Intent::FindRooms((*prefix).clone(), after, answer));
        })
    };
    html! {
        <div class="finder">
            { search_field(None, "Find a public room", &kept_in(&prefix)) }
            { found(&search.found, |found: &FoundRooms| html! {
                <ul class="found" aria-label="Public rooms">
                    { for found.rooms.iter().map(|room| one(room, &intents)) }
                    if found.rooms.is_empty() {
                        <li class="fine">{ "No public room is called that. You could make it." }</li>
                    }
                    if found.more_after.is_some() {
                        <li>{ show_more(more) }</li>
                    }
                </ul>
            }) }
        </div>
    }
}

fn one(room: &Room, intents: &Callback<Intent>) -> Html {
    let visited = room.clone();
    let visit = intents.reform(move |_: MouseEvent| Intent::Visit(visited.clone()));
    html! {
        <li key={room.id} class="found-row">
            <span class="room-sign" aria-hidden="true">{ icon::hash() }</span>
            <span class="found-words">
                <strong><bdi>{ &room.name }</bdi></strong>
                <span class="fine">{ about(room) }</span>
            </span>
            <button type="button" aria-label={format!("Open {}", room.name)} onclick={visit}>
                { "Open" }
            </button>
        </li>
    }
}

/// The rooms that this person may join.
pub fn invitations(
    invitations: &[Invitation],
    people: &People,
    intents: &Callback<Intent>,
) -> Html {
    if invitations.is_empty() {
        return Html::default();
    }
    html! {
        <ul class="found" aria-label="Invitations">
            { for invitations.iter().map(|invitation| {
                let room = invitation.room.id;
                let join = intents.reform(move |_: MouseEvent| Intent::Do(Command::Join { room }));
                let decline = intents.reform(move |_: MouseEvent| Intent::Do(Command::Leave { room }));
                html! {
                    <li key={room} class="found-row">
                        <span class="room-sign" aria-hidden="true">{ icon::lock() }</span>
                        <span class="found-words">
                            <strong><bdi>{ &invitation.room.name }</bdi></strong>
                            <span class="fine">
                                { "Invitation from " }<bdi>{ &invitation.by.name }</bdi>{ " " }
                                { told_apart(people, &invitation.by) }
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
