//! The rooms that the page knows, each with what it has of its messages and members.

use std::collections::BTreeMap;

use candid::Principal;
use chat_api::{
    Address, Member, Message, MessageNumber, PREVIEW_CHARS, Partner, Person, Preview, Role, Room,
    RoomId, RoomKind, RoomSummary, Visibility,
};

use super::messages::Messages;
use crate::shared::Shared;

/// The rooms that the page knows.
pub type Rooms = BTreeMap<RoomId, Shared<RoomState>>;

/// A room, as far as the page knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomState {
    /// What it is.
    pub room: Room,
    /// What one is in it; nothing for who only has a look.
    pub membership: Option<Membership>,
    /// The latest message.
    pub last: Option<Preview>,
    /// The other one of a direct conversation.
    pub partner: Option<Partner>,
    /// Its messages, as far as the page has them.
    pub messages: Messages,
    /// How often messages were asked for in vain.
    pub load_failures: u32,
    /// How often the canister has refused to note how far one has read.
    pub read_failures: u32,
    /// Its members, as far as the page has asked for them.
    pub members: MemberList,
    /// What was unread when the room was opened begins here.
    pub unread_from: Option<MessageNumber>,
}

/// What one is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// What one may do.
    pub role: Role,
    /// Whether one gets no notifications.
    pub muted: bool,
    /// The number after that of the last message one has read.
    pub read_up_to: MessageNumber,
}

/// Some members of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberList {
    /// What each is.
    pub roles: BTreeMap<Principal, Role>,
    /// After whom to go on asking; nothing where nobody was asked for, or all are there.
    pub more_after: Option<Principal>,
    /// Whether the page has asked.
    pub is_known: bool,
}

impl MemberList {
    /// Whether the page knows all of them.
    pub fn is_complete(&self) -> bool {
        self.is_known && self.more_after.is_none()
    }
}

impl RoomState {
    /// A room that one has a look at.
    pub fn visited(room: Room) -> Self {
        Self {
            room,
            membership: None,
            last: None,
            partner: None,
            messages: Messages::default(),
            load_failures: 0,
            read_failures: 0,
            members: MemberList::default(),
            unread_from: None,
        }
    }

    /// A room that one is a member of.
    pub fn entered(summary: RoomSummary) -> Self {
        Self {
            membership: Some(Membership {
                role: summary.role,
                muted: summary.muted,
                read_up_to: summary.read_up_to,
            }),
            last: summary.last,
            partner: summary.partner,
            ..Self::visited(summary.room)
        }
    }

    /// What to call it.
    pub fn name(&self) -> &str {
        match &self.partner {
            Some(partner) => &partner.person.name,
            None => &self.room.name,
        }
    }

    /// Where messages to it are addressed: to the partner, before there was the room.
    pub fn addresses(&self) -> Vec<Address> {
        let partner = self
            .partner
            .as_ref()
            .map(|it| Address::Person(it.person.id));
        [Address::Room(self.room.id)]
            .into_iter()
            .chain(partner)
            .collect()
    }

    /// How many messages one has not read.
    pub fn unread(&self) -> u64 {
        self.membership
            .map_or(0, |it| self.room.next.saturating_sub(it.read_up_to))
    }

    /// Whether it is the conversation of two people.
    pub fn is_direct(&self) -> bool {
        self.room.kind == RoomKind::Direct
    }

    /// Whether everyone finds and joins it.
    pub fn is_public(&self) -> bool {
        self.room.kind == RoomKind::Group(Visibility::Public)
    }

    /// What one may do here; nothing for who is no member.
    pub fn role(&self) -> Option<Role> {
        self.membership.map(|it| it.role)
    }

    /// Up to which message the other one of a direct conversation has read.
    pub fn partner_read_up_to(&self) -> MessageNumber {
        self.partner.as_ref().map_or(0, |it| it.read_up_to)
    }

    /// Takes note of a new message.
    pub fn said(&mut self, message: &Message, author: &Person) {
        self.room.next = self.room.next.max(message.number + 1);
        self.last = Some(Preview {
            message: message.number,
            author: author.clone(),
            text: message.text.chars().take(PREVIEW_CHARS).collect(),
            at: message.at,
        });
    }

    /// Takes note of how far somebody has read.
    pub fn read(&mut self, person: Principal, me: Option<Principal>, up_to: MessageNumber) {
        if Some(person) == me
            && let Some(membership) = &mut self.membership
        {
            membership.read_up_to = membership.read_up_to.max(up_to);
            self.read_failures = 0;
        }
        if let Some(partner) = &mut self.partner
            && partner.person.id == person
        {
            partner.read_up_to = partner.read_up_to.max(up_to);
        }
    }

    /// Takes note of what a member is now.
    pub fn member(&mut self, person: Principal, role: Option<Role>, members: u32) {
        self.room.members = members;
        if !self.members.is_known {
            return;
        }
        match role {
            Some(role) => self.members.roles.insert(person, role),
            None => self.members.roles.remove(&person),
        };
    }

    /// Takes note of members that were asked for.
    pub fn add_members(&mut self, members: &[Member], more_after: Option<Principal>) {
        let roles = members.iter().map(|member| (member.person.id, member.role));
        self.members.roles.extend(roles);
        self.members.more_after = more_after;
        self.members.is_known = true;
    }
}
