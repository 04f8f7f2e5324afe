//! Somebody else: who they are, and what one can do about them.

use candid::Principal;
use chat_api::{Address, Command, Person, Presence, Role};
use yew::prelude::*;

use super::modal::Modal;
use crate::{
    components::{Avatar, room_header::presence_words},
    intent::{Intent, use_intents},
    shared::Shared,
    store::{rooms::RoomState, view::Open},
    words,
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub id: Principal,
    pub person: Option<Person>,
    pub presence: Option<Presence>,
    pub me: Option<Principal>,
    pub is_blocked: bool,
    /// The room that is open.
    pub room: Option<Shared<RoomState>>,
}

#[component]
pub fn PersonDialog(props: &Props) -> Html {
    let intents = use_intents();
    let id = props.id;
    let name = props.person.as_ref().map(|person| person.name.clone());
    let name = name.unwrap_or_else(|| words::short_id(id));
    let is_me = props.me == Some(id);
    let write =
        intents.reform(move |_: MouseEvent| Intent::Open(Open::Place(Address::Person(id), None)));
    html! {
        <Modal title={name}>
            <div class="portrait">
                <Avatar person={props.person.clone()} {id} />
                <p class="fine">{ presence_words(props.presence) }</p>
                if props.person.as_ref().is_some_and(|person| person.guest) {
                    <span class="badge">{ "guest" }</span>
                }
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
                    { block(id, props.is_blocked, &intents) }
                    { moderation(props, &intents) }
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
fn moderation(props: &Props, intents: &Callback<Intent>) -> Html {
    let person = props.id;
    let Some(state) = props.room.as_ref().filter(|room| !room.is_direct()) else {
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
