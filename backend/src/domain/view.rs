//! What is there, as clients see it.

use candid::Principal;
use chat_api::{
    Invitation, Message, MessageNumber, Notification, NotificationKind, PREVIEW_CHARS, Partner,
    Person, Presence, Preview, Reaction, Room, RoomId, RoomSummary,
};
use ic_stable_structures::Memory;

use super::{
    Refusal,
    permissions::{self, Deed, Standing},
};
use crate::store::{About, Membership, MessageRecord, Notice, RoomRecord, Store};

/// How many of those who put an emoji under a message are named.
const REACTING_PEOPLE: usize = 5;

/// The state, to be looked at.
pub(crate) struct View<'a, M: Memory>(pub &'a Store<M>);

/// A room that somebody may do something in, and their membership, if they have one.
pub(super) struct Access {
    pub room: RoomRecord,
    pub membership: Option<Membership>,
}

impl<'a, M: Memory> View<'a, M> {
    /// What somebody is to a room.
    pub(super) fn standing(&self, person: Principal, room: RoomId) -> Standing {
        let membership = self.0.members.get(person, room);
        self.standing_with(person, room, membership.as_ref())
    }

    fn standing_with(
        &self,
        person: Principal,
        room: RoomId,
        membership: Option<&Membership>,
    ) -> Standing {
        match membership {
            Some(membership) => Standing::Member(membership.role),
            None if self.0.guests.is_banned(person, room) => Standing::Banned,
            None if self.0.guests.invitation(person, room).is_some() => Standing::Invited,
            None => Standing::Stranger,
        }
    }

    /// A room in which somebody may do this.
    pub(super) fn access(
        &self,
        person: Principal,
        room: RoomId,
        deed: Deed,
    ) -> Result<Access, Refusal> {
        let record = self.0.rooms.get(room).ok_or(Refusal::NoSuchRoom)?;
        let membership = self.0.members.get(person, room);
        let standing = self.standing_with(person, room, membership.as_ref());
        permissions::check(standing, record.kind, deed)?;
        Ok(Access {
            room: record,
            membership,
        })
    }

    pub fn person(&self, id: Principal) -> Option<Person> {
        let person = self.0.people.get(id)?;
        Some(Person {
            id,
            name: person.name,
            look: person.look,
            guest: person.guest,
            color: person.color,
            image: person.image,
        })
    }

    /// Whether somebody is here, as `reader` is to know.
    pub(super) fn presence(&self, person: Principal, reader: Principal) -> Presence {
        if self.0.blocks.contains(reader, person) {
            return Presence::LastSeen(0);
        }
        if self.0.connections.is_present(person) {
            return Presence::Here;
        }
        let person = self.0.people.get(person);
        Presence::LastSeen(person.map_or(0, |person| person.last_seen))
    }

    pub(super) fn room(&self, id: RoomId) -> Option<Room> {
        let room = self.0.rooms.get(id)?;
        Some(Room {
            id,
            name: room.name,
            topic: room.topic,
            kind: room.kind,
            members: room.members,
            first: room.first,
            next: room.next,
        })
    }

    pub(super) fn summary(
        &self,
        person: Principal,
        room: RoomId,
        membership: Membership,
    ) -> Option<RoomSummary> {
        let Membership {
            role,
            muted,
            read_up_to,
            ..
        } = membership;
        let room = self.room(room)?;
        let is_direct = room.kind == chat_api::RoomKind::Direct;
        Some(RoomSummary {
            role,
            muted,
            read_up_to,
            last: room
                .next
                .checked_sub(1)
                .and_then(|number| self.preview(room.id, number)),
            partner: is_direct.then(|| self.partner(person, room.id)).flatten(),
            room,
        })
    }

    fn partner(&self, person: Principal, room: RoomId) -> Option<Partner> {
        let partner = self.0.members.other(room, person).unwrap_or(person);
        Some(Partner {
            person: self.person(partner)?,
            presence: self.presence(partner, person),
            read_up_to: self.0.members.get(partner, room)?.read_up_to,
        })
    }

    fn preview(&self, room: RoomId, message: MessageNumber) -> Option<Preview> {
        let record = self.0.messages.get((room, message))?;
        Some(Preview {
            message,
            author: self.person(record.author)?,
            text: beginning(&record.text),
            at: record.at,
        })
    }

    /// A message, as `reader` sees it; if nobody in particular, nobody's reactions are theirs.
    pub(super) fn message(
        &self,
        room: RoomId,
        number: MessageNumber,
        record: MessageRecord,
        reader: Option<Principal>,
    ) -> Message {
        let key = (room, number);
        let reactions = self.0.reactions.tally(key).0.into_iter();
        let reaction = |(emoji, count): (String, u32)| Reaction {
            people: self.reacting(key, &emoji),
            mine: reader.is_some_and(|reader| self.0.reactions.contains(key, &emoji, reader)),
            emoji,
            count,
        };
        Message {
            number,
            author: record.author,
            command: record.command,
            text: record.text,
            reply_to: record.reply_to,
            mentions: record.mentions,
            at: record.at,
            edited_at: record.edited_at,
            deleted: record.deleted,
            reactions: reactions.map(reaction).collect(),
        }
    }

    /// A few of those who put an emoji under a message.
    pub(super) fn reacting(&self, message: (RoomId, MessageNumber), emoji: &str) -> Vec<Principal> {
        let people = self.0.reactions.people(message, emoji);
        people.take(REACTING_PEOPLE).collect()
    }

    pub(super) fn invitation(&self, person: Principal, room: RoomId) -> Option<Invitation> {
        let invitation = self.0.guests.invitation(person, room)?;
        Some(Invitation {
            room: self.room(room)?,
            by: self.person(invitation.by)?,
            at: invitation.at,
        })
    }

    pub(super) fn notification(&self, number: u64, notice: Notice) -> Option<Notification> {
        let text = |message| {
            let message = self.0.messages.get((notice.room, message));
            message.map_or_else(String::new, |message| beginning(&message.text))
        };
        let kind = match notice.about {
            About::Mention(message) => NotificationKind::Mention {
                message,
                text: text(message),
            },
            About::Direct(message) => NotificationKind::Direct {
                message,
                text: text(message),
            },
            About::Invitation => NotificationKind::Invitation,
        };
        Some(Notification {
            number,
            kind,
            room: notice.room,
            room_name: self.0.rooms.get(notice.room)?.name,
            by: self.person(notice.by)?,
            at: notice.at,
        })
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(PREVIEW_CHARS).collect()
}
