//! Who is on a list of a room that its moderators see, and how to take them off it.

use candid::Principal;
use chat_api::{Command, PeoplePage, RoomId};
use yew::prelude::*;

use super::{modal::Modal, person_row::person_row};
use crate::{
    components::search::found,
    intent::{Intent, use_intents},
    shared::Shared,
    store::{people::People, view::List},
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub list: List,
    pub room: RoomId,
    pub people: Shared<People>,
}

/// What there is to say about a list.
struct Words {
    title: &'static str,
    nobody: &'static str,
    take_off: &'static str,
}

impl List {
    fn words(self) -> Words {
        match self {
            Self::Banned => Words {
                title: "Banned people",
                nobody: "Nobody is banned.",
                take_off: "Unban",
            },
            Self::Invited => Words {
                title: "Invited people",
                nobody: "Nobody is invited.",
                take_off: "Uninvite",
            },
        }
    }

    fn take_off(self, room: RoomId, person: Principal) -> Command {
        match self {
            Self::Banned => Command::Unban { room, person },
            Self::Invited => Command::Remove { room, person },
        }
    }
}

#[component]
pub fn ListedPeopleDialog(props: &Props) -> Html {
    let intents = use_intents();
    let listed = use_state(|| None::<Result<PeoplePage, String>>);
    let Props { list, room } = *props;
    {
        let (listed, intents) = (listed.setter(), intents.clone());
        use_effect_with((list, room), move |(list, room)| {
            let answer = Callback::from(move |answer| listed.set(Some(answer)));
            intents.emit(Intent::FindListed(*list, *room, answer));
        });
    }
    let Words {
        title,
        nobody,
        take_off,
    } = list.words();
    let all = |page: &PeoplePage| {
        let rows = page.people.iter().map(|person| {
            let id = person.id;
            let (listed, intents, rest) = (listed.setter(), intents.clone(), page.clone());
            let onclick = Callback::from(move |_: MouseEvent| {
                intents.emit(Intent::Do(list.take_off(room, id)));
                let mut rest = rest.clone();
                rest.people.retain(|person| person.id != id);
                listed.set(Some(Ok(rest)));
            });
            let has_namesake = props.people.has_namesake(person, &page.people);
            person_row(person, has_namesake, take_off, onclick)
        });
        html! {
            <ul class="found" aria-label={title}>
                if page.people.is_empty() {
                    <li class="fine">{ nobody }</li>
                }
                { for rows }
            </ul>
        }
    };
    html! { <Modal {title}>{ found(&listed, all) }</Modal> }
}
