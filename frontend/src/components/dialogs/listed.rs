//! Who is on a list of a room that its moderators see, and how to take them off it.

use candid::Principal;
use chat_api::{Command, PeoplePage, Person, RoomId};
use yew::prelude::*;

use super::{modal::Modal, person_row::person_row};
use crate::{
    components::search::{found, next_page, show_more},
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
    let taken_off = use_state(Vec::<Principal>::new);
    let Props { list, room, .. } = *props;
    let answer = {
        let listed = listed.setter();
        Callback::from(move |answer| listed.set(Some(answer)))
    };
    {
        let (answer, intents) = (answer.clone(), intents.clone());
        use_effect_with((list, room), move |(list, room)| {
            intents.emit(Intent::FindListed(*list, *room, None, answer));
        });
    }
    let Words {
        title,
        nobody,
        take_off,
    } = list.words();
    let row = |person: &Person, page: &PeoplePage| {
        let id = person.id;
        let (taken_off, intents) = (taken_off.clone(), intents.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            intents.emit(Intent::Do(list.take_off(room, id)));
            taken_off.set([&taken_off[..], &[id]].concat());
        });
        let has_namesake = props.people.has_namesake(person, &page.people);
        person_row(person, has_namesake, take_off, onclick)
    };
    let all = |page: &PeoplePage| {
        let is_left = |person: &&Person| !taken_off.contains(&person.id);
        let left: Vec<_> = page.people.iter().filter(is_left).collect();
        let more = page.more_after.is_some().then(|| {
            let answer = next_page(page, answer.clone(), |before, next| PeoplePage {
                people: [before.people, next.people].concat(),
                ..next
            });
            let next = Intent::FindListed(list, room, page.more_after, answer);
            show_more(intents.reform(move |_: MouseEvent| next.clone()))
        });
        html! {
            <ul class="found" aria-label={title}>
                if left.is_empty() && more.is_none() {
                    <li class="fine">{ nobody }</li>
                }
                { for left.into_iter().map(|person| row(person, page)) }
                if let Some(more) = more {
                    <li>{ more }</li>
                }
            </ul>
        }
    };
    html! { <Modal {title}>{ found(&listed, all) }</Modal> }
}
