//! People to write to, or to invite.

use candid::Principal;
use chat_api::{Address, Command, Person};
use yew::prelude::*;

use super::modal::Modal;
use crate::{
    components::{
        Avatar,
        search::{SearchField, use_search},
    },
    intent::{Intent, use_intents},
    shared::Shared,
    store::{rooms::RoomState, view::Open},
    words,
};

#[derive(Properties, PartialEq)]
pub struct FindProps {
    pub me: Option<Principal>,
}

/// Somebody to write to.
#[component]
pub fn FindPeopleDialog(props: &FindProps) -> Html {
    let intents = use_intents();
    let on_choose = intents
        .reform(|person: Person| Intent::Open(Open::Place(Address::Person(person.id), None)));
    let me = props.me;
    html! {
        <Modal title="New direct message">
            <PeopleFinder action="Write" {on_choose} without={me.into_iter().collect::<Vec<_>>()} />
        </Modal>
    }
}

#[derive(Properties, PartialEq)]
pub struct InviteProps {
    pub room: Shared<RoomState>,
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
            <PeopleFinder action="Invite" {on_choose} {without} />
        </Modal>
    }
}

#[derive(Properties, PartialEq)]
struct FinderProps {
    /// What is done with who is chosen.
    action: AttrValue,
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
    let on_change = {
        let prefix = prefix.clone();
        Callback::from(move |typed| prefix.set(typed))
    };
    let one = |person: &Person| {
        let chosen = person.clone();
        let onclick = props.on_choose.reform(move |_: MouseEvent| chosen.clone());
        html! {
            <li key={person.id.to_text()} class="found-room">
                <Avatar person={person.clone()} id={person.id} />
                <span class="found-words">
                    <strong><bdi>{ &person.name }</bdi></strong>
                    <code class="fingerprint">{ words::short_id(person.id) }</code>
                </span>
                <button type="button" aria-label={format!("{} {}", props.action, person.name)} {onclick}>
                    { &props.action }
                </button>
            </li>
        }
    };
    html! {
        <div class="finder">
            <SearchField label="Find people by name" {on_change} />
            { match &*search.found {
                None => html! { <p class="fine" role="status">{ "Looking…" }</p> },
                Some(Err(problem)) => html! { <p class="problem" role="alert">{ problem }</p> },
                Some(Ok(found)) => {
                    let offered: Vec<_> =
                        found.iter().filter(|person| !props.without.contains(&person.id)).collect();
                    html! {
                        <ul class="found" aria-label="People">
                            if offered.is_empty() {
                                <li class="fine">{ "Nobody else is called that." }</li>
                            }
                            { for offered.into_iter().map(one) }
                        </ul>
                    }
                }
            } }
        </div>
    }
}
