//! The members of a room.

use candid::Principal;
use chat_api::{Presence, Role};
use yew::prelude::*;

use crate::{
    components::{avatar::with_presence, names::name, search::show_more},
    intent::Intent,
    store::{people::People, rooms::RoomState},
    words,
};

/// The members of a room: those with a say first, then who is here.
pub fn member_list(room: &RoomState, people: &People, intents: &Callback<Intent>) -> Html {
    let mut members: Vec<(Principal, Role)> = room
        .members
        .roles
        .iter()
        .map(|(id, role)| (*id, *role))
        .collect();
    members.sort_by_cached_key(|(id, role)| {
        let is_here = people.presence(*id) == Some(Presence::Here);
        let rank = std::cmp::Reverse((*role, is_here));
        (rank, words::folded(&people.name(*id)))
    });
    let more = room.members.more_after.map(|after| {
        let id = room.room.id;
        let onclick = intents.reform(move |_: MouseEvent| Intent::LoadMembers(id, Some(after)));
        show_more(onclick)
    });
    html! {
        <>
            <h3>{ words::count(room.room.members.into(), "member", "members") }</h3>
            <ul>
                { for members.into_iter().map(|(id, role)| html! {
                    <li key={id.to_text()} class="person-row" data-testid="person" data-name={people.name(id)} data-id={id.to_text()}>
                        { with_presence(people.get(id), id, people.presence(id)) }
                        <span class="person-name">{ name(people, id, intents) }</span>
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
