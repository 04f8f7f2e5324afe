//! What can be asked. Each answer depends on who asks.

use std::{collections::BTreeSet, ops::Range};

use candid::Principal;
use chat_api::{
    FoundRooms, History, Image, MAX_PAGE, Member, Members, MessageNumber, Metrics, Overview,
    PeoplePage, Person, QueryError, RoomId, RoomsAfter, Span,
};
use ic_stable_structures::Memory;

use super::{
    Refusal,
    permissions::Deed,
    view::{Access, View},
};
use crate::store::{Folded, RoomRecord};

impl From<Refusal> for QueryError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoSuchRoom => Self::NoSuchRoom,
            _ => Self::NotAllowed,
        }
    }
}

impl<M: Memory> View<'_, M> {
    pub fn overview(&self, person: Principal, device: Option<u64>) -> Overview {
        let rooms = self.0.members.rooms(person);
        let invitations = self.0.guests.invitations(person);
        let notices = self.0.notices.of(person);
        let blocked = self.0.blocks.of(person);
        let device = self.device(person, device);
        Overview {
            you: self.person(person),
            rooms: rooms
                .filter(|(_, membership)| !membership.left)
                .filter_map(|(room, membership)| self.summary(person, room, membership))
                .collect(),
            invitations: invitations
                .filter_map(|room| self.invitation(person, room))
                .collect(),
            notifications: notices
                .filter_map(|(number, notice)| self.notification(number, notice))
                .collect(),
            blocked: blocked.filter_map(|id| self.person(id)).collect(),
            up_to: self.0.log.latest(),
            latest: self.latest_change(person),
            settled: device.latest,
            refused: device.refused,
        }
    }

    pub fn history(
        &self,
        reader: Principal,
        room: RoomId,
        span: Span,
        limit: u32,
    ) -> Result<History, QueryError> {
        let RoomRecord { first, next, .. } = self.readable(reader, room)?.room;
        let numbers = numbers(span, first..next, page(limit) as u64);
        let records: Vec<_> = self.0.messages.range(room, numbers).collect();
        let authors: BTreeSet<_> = records.iter().map(|(_, record)| record.author).collect();
        let messages = records
            .into_iter()
            .map(|(number, record)| self.message(room, number, record, Some(reader)));
        Ok(History {
            messages: messages.collect(),
            people: self.people(authors),
            first,
            next,
            up_to: self.0.log.latest(),
        })
    }

    pub fn members(
        &self,
        reader: Principal,
        room: RoomId,
        after: Option<Principal>,
        limit: u32,
    ) -> Result<Members, QueryError> {
        self.readable(reader, room)?;
        let (people, more_after) = paged(self.0.members.of(room, after), limit);
        let member = |id| {
            Some(Member {
                person: self.person(id)?,
                role: self.0.members.get(id, room)?.role,
                presence: self.presence(id, reader),
            })
        };
        Ok(Members {
            members: people.into_iter().filter_map(member).collect(),
            more_after,
        })
    }

    pub fn banned(
        &self,
        reader: Principal,
        room: RoomId,
        after: Option<Principal>,
        limit: u32,
    ) -> Result<PeoplePage, QueryError> {
        self.for_moderators(reader, room, self.0.guests.banned(room, after), limit)
    }

    pub fn invited(
        &self,
        reader: Principal,
        room: RoomId,
        after: Option<Principal>,
        limit: u32,
    ) -> Result<PeoplePage, QueryError> {
        self.for_moderators(reader, room, self.0.guests.invited(room, after), limit)
    }

    /// Those of these who have a profile.
    pub fn people(&self, ids: impl IntoIterator<Item = Principal>) -> Vec<Person> {
        let ids = ids.into_iter().take(MAX_PAGE as usize);
        ids.filter_map(|id| self.person(id)).collect()
    }

    pub fn image(&self, person: Principal) -> Option<Image> {
        let image = self.0.people.image(person)?;
        Some(Image {
            content_type: image.content_type,
            content: image.content,
        })
    }

    /// People whose names begin so, ordered by name. If a room is given, those of its members, all of whom it looks at, in the
    /// order of principals.
    pub fn find_people(
        &self,
        reader: Principal,
        prefix: &str,
        room: Option<RoomId>,
        limit: u32,
    ) -> Result<Vec<Person>, QueryError> {
        if !self.0.people.contains(reader) {
            return Err(QueryError::NoProfile);
        }
        let prefix = Folded::new(prefix);
        let limit = page(limit);
        let Some(room) = room else {
            return Ok(self.people(self.0.people.named(prefix).take(limit)));
        };
        self.readable(reader, room)?;
        let is_named_so = |person: &Person| Folded::new(&person.name).starts_with(&prefix);
        let members = self.0.members.of(room, None);
        let members = members.filter_map(|id| self.person(id));
        Ok(members.filter(is_named_so).take(limit).collect())
    }

    /// Public rooms whose names begin so.
    pub fn find_rooms(&self, prefix: &str, after: Option<RoomsAfter>, limit: u32) -> FoundRooms {
        let listed = self.0.rooms.listed(prefix, after);
        let (found, last) = paged(listed, limit);
        FoundRooms {
            rooms: found
                .into_iter()
                .filter_map(|(_, room)| self.room(room))
                .collect(),
            more_after: last.map(|(name, room)| RoomsAfter {
                name: name.into_string(),
                room,
            }),
        }
    }

    /// How much there is; what the canister as a whole takes is for the caller to fill in.
    pub fn metrics(&self) -> Metrics {
        Metrics {
            people: self.0.people.len(),
            rooms: self.0.rooms.len(),
            memberships: self.0.members.len(),
            messages: self.0.messages.len(),
            reactions: self.0.reactions.len(),
            changes: self.0.log.len(),
            latest: self.0.log.latest(),
            notifications: self.0.notices.len(),
            connections: self.0.connections.len(),
            stable_bytes: 0,
            heap_bytes: 0,
            unsent: 0,
        }
    }

    fn for_moderators(
        &self,
        reader: Principal,
        room: RoomId,
        ids: impl Iterator<Item = Principal>,
        limit: u32,
    ) -> Result<PeoplePage, QueryError> {
        self.access(reader, room, Deed::Dismiss)?;
        let (people, more_after) = paged(ids, limit);
        Ok(PeoplePage {
            people: self.people(people),
            more_after,
        })
    }

    fn readable(&self, reader: Principal, room: RoomId) -> Result<Access, QueryError> {
        Ok(self.access(reader, room, Deed::Read)?)
    }
}

fn page(limit: u32) -> usize {
    limit.clamp(1, MAX_PAGE) as usize
}

/// The first of many, and the last of these if there are more.
fn paged<T: Clone>(items: impl Iterator<Item = T>, limit: u32) -> (Vec<T>, Option<T>) {
    let limit = page(limit);
    let mut items: Vec<T> = items.take(limit + 1).collect();
    let has_more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| has_more).cloned();
    (items, last)
}

/// Which of the messages that are kept.
fn numbers(span: Span, kept: Range<MessageNumber>, limit: u64) -> Range<MessageNumber> {
    let within = |number: u64| number.clamp(kept.start, kept.end);
    match span {
        Span::Latest => within(kept.end.saturating_sub(limit))..kept.end,
        Span::Before(number) => {
            let end = within(number);
            within(end.saturating_sub(limit))..end
        }
        Span::After(number) => {
            let start = within(number.saturating_add(1));
            start..within(start + limit)
        }
        Span::Around(number) => {
            let start = within(number.saturating_sub(limit / 2));
            start..within(start + limit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_what_is_kept_of_it() {
        let of = |span| numbers(span, 10..100, 20);
        assert_eq!(of(Span::Latest), 80..100);
        assert_eq!(of(Span::Before(50)), 30..50);
        assert_eq!(of(Span::Before(15)), 10..15);
        assert_eq!(of(Span::Before(3)), 10..10);
        assert_eq!(of(Span::After(50)), 51..71);
        assert_eq!(of(Span::After(99)), 100..100);
        assert_eq!(of(Span::After(u64::MAX)), 100..100);
        assert_eq!(of(Span::Around(50)), 40..60);
        assert_eq!(of(Span::Around(99)), 89..100);
        assert_eq!(numbers(Span::Latest, 0..5, 20), 0..5);
        assert_eq!(numbers(Span::Around(3), 0..0, 20), 0..0);
    }
}
