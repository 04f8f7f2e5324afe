//! How the canister's changes change the store.

use candid::Principal;
use chat_api::{
    Address, Change, Command, CommandId, Logged, MAX_NOTIFICATIONS, MessageNumber, Notification,
    RoomId, RoomSummary,
};

use super::{Store, notifications, rooms::RoomState, view::Open};

impl Store {
    pub(super) fn changes(&mut self, changes: Vec<Logged>) {
        for logged in changes {
            self.change(logged);
        }
    }

    pub(super) fn change(&mut self, logged: Logged) {
        self.settle(&logged);
        let me = self.me();
        match &logged.change {
            Change::Said {
                room,
                message,
                author,
            } => {
                self.meet(author);
                let (author_id, number) = (author.id, message.number);
                self.in_room(*room, |state| {
                    state.said(message, author);
                    state.messages.apply(&logged.change, me);
                });
                self.stop_typing(*room, author_id);
                self.read(*room, author_id, number + 1);
                self.remember(&logged);
            }
            Change::Edited { room, .. }
            | Change::Deleted { room, .. }
            | Change::Reacted { room, .. } => {
                self.in_room(*room, |room| {
                    room.messages.apply(&logged.change, me);
                    preview(room, &logged.change);
                });
                self.remember(&logged);
            }
            Change::Room(room) => self.in_room(room.id, |state| {
                state.room = room.clone();
                state.messages.forget_before(room.first);
            }),
            Change::Member {
                room,
                person,
                role,
                members,
            } => {
                self.meet(person);
                self.in_room(*room, |room| {
                    room.member(person.id, *role, *members);
                    if let Some(membership) = &mut room.membership
                        && Some(person.id) == me
                    {
                        membership.role = role.unwrap_or(membership.role);
                    }
                });
            }
            Change::Read {
                room,
                person,
                up_to,
            } => self.read(*room, *person, *up_to),
            Change::Entered(summary) => {
                let is_awaited = self.is_awaited(logged.command, summary);
                self.enter(summary.clone());
                if is_awaited {
                    self.open(Open::Place(Address::Room(summary.room.id), None));
                }
            }
            Change::Exited { room } => self.exit(*room),
            Change::Muted { room, muted } => self.in_room(*room, |room| {
                if let Some(membership) = &mut room.membership {
                    membership.muted = *muted;
                }
            }),
            Change::Blocked { person, blocked } => {
                self.meet(person);
                let all = self.blocked.edit();
                all.retain(|one| one.id != person.id);
                if *blocked {
                    all.push(person.clone());
                }
            }
            Change::Invited(invitation) => {
                self.meet(&invitation.by);
                let invitations = self.invitations.edit();
                invitations.retain(|one| one.room.id != invitation.room.id);
                invitations.push(invitation.clone());
            }
            Change::InvitationEnded { room } => {
                self.invitations.edit().retain(|one| one.room.id != *room);
                self.forget_notifications(|one| {
                    one.room == *room && notifications::message(one).is_none()
                });
            }
            Change::Notified(notification) => self.notified(notification),
            Change::NotificationsRead { up_to } => {
                self.forget_notifications(|one| one.number <= *up_to);
            }
            Change::Refused { .. } => {}
        }
    }

    /// Takes note of what the change means for one's own commands.
    fn settle(&mut self, logged: &Logged) {
        let id = logged.command;
        let is_mine = Some(logged.by) == self.me();
        let Some(pending) = self.outbox.get(id).filter(|_| is_mine) else {
            return;
        };
        let Change::Refused { reason } = &logged.change else {
            self.outbox.edit().settle(id);
            return;
        };
        if let Command::SetProfile { .. } = pending.request.command {
            self.name = None;
        }
        if self.failed(id, reason) {
            self.note(reason.clone());
        }
    }

    /// Takes note of a command of one's own that came to nothing. Gives back whether this person is to be told: a message
    /// shows it itself, and how far they have read is told again without them.
    pub(super) fn failed(&mut self, id: CommandId, reason: &str) -> bool {
        let command = self.outbox.get(id).map(|it| &it.request.command);
        if let Some(&Command::Read { room, .. }) = command {
            self.outbox.edit().settle(id);
            self.in_room(room, |room| {
                room.read_failures = room.read_failures.saturating_add(1);
            });
            return false;
        }
        !self.outbox.edit().fail(id, reason)
    }

    /// Whether this person waits to be in it: they have just made or joined it, or have the conversation open that only now
    /// comes about.
    fn is_awaited(&self, command: CommandId, summary: &RoomSummary) -> bool {
        if self.entering == Some(command) {
            return true;
        }
        match self.view.place {
            Some(Address::Person(person)) => {
                let partner = summary.partner.as_ref().map(|it| it.person.id);
                partner == Some(person)
            }
            _ => false,
        }
    }

    fn exit(&mut self, room: RoomId) {
        self.rooms.edit().remove(&room);
        self.forget_notifications(|one| one.room == room);
        self.view.forget(room);
    }

    fn read(&mut self, room: RoomId, person: Principal, up_to: MessageNumber) {
        let me = self.me();
        self.in_room(room, |room| room.read(person, me, up_to));
        if Some(person) == me {
            let is_read = |message: MessageNumber| message < up_to;
            self.forget_notifications(|one| {
                one.room == room && notifications::message(one).is_some_and(is_read)
            });
        }
    }

    fn notified(&mut self, notification: &Notification) {
        self.meet(&notification.by);
        let notifications = self.notifications.edit();
        notifications.push(notification.clone());
        let excess = notifications.len().saturating_sub(MAX_NOTIFICATIONS);
        notifications.drain(..excess);
    }

    fn forget_notifications(&mut self, which: impl Fn(&Notification) -> bool) {
        if self.notifications.iter().any(&which) {
            self.notifications.edit().retain(|one| !which(one));
        }
    }
}

/// Keeps what is shown of the latest message up to date.
fn preview(room: &mut RoomState, change: &Change) {
    let Some(last) = &mut room.last else {
        return;
    };
    match change {
        Change::Edited { message, text, .. } if *message == last.message => {
            last.text.clone_from(text);
        }
        Change::Deleted { message, .. } if *message == last.message => last.text.clear(),
        _ => {}
    }
}
