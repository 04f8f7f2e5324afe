//! What a room is to be: a new one, or one that there is.

use chat_api::{Command, Room, RoomKind, Visibility};
use yew::prelude::*;

use super::modal::Modal;
use crate::{
    components::fields::{TextField, kept_in, valid_name, valid_topic},
    intent::{Intent, use_intents},
    store::view::Open,
};

#[derive(Properties, PartialEq)]
pub struct Props {
    /// Nothing for a new one.
    #[prop_or_default]
    pub room: Option<Room>,
    /// Whether the person may say who finds it, as with a new one.
    #[prop_or(true)]
    pub is_owner: bool,
}

#[component]
pub fn RoomForm(props: &Props) -> Html {
    let intents = use_intents();
    let before = props.room.as_ref();
    let name = use_state_eq(|| before.map_or_else(String::new, |room| room.name.clone()));
    let topic = use_state_eq(|| before.map_or_else(String::new, |room| room.topic.clone()));
    let private = use_state_eq(|| {
        before.is_some_and(|room| room.kind == RoomKind::Group(Visibility::Private))
    });
    let flawed = use_state_eq(|| false);
    let onsubmit = {
        let (name, topic, private) = (name.clone(), topic.clone(), private.clone());
        let (flawed, intents) = (flawed.clone(), intents.clone());
        let room = before.map(|room| room.id);
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (Ok(name), Ok(topic)) = (valid_name(&name), valid_topic(&topic)) else {
                return flawed.set(true);
            };
            let visibility = match *private {
                true => Visibility::Private,
                false => Visibility::Public,
            };
            intents.emit(Intent::Do(match room {
                None => Command::CreateRoom {
                    name,
                    topic,
                    visibility,
                },
                Some(room) => Command::EditRoom {
                    room,
                    name,
                    topic,
                    visibility,
                },
            }));
            intents.emit(Intent::Open(Open::CloseDialog));
        })
    };
    let toggle = {
        let private = private.clone();
        Callback::from(move |_: Event| private.set(!*private))
    };
    let name_problem = valid_name(&name).err().filter(|_| *flawed);
    let topic_problem = valid_topic(&topic).err();
    html! {
        <Modal title={if before.is_some() { "Room settings" } else { "New room" }}>
            <form class="form" novalidate=true {onsubmit}>
                <TextField
                    id="room-name"
                    label="Name"
                    autofocus=true
                    value={(*name).clone()}
                    problem={name_problem.map(|problem| problem.to_string())}
                    on_change={kept_in(&name)}
                />
                <TextField
                    id="room-topic"
                    label="Topic"
                    placeholder="What it is about, in a line"
                    value={(*topic).clone()}
                    problem={topic_problem.map(|problem| problem.to_string())}
                    on_change={kept_in(&topic)}
                />
                if props.is_owner {
                    <label class="check">
                        <input type="checkbox" checked={*private} onchange={toggle} />
                        <span>
                            { "Private" }
                            <span class="fine">{ "Only who is invited finds it, reads it and joins it." }</span>
                        </span>
                    </label>
                }
                <button type="submit" class="primary">
                    { if before.is_some() { "Save" } else { "Make the room" } }
                </button>
            </form>
        </Modal>
    }
}
