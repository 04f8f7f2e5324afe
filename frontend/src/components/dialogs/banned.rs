//! Who is kept out of a room.

use chat_api::{Command, PeoplePage, RoomId};
use yew::prelude::*;

use super::modal::Modal;
use crate::{
    components::Avatar,
    intent::{Intent, use_intents},
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub room: RoomId,
}

#[component]
pub fn BannedDialog(props: &Props) -> Html {
    let intents = use_intents();
    let found = use_state(|| None::<Result<PeoplePage, String>>);
    let room = props.room;
    {
        let (found, intents) = (found.setter(), intents.clone());
        use_effect_with(room, move |room| {
            let answer = Callback::from(move |answer| found.set(Some(answer)));
            intents.emit(Intent::FindBanned(*room, answer));
        });
    }
    let list = |banned: &PeoplePage| {
        let rows = banned.people.iter().map(|person| {
            let id = person.id;
            let (found, intents, rest) = (found.setter(), intents.clone(), banned.clone());
            let lift = Callback::from(move |_: MouseEvent| {
                intents.emit(Intent::Do(Command::Unban { room, person: id }));
                let mut rest = rest.clone();
                rest.people.retain(|person| person.id != id);
                found.set(Some(Ok(rest)));
            });
            html! {
                <li key={id.to_text()} class="found-room">
                    <Avatar person={person.clone()} {id} />
                    <span class="found-words"><strong><bdi>{ &person.name }</bdi></strong></span>
                    <button type="button" onclick={lift}>{ "Lift the ban" }</button>
                </li>
            }
        });
        html! {
            <ul class="found" aria-label="Banned people">
                if banned.people.is_empty() {
                    <li class="fine">{ "Nobody is banned." }</li>
                }
                { for rows }
            </ul>
        }
    };
    html! {
        <Modal title="Banned people">
            { match &*found {
                None => html! { <p class="fine" role="status">{ "Looking…" }</p> },
                Some(Err(problem)) => html! { <p class="problem" role="alert">{ problem }</p> },
                Some(Ok(banned)) => list(banned),
            } }
        </Modal>
    }
}
