//! What a client makes of what it is told: the rules that `chat-api` states, and nothing else.

use std::collections::BTreeMap;

use super::*;

/// What a client knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Known {
    pub rooms: BTreeMap<RoomId, KnownRoom>,
    pub invitations: Vec<RoomId>,
    pub notifications: Vec<(u64, RoomId, Option<MessageNumber>)>,
    pub blocked: Vec<Principal>,
}

/// What a client knows of a room: about messages, those since it was entered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KnownRoom {
    pub room: Room,
    pub role: Role,
    pub muted: bool,
    pub read_up_to: MessageNumber,
    pub partner_read_up_to: Option<MessageNumber>,
    pub messages: BTreeMap<MessageNumber, Message>,
}

impl From<RoomSummary> for KnownRoom {
    fn from(summary: RoomSummary) -> Self {
        Self {
            room: summary.room,
            role: summary.role,
            muted: summary.muted,
            read_up_to: summary.read_up_to,
            partner_read_up_to: summary.partner.map(|partner| partner.read_up_to),
            messages: BTreeMap::new(),
        }
    }
}

impl Known {
    pub fn of(overview: Overview) -> Self {
        let rooms = overview.rooms.into_iter();
        let invitations = overview.invitations.iter();
        let mut known = Self {
            rooms: rooms
                .map(|summary| (summary.room.id, summary.into()))
                .collect(),
            invitations: invitations.map(|invitation| invitation.room.id).collect(),
            notifications: Vec::new(),
            blocked: overview.blocked.iter().map(|person| person.id).collect(),
        };
        for notification in overview.notifications {
            known.notified(&notification);
        }
        known
    }

    pub fn apply(&mut self, me: Principal, change: Change) {
        match change {
            Change::Said { room, message, .. } => {
                let (author, number) = (message.author, message.number);
                if let Some(known) = self.rooms.get_mut(&room) {
                    known.room.next = known.room.next.max(number + 1);
                    known.messages.insert(number, message);
                }
                self.read(me, room, author, number + 1);
            }
            Change::Edited {
                room,
                message,
                text,
                mentions,
                edited_at,
            } => {
                if let Some(message) = self.message(room, message) {
                    message.text = text;
                    message.mentions = mentions;
                    message.edited_at = Some(edited_at);
                }
            }
            Change::Deleted { room, message } => {
                if let Some(message) = self.message(room, message) {
                    message.text.clear();
                    message.mentions.clear();
                    message.reactions.clear();
                    message.edited_at = None;
                    message.deleted = true;
                }
            }
            Change::Reacted {
                room,
                message,
                emoji,
                count,
                people,
                person,
                on,
            } => {
                if let Some(message) = self.message(room, message) {
                    let reactions = &mut message.reactions;
                    let known = reactions.iter().position(|one| one.emoji == emoji);
                    let former = known.map(|at| reactions.remove(at));
                    let mine = match person == me {
                        true => on,
                        false => former.is_some_and(|former| former.mine),
                    };
                    if count > 0 {
                        reactions.push(Reaction {
                            emoji,
                            count,
                            people,
                            mine,
                        });
                        reactions.sort_by(|one, other| one.emoji.cmp(&other.emoji));
                    }
                }
            }
            Change::Room(room) => {
                if let Some(known) = self.rooms.get_mut(&room.id) {
                    known.room = room;
                }
            }
            Change::Member {
                room,
                person,
                role,
                members,
            } => {
                if let Some(known) = self.rooms.get_mut(&room) {
                    known.room.members = members;
                    if let Some(role) = role.filter(|_| person.id == me) {
                        known.role = role;
                    }
                }
            }
            Change::Read {
                room,
                person,
                up_to,
            } => self.read(me, room, person, up_to),
            Change::Entered(summary) => {
                self.rooms.insert(summary.room.id, summary.into());
            }
            Change::Exited { room } => {
                self.rooms.remove(&room);
                self.notifications.retain(|(_, of, _)| *of != room);
            }
            Change::Muted { room, muted } => {
                if let Some(known) = self.rooms.get_mut(&room) {
                    known.muted = muted;
                }
            }
            Change::Blocked { person, blocked } => {
                self.blocked.retain(|one| *one != person.id);
                if blocked {
                    self.blocked.push(person.id);
                }
                self.blocked.sort();
            }
            Change::Invited(invitation) => {
                self.invitations.retain(|room| *room != invitation.room.id);
                self.invitations.push(invitation.room.id);
                self.invitations.sort();
            }
            Change::InvitationEnded { room: ended } => {
                self.invitations.retain(|room| *room != ended);
                let is_it = |room, message: Option<_>| room == ended && message.is_none();
                self.notifications
                    .retain(|(_, room, message)| !is_it(*room, *message));
            }
            Change::Notified(notification) => self.notified(&notification),
            Change::NotificationsRead { up_to } => {
                self.notifications.retain(|(number, ..)| *number > up_to);
            }
            Change::Refused { .. } => {}
        }
    }

    fn message(&mut self, room: RoomId, message: MessageNumber) -> Option<&mut Message> {
        self.rooms.get_mut(&room)?.messages.get_mut(&message)
    }

    fn read(&mut self, me: Principal, room: RoomId, person: Principal, up_to: MessageNumber) {
        let Some(known) = self.rooms.get_mut(&room) else {
            return;
        };
        if person == me {
            known.read_up_to = known.read_up_to.max(up_to);
            self.notifications.retain(|(_, of, message)| {
                *of != room || message.is_none_or(|message| message >= up_to)
            });
        }
        // Whoever talks to themselves is their own partner.
        if let Some(marker) = &mut known.partner_read_up_to
            && (person != me || known.room.members == 1)
        {
            *marker = up_to.max(*marker);
        }
    }

    fn notified(&mut self, notification: &Notification) {
        let message = match notification.kind {
            NotificationKind::Mention { message, .. }
            | NotificationKind::Direct { message, .. } => Some(message),
            NotificationKind::Invitation => None,
        };
        self.notifications
            .push((notification.number, notification.room, message));
        let excess = self.notifications.len().saturating_sub(MAX_NOTIFICATIONS);
        self.notifications.drain(..excess);
    }
}
