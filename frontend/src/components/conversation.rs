//! The conversation that is open: who it is with, what was said, and where to answer.

use chat_api::{Address, Command, Person, RoomId};
use yew::prelude::*;

use super::{
    composer::{Composer, Drafts},
    messages::{MessageList, PendingMessages},
    room_header::{PersonHeader, RoomHeader},
    typing::TypingLine,
};
use crate::{
    intent::{Intent, use_intents},
    shared::Shared,
    store::{Connection, Store, rooms::RoomState},
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub store: Store,
    pub drafts: Drafts,
}

#[component]
pub fn Conversation(props: &Props) -> Html {
    let store = &props.store;
    use_members(store.open_room());
    let problem = match &store.connection {
        Connection::Closed(reason) => Some(format!("You are disconnected: {reason}.")),
        Connection::Reconnecting(reason) => Some(format!(
            "Reconnecting ({reason}). What you write is sent as soon as you are back."
        )),
        _ => None,
    };
    html! {
        <main class="conversation" aria-label="Conversation">
            { match (store.view.place, store.open_room()) {
                (_, Some(room)) => in_room(props, room, problem),
                (Some(Address::Person(person)), None) => {
                    to_person(props, store.people.get(person), person, problem)
                }
                _ => html! { <p class="loading" role="status">{ "Loading…" }</p> },
            } }
        </main>
    }
}

fn in_room(props: &Props, room: &Shared<RoomState>, problem: Option<String>) -> Html {
    let Props { store, drafts } = props;
    let id = room.room.id;
    let typing = store.typing.iter().filter(|typing| typing.room == id);
    let typing: Vec<_> = typing
        .map(|typing| store.people.name(typing.person))
        .collect();
    html! {
        <>
            <RoomHeader room={room.clone()} panel={store.view.panel} />
            { banner(problem) }
            <MessageList
                key={id}
                room={room.clone()}
                people={store.people.clone()}
                outbox={store.outbox.clone()}
                me={store.me()}
                jump={store.view.jump}
            />
            <TypingLine names={typing} />
            if room.membership.is_some() {
                <Composer
                    key={id}
                    address={Address::Room(id)}
                    name={room.name().to_owned()}
                    room={Some(room.clone())}
                    people={store.people.clone()}
                    me={store.me()}
                    writing={store.view.writing}
                    can_send={store.outbox.has_room()}
                    {drafts}
                />
            } else {
                <JoinBar room={id} name={room.name().to_owned()} />
            }
        </>
    }
}

fn to_person(
    props: &Props,
    person: Option<&Person>,
    id: candid::Principal,
    problem: Option<String>,
) -> Html {
    let Props { store, drafts } = props;
    let name = store.people.name(id);
    html! {
        <>
            <PersonHeader person={person.cloned()} {id} presence={store.people.presence(id)} />
            { banner(problem) }
            <div class="messages-frame">
                <div class="messages">
                    <p class="empty">
                        { "This is the beginning of your conversation with " }<bdi>{ &name }</bdi>{ "." }
                    </p>
                    <PendingMessages
                        outbox={store.outbox.clone()}
                        addresses={vec![Address::Person(id)]}
                        you={store.you.clone()}
                    />
                </div>
            </div>
            <Composer
                key={id.to_text()}
                address={Address::Person(id)}
                {name}
                room={None::<Shared<RoomState>>}
                people={store.people.clone()}
                me={store.me()}
                writing={store.view.writing}
                can_send={store.outbox.has_room()}
                {drafts}
            />
        </>
    }
}

fn banner(problem: Option<String>) -> Html {
    problem.map_or_else(Html::default, |problem| {
        html! { <p class="banner" role="status">{ problem }</p> }
    })
}

#[derive(Properties, PartialEq)]
struct JoinBarProps {
    room: RoomId,
    name: String,
}

#[component]
fn JoinBar(props: &JoinBarProps) -> Html {
    let intents = use_intents();
    let room = props.room;
    let join = intents.reform(move |_: MouseEvent| Intent::Do(Command::Join { room }));
    html! {
        <div class="join-bar">
            <span>{ "You are having a look at " }<bdi>{ &props.name }</bdi>{ "." }</span>
            <button type="button" class="primary" onclick={join}>{ "Join" }</button>
        </div>
    }
}

/// Gets the members of the open room, once.
#[hook]
fn use_members(room: Option<&Shared<RoomState>>) {
    let intents = use_intents();
    let due: Option<RoomId> = room
        .filter(|room| !room.members.is_known)
        .map(|room| room.room.id);
    use_effect_with(due, move |due| {
        if let Some(room) = due {
            intents.emit(Intent::LoadMembers(*room, None));
        }
    });
}
