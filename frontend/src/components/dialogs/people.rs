//! People to write to, or to invite.

use candid::Principal;
use chat_api::{Address, Command, Person};
use yew::prelude::*;

use super::{modal::Modal, person_row::person_row};
use crate::{
    components::{
        fields::kept_in,
        search::{found, search_field, use_search},
    },
    intent::{Intent, use_intents},
    shared::Shared,
    store::{Store, people::People, rooms::RoomState, view::Open},
    words,
};

/// Somebody to write to.
pub fn find_people_dialog(store: &Store, intents: &Callback<Intent>) -> Html {
    let on_choose = intents
        .reform(|person: Person| Intent::Open(Open::Place(Address::Person(person.id), None)));
    html! {
        <Modal key="find-people" title="New direct message">
            <PeopleFinder
                action="Write"
                people={store.people.clone()}
                {on_choose}
                without={store.me().into_iter().collect::<Vec<_>>()}
            />
        </Modal>
    }
}

#[derive(Properties, PartialEq)]
pub struct InviteProps {
    pub room: Shared<RoomState>,
    pub people: Shared<People>,
}

/// Somebody to invite.
#[component]
pub fn InviteDialog(props: &InviteProps) -> Html {
    let intents = use_intents();
    let room = props.room.room.id;
    let invited = use_state(Vec::<Principal>::new);
    let on_choose = {
        let invited = invited.clone();
        Callback::from(move |person: Person| {
            let mut all = (*invited).clone();
            all.push(person.id);
            invited.set(all);
            intents.emit(Intent::Do(Command::Invite {
                room,
                person: person.id,
            }));
        })
    };
    let members = props.room.members.roles.keys().copied();
    let without: Vec<_> = members.chain(invited.iter().copied()).collect();
    html! {
        <Modal title={format!("Invite to {}", props.room.name())}>
            if !invited.is_empty() {
                <p class="fine" role="status">
                    { words::count(invited.len() as u64, "person was invited.", "people were invited.") }
                </p>
            }
            <PeopleFinder action="Invite" people={props.people.clone()} {on_choose} {without} />
        </Modal>
    }
}

#[derive(Properties, PartialEq)]
struct FinderProps {
    /// What is done with who is chosen.
    action: AttrValue,
    people: Shared<People>,
    on_choose: Callback<Person>,
    /// Who is not offered.
    without: Vec<Principal>,
}

/// People, by the beginning of their names.
#[component]
fn PeopleFinder(props: &FinderProps) -> Html {
    let prefix = use_state_eq(String::new);
    let search = use_search(&prefix, |prefix, answer| {
        Intent::FindPeople(prefix, None, answer)
    });
    let one = |person: &Person, has_namesake: bool| {
        let chosen = person.clone();
        let onclick = props.on_choose.reform(move |_: MouseEvent| chosen.clone());
        person_row(person, has_namesake, &props.action, onclick)
    };
    let offered = |found: &Vec<Person>| {
        let is_offered = |person: &&Person| !props.without.contains(&person.id);
        let offered: Vec<_> = found.iter().filter(is_offered).collect();
        html! {
            <ul class="found" aria-label="People">
                if offered.is_empty() {
                    <li class="fine">{ "Nobody else is called that." }</li>
                }
                { for offered.into_iter().map(|person| one(person, props.people.has_namesake(person, found))) }
            </ul>
        }
    };
    html! {
        <div class="finder">
            { search_field(None, "Find people by name", &kept_in(&prefix)) }
            { found(&search.found, offered) }
        </div>
    }
}
