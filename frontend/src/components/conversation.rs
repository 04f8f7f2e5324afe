//! The conversation that is open: who it is with, what was said, and where to answer.

use candid::Principal;
use chat_api::{Address, Command, RoomId};
use yew::prelude::*;

use super::{
    composer::{Composer, Drafts},
    messages::{MessageList, pending_messages},
    room_header::{person_header, room_header},
    typing::typing_line,
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
    let intents = use_intents();
    use_members(store.open_room(), intents.clone());
    let content = match (store.view.place, store.open_room()) {
        (_, Some(room)) => in_room(props, room, &intents),
        (Some(Address::Person(person)), None) => to_person(props, person, &intents),
        _ => html! { <p class="loading" role="status">{ "Loading…" }</p> },
    };
    html! { <main class="conversation" aria-label="Conversation">{ content }</main> }
}

fn in_room(props: &Props, room: &Shared<RoomState>, intents: &Callback<Intent>) -> Html {
    let Props { store, drafts } = props;
    let id = room.room.id;
    let typing = store.typing.iter().filter(|typing| typing.room == id);
    let typing = typing
        .map(|typing| store.people.name(typing.person))
        .collect();
    html! {
        <>
            { room_header(room, &store.people, store.view.panel, intents) }
            { banner(&store.connection) }
            <MessageList
                key={id}
                room={room.clone()}
                people={store.people.clone()}
                outbox={store.outbox.clone()}
                me={store.me()}
                jump={store.view.jump}
            />
            { typing_line(typing) }
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
                { join_bar(room, intents) }
            }
        </>
    }
}

fn to_person(props: &Props, id: Principal, intents: &Callback<Intent>) -> Html {
    let Props { store, drafts } = props;
    let name = store.people.name(id);
    let address = [Address::Person(id)];
    let pending = store.outbox.said_to(&address);
    html! {
        <>
            { person_header(&store.people, id, intents) }
            { banner(&store.connection) }
            <div class="messages-frame">
                <div class="messages">
                    <p class="empty">
                        { "This is the beginning of your conversation with " }<bdi>{ &name }</bdi>{ "." }
                    </p>
                    { pending_messages(pending, store.you.as_ref(), intents) }
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

fn banner(connection: &Connection) -> Html {
    let problem = match connection {
        Connection::Closed(reason) => format!("You are disconnected: {reason}."),
        Connection::Reconnecting(reason) => {
            format!("Reconnecting ({reason}). What you write is sent as soon as you are back.")
        }
        _ => return Html::default(),
    };
    html! { <p class="banner" role="status">{ problem }</p> }
}

fn join_bar(room: &RoomState, intents: &Callback<Intent>) -> Html {
    let id = room.room.id;
    let join = intents.reform(move |_: MouseEvent| Intent::Do(Command::Join { room: id }));
    html! {
        <div class="join-bar">
            <span>{ "You are having a look at " }<bdi>{ room.name() }</bdi>{ "." }</span>
            <button type="button" class="primary" onclick={join}>{ "Join" }</button>
        </div>
    }
}

/// Gets the members of the open room, once.
#[hook]
fn use_members(room: Option<&Shared<RoomState>>, intents: Callback<Intent>) {
    let due: Option<RoomId> = room
        .filter(|room| !room.members.is_known)
        .map(|room| room.room.id);
    use_effect_with(due, move |due| {
        if let Some(room) = due {
            intents.emit(Intent::LoadMembers(*room, None));
        }
    });
}
