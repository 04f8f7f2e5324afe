//! Somebody else: who they are, and what one can do about them.

use candid::Principal;
use chat_api::{Address, Command, Role};
use yew::prelude::*;

use super::modal::Modal;
use crate::{
    components::{
        Avatar,
        names::{guest_badge, namesake_badge},
        room_header::presence_words,
    },
    intent::Intent,
    store::{Store, view::Open},
};

/// Who they are, and what one can do about them.
pub fn person_dialog(store: &Store, id: Principal, intents: &Callback<Intent>) -> Html {
    let person = store.people.get(id);
    let has_namesake = person.is_some_and(|person| store.people.has_namesake(person, &[]));
    let is_me = store.me() == Some(id);
    let is_blocked = store.blocked.iter().any(|person| person.id == id);
    let write =
        intents.reform(move |_: MouseEvent| Intent::Open(Open::Place(Address::Person(id), None)));
    html! {
        <Modal key="person" title={store.people.name(id)}>
            <div class="portrait">
                <Avatar person={person.cloned()} {id} />
                <p class="fine">{ presence_words(store.people.presence(id)) }</p>
                { namesake_badge(has_namesake) }
                { guest_badge(person) }
                <p class="fine">
                    { "Names can be chosen at will. This cannot, and neither can the rim around the picture, \
                       which is made from it:" }
                </p>
                <code class="fingerprint">{ id.to_text() }</code>
            </div>
            <div class="panel-actions">
                <button type="button" class="primary" onclick={write}>
                    { if is_me { "Notes to yourself" } else { "Write to them" } }
                </button>
                if !is_me {
                    { block(id, is_blocked, intents) }
                    { moderation(store, id, intents) }
                }
            </div>
        </Modal>
    }
}

fn block(person: Principal, is_blocked: bool, intents: &Callback<Intent>) -> Html {
    let blocked = !is_blocked;
    let onclick =
        intents.reform(move |_: MouseEvent| Intent::Do(Command::Block { person, blocked }));
    html! {
        <button type="button" {onclick}>
            { if is_blocked { "Unblock" } else { "Block" } }
        </button>
    }
}

/// What one's role in the open room allows.
fn moderation(store: &Store, person: Principal, intents: &Callback<Intent>) -> Html {
    let Some(state) = store.open_room().filter(|room| !room.is_direct()) else {
        return Html::default();
    };
    let (room, own) = (state.room.id, state.role());
    let theirs = state.members.roles.get(&person).copied();
    let act = |label: &'static str, class: &'static str, command: Command| {
        let intents = intents.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            intents.emit(Intent::Do(command.clone()));
            intents.emit(Intent::Open(Open::CloseDialog));
        });
        html! { <button type="button" {class} {onclick}>{ label }</button> }
    };
    let set_role = |role| Command::SetRole { room, person, role };
    let outranks = own > theirs && own >= Some(Role::Moderator);
    let owns = own == Some(Role::Owner);
    html! {
        <>
            if let Some(role) = theirs.filter(|_| owns) {
                if role == Role::Member {
                    { act("Make moderator", "", set_role(Role::Moderator)) }
                } else {
                    { act("Make plain member", "", set_role(Role::Member)) }
                }
                { act("Hand the room over", "", set_role(Role::Owner)) }
            }
            if outranks && theirs.is_some() {
                { act("Remove from the room", "danger", Command::Remove { room, person }) }
            }
            if outranks {
                { act("Ban from the room", "danger", Command::Ban { room, person }) }
            }
        </>
    }
}
