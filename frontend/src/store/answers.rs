//! How the canister's answers change the store.

use chat_api::{Change, History, Members, Overview, RoomId, Since};

use super::{Action, Store};
use crate::shared::Shared;

impl Store {
    pub(super) fn overview(&mut self, overview: Overview, device: Option<u64>) {
        let before = std::mem::take(&mut self.rooms);
        self.recent = Shared::default();
        self.recent_since = overview.up_to;
        for summary in overview.rooms {
            self.enter(summary);
        }
        // What was read of them may be outdated, but where the reader is need not change.
        for (id, room) in before.iter() {
            let is_open = self.view.room() == Some(*id);
            match self.rooms.edit().get_mut(id) {
                Some(known) if is_open => known.edit().unread_from = room.unread_from,
                Some(_) => {}
                None if is_open && room.membership.is_none() => {
                    self.rooms.edit().insert(*id, room.clone());
                }
                None => self.view.forget(*id),
            }
        }
        for invitation in &overview.invitations {
            self.meet(&invitation.by);
        }
        for notification in &overview.notifications {
            self.meet(&notification.by);
        }
        for person in &overview.blocked {
            self.meet(person);
        }
        self.invitations = Shared::new(overview.invitations);
        self.notifications = Shared::new(overview.notifications);
        self.blocked = Shared::new(overview.blocked);
        // A replica that lags behind may not know this person yet.
        if overview.you.is_some() {
            self.become_person(overview.you);
        }
        self.is_known = true;
        if let Some(device) = device {
            let outbox = self.outbox.edit();
            outbox.settled_up_to(device, overview.settled, &overview.refused);
        }
        let fresh = self.sync.edit().known(overview.up_to, overview.latest);
        self.changes(fresh);
    }

    pub(super) fn since(&mut self, since: Since, device: Option<u64>) {
        match since {
            Since::TooLongAgo => self.sync.edit().too_long_ago(),
            Since::Changes(changes) => {
                let (settled, refused) = (changes.settled, changes.refused.clone());
                let fresh = self.sync.edit().caught_up(changes);
                self.changes(fresh);
                if let Some(device) = device {
                    let outbox = self.outbox.edit();
                    outbox.settled_up_to(device, settled, &refused);
                }
            }
        }
    }

    pub(super) fn history(&mut self, room: RoomId, history: History) {
        if history.up_to < self.recent_since {
            // By a replica that lags so far behind that it is not known what it has missed.
            return self.apply(Action::HistoryFailed(room));
        }
        for person in &history.people {
            self.meet(person);
        }
        let me = self.me();
        let recent = self.recent.clone();
        self.in_room(room, |state| {
            state.load_failures = 0;
            state.room.first = state.room.first.max(history.first);
            state.room.next = state.room.next.max(history.next);
            state.messages.forget_before(history.first);
            state.messages.extend(history.messages);
            // The answer may be older than what has come meanwhile.
            let newer = recent.iter().filter(|(number, _)| *number > history.up_to);
            for (_, change) in newer.filter(|(_, change)| room_of(change) == Some(room)) {
                state.messages.apply(change, me);
            }
        });
    }

    pub(super) fn members(&mut self, room: RoomId, members: &Members) {
        for member in &members.members {
            self.meet(&member.person);
            self.see(member.person.id, member.presence);
        }
        self.in_room(room, |room| {
            room.add_members(&members.members, members.more_after);
        });
    }
}

/// The room in which a message has changed.
fn room_of(change: &Change) -> Option<RoomId> {
    match change {
        Change::Said { room, .. }
        | Change::Edited { room, .. }
        | Change::Deleted { room, .. }
        | Change::Reacted { room, .. } => Some(*room),
        _ => None,
    }
}
