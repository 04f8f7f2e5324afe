//! What lies over everything.

mod banned;
mod keys;
mod modal;
mod people;
mod person;
mod portrait;
mod profile;
mod room_form;
mod rooms;

use chat_api::Role;
use yew::prelude::*;

pub use self::rooms::{FoundRoomsList, Invitations};
use self::{
    banned::BannedDialog,
    keys::KeysDialog,
    people::{FindPeopleDialog, InviteDialog},
    person::PersonDialog,
    profile::ProfileDialog,
    room_form::RoomForm,
    rooms::FindRoomsDialog,
};
use crate::store::{Store, view::Dialog};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub store: Store,
}

/// The dialog that is open, if any.
#[component]
pub fn OpenDialog(props: &Props) -> Html {
    let store = &props.store;
    match store.view.dialog {
        None => Html::default(),
        Some(Dialog::FindRooms) => html! { <FindRoomsDialog /> },
        Some(Dialog::FindPeople) => html! { <FindPeopleDialog me={store.me()} /> },
        Some(Dialog::NewRoom) => html! { <RoomForm /> },
        Some(Dialog::EditRoom(room)) => match store.room(room) {
            Some(room) => {
                let role = room.membership.map(|it| it.role);
                html! { <RoomForm room={Some(room.room.clone())} is_owner={role == Some(Role::Owner)} /> }
            }
            None => Html::default(),
        },
        Some(Dialog::Invite(room)) => match store.room(room) {
            Some(room) => html! { <InviteDialog room={room.clone()} /> },
            None => Html::default(),
        },
        Some(Dialog::Banned(room)) => html! { <BannedDialog {room} /> },
        Some(Dialog::Profile) => html! {
            <ProfileDialog you={store.you.clone()} account={store.account.clone()} />
        },
        Some(Dialog::Person(id)) => html! {
            <PersonDialog
                {id}
                person={store.people.get(id).cloned()}
                presence={store.people.presence(id)}
                me={store.me()}
                is_blocked={store.blocked.iter().any(|person| person.id == id)}
                room={store.open_room().cloned()}
            />
        },
        Some(Dialog::Keys) => html! { <KeysDialog /> },
    }
}
