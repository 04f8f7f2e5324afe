//! Making and changing rooms, and starting conversations.

use std::collections::BTreeSet;

use candid::Principal;
use chat_api::{Role, RoomId, RoomKind, Visibility};
use ic_stable_structures::Memory;

use super::{Refusal, permissions::Deed, text, turn::Turn};
use crate::store::{Audience, RoomRecord, What};

impl<M: Memory> Turn<'_, M> {
    pub(super) fn create_room(
        &mut self,
        name: &str,
        topic: &str,
        visibility: Visibility,
    ) -> Result<(), Refusal> {
        let (name, topic) = (text::name(name)?, text::topic(topic)?);
        let person = self.store.people.get(self.by).ok_or(Refusal::NoProfile)?;
        if person.rooms_made >= self.limits.rooms_made {
            return Err(Refusal::TooManyRoomsMade(self.limits.rooms_made));
        }
        self.check_groups(&person)?;
        self.check_rooms()?;

        self.store
            .people
            .update(self.by, |person| person.rooms_made += 1);
        let room = RoomRecord::new(name, topic, RoomKind::Group(visibility));
        let room = self.store.rooms.add(&room);
        self.enter(self.by, room, Role::Owner);
        Ok(())
    }

    pub(super) fn edit_room(
        &mut self,
        room: RoomId,
        name: &str,
        topic: &str,
        visibility: Visibility,
    ) -> Result<(), Refusal> {
        let former = self.access(room, Deed::Edit)?.room;
        let kind = RoomKind::Group(visibility);
        if kind != former.kind {
            self.access(room, Deed::Publish)?;
        }
        let edited = RoomRecord {
            name: text::name(name)?,
            topic: text::topic(topic)?,
            kind,
            ..former.clone()
        };
        if edited != former {
            self.store.rooms.set(room, &edited);
            self.log(Audience::Room(room), What::Room(room));
            self.end_unfounded_invitations(room, kind);
        }
        Ok(())
    }

    /// Whether a conversation with somebody could be started.
    pub(super) fn check_new_conversation(&self, partner: Principal) -> Result<(), Refusal> {
        let (started, limit) = (self.limits.conversations_started, self.limits.conversations);
        let partner = self.store.people.get(partner);
        if partner.ok_or(Refusal::NoSuchPerson)?.conversations >= limit {
            return Err(Refusal::TooManyConversations(limit));
        }
        let own = self.store.people.get(self.by);
        if own.ok_or(Refusal::NoProfile)?.conversations_started >= started {
            return Err(Refusal::TooManyConversationsStarted(started));
        }
        self.check_rooms()
    }

    /// Starts a conversation that could be.
    pub(super) fn start_conversation(&mut self, partner: Principal) -> RoomId {
        let conversation = RoomRecord::new(String::new(), String::new(), RoomKind::Direct);
        let room = self.store.rooms.add(&conversation);
        self.store.rooms.set_conversation(self.by, partner, room);
        self.store
            .people
            .update(self.by, |person| person.conversations_started += 1);
        let people = BTreeSet::from([self.by, partner]);
        for person in &people {
            self.add_member(*person, room, Role::Member);
        }
        for person in people {
            self.log_for(person, What::Entered(room));
        }
        room
    }

    fn check_rooms(&self) -> Result<(), Refusal> {
        if self.store.rooms.len() >= self.limits.rooms {
            return Err(Refusal::TooManyRooms);
        }
        self.check_volume()
    }
}
