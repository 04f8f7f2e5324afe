//! What lies over everything.

mod blocked;
mod keys;
mod listed;
mod modal;
mod people;
mod person;
mod person_row;
mod portrait;
mod profile;
mod room_form;
mod rooms;

use chat_api::Role;
use yew::prelude::*;

pub use self::rooms::{FoundRoomsList, invitations};
use self::{
    keys::keys_dialog,
    listed::ListedPeopleDialog,
    modal::Modal,
    people::{InviteDialog, find_people_dialog},
    person::person_dialog,
    profile::ProfileForm,
    room_form::RoomForm,
};
use crate::{
    intent::Intent,
    shared::Shared,
    store::{Account, Store, rooms::RoomState, view::Dialog},
};

/// The dialog that is open, if any.
pub fn open_dialog(store: &Store, intents: &Callback<Intent>) -> Html {
    match store.view.dialog {
        None => Html::default(),
        Some(Dialog::FindRooms) => {
            html! { <Modal key="find-rooms" title="Find rooms"><FoundRoomsList /></Modal> }
        }
        Some(Dialog::FindPeople) => find_people_dialog(store, intents),
        Some(Dialog::NewRoom) => html! { <RoomForm /> },
        Some(Dialog::EditRoom(room)) => store.room(room).map(edit_room).unwrap_or_default(),
        Some(Dialog::Invite(room)) => html! {
            if let Some(room) = store.room(room) {
                <InviteDialog room={room.clone()} people={store.people.clone()} />
            }
        },
        Some(Dialog::Listed(list, room)) => html! {
            <ListedPeopleDialog {list} {room} people={store.people.clone()} />
        },
        Some(Dialog::Profile) => match &store.you {
            Some(you) => html! {
                <ProfileForm
                    you={you.clone()}
                    is_guest={store.account == Account::Guest}
                    blocked={store.blocked.clone()}
                    people={store.people.clone()}
                />
            },
            None => html! {
                <Modal key="profile" title="Your profile"><p role="status">{ "One moment…" }</p></Modal>
            },
        },
        Some(Dialog::Person(id)) => person_dialog(store, id, intents),
        Some(Dialog::Keys) => keys_dialog(),
    }
}

fn edit_room(room: &Shared<RoomState>) -> Html {
    let is_owner = room.role() == Some(Role::Owner);
    html! { <RoomForm room={Some(room.room.clone())} {is_owner} /> }
}
