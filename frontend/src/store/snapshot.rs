//! What the page knows, to be kept while it is closed: it opens with what was last seen, and goes on from there.

use candid::CandidType;
use chat_api::{History, Overview, RoomId, RoomSummary};
use serde::Deserialize;

use super::{Store, rooms::RoomState};

/// How many of the latest messages of a room are kept, and of how many rooms.
const KEPT_MESSAGES: usize = 40;
const KEPT_ROOMS: usize = 5;

/// What the page knows.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// All but messages.
    pub overview: Overview,
    /// The latest messages of the liveliest rooms.
    pub histories: Vec<(RoomId, History)>,
}

impl Snapshot {
    /// Of what the store knows; nothing before it knows anything.
    pub fn of(store: &Store) -> Option<Self> {
        let up_to = store.up_to().filter(|_| store.is_known)?;
        let mut rooms: Vec<_> = store.rooms.values().collect();
        rooms.sort_by_key(|room| std::cmp::Reverse(room.last.as_ref().map(|last| last.at)));
        let histories = rooms.iter().take(KEPT_ROOMS).map(|room| {
            let history = history(store, room, up_to);
            (room.room.id, history)
        });
        Some(Self {
            histories: histories.collect(),
            overview: Overview {
                you: store.you.clone(),
                rooms: rooms.iter().filter_map(|room| summary(room)).collect(),
                invitations: store.invitations.to_vec(),
                notifications: store.notifications.to_vec(),
                blocked: store.blocked.to_vec(),
                up_to,
                latest: store.sync.seen(),
                settled: 0,
                refused: Vec::new(),
            },
        })
    }
}

fn summary(room: &RoomState) -> Option<RoomSummary> {
    let membership = room.membership?;
    Some(RoomSummary {
        room: room.room.clone(),
        role: membership.role,
        muted: membership.muted,
        read_up_to: membership.read_up_to,
        last: room.last.clone(),
        partner: room.partner.clone(),
    })
}

/// The latest messages without gaps.
fn history(store: &Store, room: &RoomState, up_to: u64) -> History {
    let numbers = (room.room.first..room.room.next).rev().take(KEPT_MESSAGES);
    let mut messages: Vec<_> = numbers
        .map_while(|number| room.messages.get(number))
        .map(|message| (**message).clone())
        .collect();
    messages.reverse();
    let authors: std::collections::BTreeSet<_> = messages.iter().map(|it| it.author).collect();
    let people = authors
        .into_iter()
        .filter_map(|id| store.people.get(id).cloned());
    History {
        people: people.collect(),
        messages,
        first: room.room.first,
        next: room.room.next,
        up_to,
    }
}
