//! Rooms that nobody is in any more: they are as if there were none, and what is left of them goes, a little with each command
//! of anybody.

use chat_api::{RoomId, RoomKind, Visibility};
use ic_stable_structures::Memory;

use super::turn::Turn;
use crate::store::Audience;

/// How much goes at once: messages, bans and logged changes.
const AT_ONCE: usize = 5;

impl<M: Memory> Turn<'_, M> {
    /// The last member of a room has gone. From now on nobody finds it, or gets in.
    pub(super) fn desert(&mut self, room: RoomId) {
        let kind = RoomKind::Group(Visibility::Private);
        self.store.rooms.update(room, |room| room.kind = kind);
        self.end_unfounded_invitations(room, kind);
        self.store.rooms.desert(room);
    }

    /// Takes away some of what is left of a deserted room; where that is all, the room itself.
    pub(super) fn sweep(&mut self) {
        let Some(room) = self.store.rooms.deserted() else {
            return;
        };
        let mut left = AT_ONCE;
        left -= self.drop_messages(room, left);
        left -= self.lift_bans(room, left);
        left -= self.store.log.forget(Audience::Room(room), left);
        if left > 0 {
            self.store.rooms.remove(room);
        }
    }

    /// Returns how many there were.
    fn drop_messages(&mut self, id: RoomId, limit: usize) -> usize {
        let Some(mut room) = self.store.rooms.get(id) else {
            return 0;
        };
        let count = (room.first..room.next).take(limit).count();
        for _ in 0..count {
            self.drop_oldest(id, &mut room);
        }
        if count > 0 {
            self.store.rooms.set(id, &room);
        }
        count
    }

    /// Returns how many there were.
    fn lift_bans(&mut self, room: RoomId, limit: usize) -> usize {
        let banned: Vec<_> = self.store.guests.banned(room, None).take(limit).collect();
        for person in &banned {
            self.store.guests.set_banned(*person, room, false);
        }
        banned.len()
    }
}
