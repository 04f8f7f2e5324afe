//! Who is here, and who gets to see it.
//!
//! Were everyone told of everyone, a thousand people would make a million events. So it is told to connections that show a
//! small enough room with that person in it, and to the partners of their conversations.

use std::collections::BTreeSet;

use candid::Principal;
use chat_api::{LIVELY_MEMBERS, Passing, Presence, RoomId, Time};
use ic_stable_structures::Memory;
use ic_ws_cdk::ClientKey;

use super::Delivery;
use crate::store::{RoomRecord, Store};

/// Somebody has a connection more. If it is their first one, others are told, where that is shown.
pub(super) fn arrive<M: Memory>(
    store: &mut Store<M>,
    key: ClientKey,
    was_here: bool,
    is_shown: bool,
) -> Option<Delivery> {
    let person = key.client_principal;
    store.connections.add(key);
    if was_here || !store.people.contains(person) {
        return None;
    }
    set_present(store, person, true);
    if is_shown {
        show(store, person, Presence::Here)
    } else {
        None
    }
}

/// Somebody has a connection less. If it was their last one, others are told, where that is shown.
pub(super) fn depart<M: Memory>(
    store: &mut Store<M>,
    key: ClientKey,
    now: Time,
    is_shown: bool,
) -> Option<Delivery> {
    let person = key.client_principal;
    let was_connected = store.connections.remove(key);
    if !was_connected || store.connections.is_present(person) || !store.people.contains(person) {
        return None;
    }
    store.people.update(person, |person| person.last_seen = now);
    set_present(store, person, false);
    if is_shown {
        show(store, person, Presence::LastSeen(now))
    } else {
        None
    }
}

/// Somebody is typing in a room of theirs.
pub(super) fn typing<M: Memory>(
    store: &Store<M>,
    person: Principal,
    room: RoomId,
    record: &RoomRecord,
) -> Option<Delivery> {
    let mut to = BTreeSet::new();
    add_onlookers(store, person, room, record, &mut to);
    tell(store, person, to, Passing::Typing { room, person })
}

/// The connections of others that are told how a person is.
pub(super) fn onlookers<M: Memory>(store: &Store<M>, person: Principal) -> BTreeSet<ClientKey> {
    let mut onlookers = BTreeSet::new();
    for room in store.members.room_ids(person) {
        if let Some(record) = store.rooms.get(room) {
            add_onlookers(store, person, room, &record, &mut onlookers);
        }
    }
    onlookers
}

fn add_onlookers<M: Memory>(
    store: &Store<M>,
    person: Principal,
    room: RoomId,
    record: &RoomRecord,
    onlookers: &mut BTreeSet<ClientKey>,
) {
    let is_other = |key: &ClientKey| key.client_principal != person;
    if record.is_direct() {
        let partners = store.members.present(room);
        let connections = partners.flat_map(|partner| store.connections.of(partner));
        onlookers.extend(connections.filter(is_other));
    } else if record.members <= LIVELY_MEMBERS {
        onlookers.extend(store.connections.lookers(room).filter(is_other));
    }
}

fn show<M: Memory>(store: &Store<M>, person: Principal, presence: Presence) -> Option<Delivery> {
    let event = Passing::Presence { person, presence };
    tell(store, person, onlookers(store, person), event)
}

/// To those who have not blocked the person that it is about.
fn tell<M: Memory>(
    store: &Store<M>,
    person: Principal,
    mut to: BTreeSet<ClientKey>,
    event: Passing,
) -> Option<Delivery> {
    if store.blocks.is_blocked(person) {
        to.retain(|key| !store.blocks.contains(key.client_principal, person));
    }
    Delivery::passing(to, event)
}

fn set_present<M: Memory>(store: &mut Store<M>, person: Principal, is_present: bool) {
    for room in store.members.room_ids(person).collect::<Vec<_>>() {
        store.members.set_present(person, room, is_present);
    }
}
