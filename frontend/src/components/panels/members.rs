//! The members of a room.

use candid::Principal;
use chat_api::{Presence, Role};
use yew::prelude::*;

use crate::{
    components::{Avatar, Name, PresenceDot},
    intent::{Intent, use_intents},
    shared::Shared,
    store::{people::People, rooms::RoomState},
    words,
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub room: Shared<RoomState>,
    pub people: Shared<People>,
}

/// The members of a room: those with a say first, then who is here.
#[component]
pub fn MemberList(props: &Props) -> Html {
    let intents = use_intents();
    let (room, people) = (&props.room, &props.people);
    let is_here = |id| people.presence(id) == Some(Presence::Here);
    let mut members: Vec<(Principal, Role)> = room
        .members
        .roles
        .iter()
        .map(|(id, role)| (*id, *role))
        .collect();
    members.sort_by_key(|(id, role)| {
        let rank = std::cmp::Reverse((*role, is_here(*id)));
        (rank, people.name(*id).to_lowercase())
    });
    let more = room.members.more_after.map(|after| {
        let id = room.room.id;
        let onclick = intents.reform(move |_: MouseEvent| Intent::LoadMembers(id, Some(after)));
        html! { <button type="button" class="quiet" {onclick}>{ "Show more" }</button> }
    });
    html! {
        <>
            <h3>{ words::count(room.room.members.into(), "member", "members") }</h3>
            <ul class="people-list">
                { for members.into_iter().map(|(id, role)| html! {
                    <li key={id.to_text()} class="person-row" data-testid="person" data-name={people.name(id)} data-id={id.to_text()}>
                        <span class="with-presence">
                            <Avatar person={people.get(id).cloned()} {id} />
                            <PresenceDot presence={people.presence(id)} />
                        </span>
                        <span class="person-name"><Name person={people.get(id).cloned()} {id} /></span>
                        if role != Role::Member {
                            <span class="badge">{ words::role(role) }</span>
                        }
                    </li>
                }) }
            </ul>
            { more }
        </>
    }
}
