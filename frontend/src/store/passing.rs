//! How the store follows who is here, who is typing, and who looks different.

use candid::Principal;
use chat_api::{Change, LIVELY_MEMBERS, Logged, Passing, Person, Presence, RoomId};

use super::{Store, TYPING_MS, Typing, rooms::RoomState};
use crate::shared::Shared;

impl Store {
    /// Whoever does something is here; where coming and going is told, their going will be.
    pub(super) fn see_doer(&mut self, logged: &Logged) {
        let (Change::Said { room, .. } | Change::Member { room, .. }) = &logged.change else {
            return;
        };
        let is_lively = |room: &Shared<RoomState>| room.room.members <= LIVELY_MEMBERS;
        if self.room(*room).is_some_and(is_lively) {
            if let Change::Member { person, .. } = &logged.change {
                self.meet(person);
            }
            self.see(logged.by, Presence::Here);
        }
    }

    pub(super) fn passing(&mut self, passing: Passing, now: u64) {
        match passing {
            Passing::Presence { person, presence } => {
                self.see(person, presence);
                if let Some(room) = self.conversation_with(person) {
                    self.in_room(room, |room| {
                        if let Some(partner) = &mut room.partner {
                            partner.presence = presence;
                        }
                    });
                }
            }
            Passing::Typing { room, person } => {
                if Some(person) == self.me() {
                    return;
                }
                self.stop_typing(room, person);
                self.typing.edit().push(Typing {
                    room,
                    person,
                    until: now + TYPING_MS,
                });
            }
            Passing::Profile(person) => self.profile(person),
        }
    }

    fn profile(&mut self, person: Person) {
        self.meet(&person);
        if Some(person.id) == self.me() || self.you.is_none() {
            // From now on, what the canister says counts.
            self.name = None;
            self.you = Some(person);
        } else if let Some(room) = self.conversation_with(person.id) {
            self.in_room(room, |room| {
                if let Some(partner) = &mut room.partner {
                    partner.person = person;
                }
            });
        }
    }

    pub(super) fn see(&mut self, person: Principal, presence: Presence) {
        if self.people.presence(person) != Some(presence) {
            self.people.edit().see(person, presence);
        }
    }

    pub(super) fn stop_typing(&mut self, room: RoomId, person: Principal) {
        let is_it = |typing: &Typing| typing.room == room && typing.person == person;
        if self.typing.iter().any(is_it) {
            self.typing.edit().retain(|typing| !is_it(typing));
        }
    }
}
