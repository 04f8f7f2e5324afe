//! Coming, going, and being put out; and who is what.

use std::collections::BTreeSet;

use candid::Principal;
use chat_api::{Role, RoomId, RoomKind};
use ic_stable_structures::Memory;

use super::{
    FIRST_ROOM, Refusal,
    permissions::{self, Deed, Standing},
    turn::Turn,
};
use crate::store::{About, Audience, InvitationRecord, Membership, PersonRecord, RoomRecord, What};

impl<M: Memory> Turn<'_, M> {
    pub(super) fn join(&mut self, room: RoomId) -> Result<(), Refusal> {
        if self.store.members.contains(self.by, room) {
            return Ok(());
        }
        let record = self.access(room, Deed::Enter)?.room;
        if record.members >= self.limits.members {
            return Err(Refusal::RoomFull(self.limits.members));
        }
        let person = self.store.people.get(self.by).ok_or(Refusal::NoProfile)?;
        self.check_groups(&person)?;

        self.end_invitation(self.by, room);
        let role = match record.owner {
            Some(_) => Role::Member,
            None => Role::Owner,
        };
        self.enter(self.by, room, role);
        Ok(())
    }

    pub(super) fn leave(&mut self, room: RoomId) -> Result<(), Refusal> {
        if self.view().standing(self.by, room) == Standing::Invited {
            self.end_invitation(self.by, room);
            self.remember_invitation(self.by, room);
            return Ok(());
        }
        let (record, membership) = self.as_member(room, Deed::Leave)?;
        if record.is_direct() {
            self.leave_conversation(room, membership);
            return Ok(());
        }
        if record.owner == Some(self.by) && record.members > 1 {
            return Err(Refusal::OwnerMustHandOver);
        }
        self.exit(self.by, room);
        Ok(())
    }

    pub(super) fn invite(&mut self, room: RoomId, person: Principal) -> Result<(), Refusal> {
        self.access(room, Deed::Invite)?;
        if !self.store.people.contains(person) {
            return Err(Refusal::NoSuchPerson);
        }
        self.check_blocks(person)?;
        match self.view().standing(person, room) {
            Standing::Member(_) => return Err(Refusal::TheyAreAMember),
            Standing::Banned => return Err(Refusal::TheyAreBanned),
            Standing::Invited => return Ok(()),
            Standing::Stranger => {}
        }
        let pause = self.limits.invitation_pause;
        let ended = self.store.guests.ended(person, room);
        if ended.is_some_and(|at| self.now < at.saturating_add(pause)) {
            return Err(Refusal::InvitedLately);
        }
        let limit = self.limits.invitations;
        if self.store.guests.invitations(person).take(limit).count() == limit {
            return Err(Refusal::TooManyInvitations(limit));
        }
        let limit = self.limits.room_invitations;
        if self.store.guests.invited(room, None).take(limit).count() == limit {
            return Err(Refusal::TooManyRoomInvitations(limit));
        }

        let (by, at) = (self.by, self.now);
        let invitation = InvitationRecord { by, at };
        self.store.guests.invite(person, room, &invitation);
        self.log_for(person, What::Invited(room));
        self.notify(person, room, About::Invitation);
        Ok(())
    }

    pub(super) fn remove(&mut self, room: RoomId, person: Principal) -> Result<(), Refusal> {
        match self.check_dismissal(room, person)?.1 {
            Standing::Member(_) => self.exit(person, room),
            Standing::Invited => {
                self.end_invitation(person, room);
                self.remember_invitation(person, room);
            }
            Standing::Stranger | Standing::Banned => return Err(Refusal::TheyAreNoMember),
        }
        Ok(())
    }

    pub(super) fn ban(&mut self, room: RoomId, person: Principal) -> Result<(), Refusal> {
        let (record, standing) = self.check_dismissal(room, person)?;
        if !self.store.people.contains(person) {
            return Err(Refusal::NoSuchPerson);
        }
        if standing == Standing::Banned {
            return Ok(());
        }
        if record.banned >= self.limits.bans {
            return Err(Refusal::TooManyBans(self.limits.bans));
        }

        self.set_banned(room, person, true);
        self.end_invitation(person, room);
        if let Standing::Member(_) = standing {
            self.exit(person, room);
        }
        Ok(())
    }

    pub(super) fn unban(&mut self, room: RoomId, person: Principal) -> Result<(), Refusal> {
        if self.check_dismissal(room, person)?.1 == Standing::Banned {
            self.set_banned(room, person, false);
        }
        Ok(())
    }

    pub(super) fn set_role(
        &mut self,
        room: RoomId,
        person: Principal,
        role: Role,
    ) -> Result<(), Refusal> {
        self.access(room, Deed::Appoint)?;
        let membership = self.store.members.get(person, room);
        let former = membership.ok_or(Refusal::TheyAreNoMember)?.role;
        if former == role {
            return Ok(());
        }
        if person == self.by {
            return Err(Refusal::OwnerMustHandOver);
        }

        if role == Role::Owner {
            self.store
                .rooms
                .update(room, |room| room.owner = Some(person));
            self.put_role(room, self.by, Role::Moderator);
        }
        self.put_role(room, person, role);
        Ok(())
    }

    pub(super) fn mute(&mut self, room: RoomId, muted: bool) -> Result<(), Refusal> {
        let (_, mut membership) = self.as_member(room, Deed::Write)?;
        if membership.muted != muted {
            membership.muted = muted;
            self.store.members.set(self.by, room, &membership);
            self.log_for(self.by, What::Muted(room));
        }
        Ok(())
    }

    /// Makes somebody a member of a group, which nothing speaks against.
    pub(super) fn enter(&mut self, person: Principal, room: RoomId, role: Role) {
        self.add_member(person, room, role);
        self.log_for(person, What::Entered(room));
        self.log(Audience::Room(room), What::Member(room, person));
    }

    /// Adds a member, and tells nobody. They have read what was there before.
    pub(super) fn add_member(&mut self, person: Principal, room: RoomId, role: Role) {
        let Some(mut record) = self.store.rooms.get(room) else {
            return;
        };
        let membership = Membership {
            role,
            muted: false,
            read_up_to: record.next,
            since: self.store.log.next(),
            left: false,
        };
        self.store.members.set(person, room, &membership);
        let is_present = self.store.connections.is_present(person);
        self.store.members.set_present(person, room, is_present);

        let is_direct = record.is_direct();
        record.members += 1;
        if role == Role::Owner {
            record.owner = Some(person);
        }
        self.store.rooms.set(room, &record);
        self.store.people.update(person, |person| match is_direct {
            true => person.conversations += 1,
            false => person.groups += 1,
        });
    }

    /// Ends somebody's being a member of a group.
    fn exit(&mut self, person: Principal, room: RoomId) {
        self.store.members.remove(person, room);
        self.lose_sight(person, room);
        let mut is_deserted = false;
        self.store.rooms.update(room, |record| {
            record.members = record.members.saturating_sub(1);
            record.owner = record.owner.filter(|owner| *owner != person);
            // One stays for those who are new.
            let is_for_all = room == FIRST_ROOM && record.is_public();
            is_deserted = record.members == 0 && !is_for_all;
        });
        self.store.people.update(person, |person| {
            person.groups = person.groups.saturating_sub(1);
        });
        self.log(Audience::Room(room), What::Member(room, person));
        if is_deserted {
            self.desert(room);
        }
    }

    /// Ends that `by` is shown a conversation, until something is said in it.
    fn leave_conversation(&mut self, room: RoomId, membership: Membership) {
        if !membership.left {
            let left = Membership {
                left: true,
                ..membership
            };
            self.store.members.set(self.by, room, &left);
            self.lose_sight(self.by, room);
        }
    }

    /// Those of a conversation with `partner` who have left it are shown it again.
    pub(super) fn come_back(&mut self, room: RoomId, partner: Option<Principal>) {
        let people: BTreeSet<_> = partner.into_iter().chain([self.by]).collect();
        for person in people {
            let membership = self.store.members.get(person, room);
            if let Some(mut membership) = membership.filter(|membership| membership.left) {
                membership.left = false;
                self.store.members.set(person, room, &membership);
                self.log_for(person, What::Entered(room));
            }
        }
    }

    /// Nothing of a room is somebody's to see any more.
    fn lose_sight(&mut self, person: Principal, room: RoomId) {
        self.store.connections.look_away(person, room);
        self.store.notices.remove_if(person, room, |_| true);
        self.log_for(person, What::Exited(room));
    }

    fn end_invitation(&mut self, person: Principal, room: RoomId) {
        if self.store.guests.uninvite(person, room) {
            let is_it = |about| matches!(about, About::Invitation);
            self.store.notices.remove_if(person, room, is_it);
            self.log_for(person, What::InvitationEnded(room));
        }
    }

    /// Nobody is to be invited to a room over and over.
    fn remember_invitation(&mut self, person: Principal, room: RoomId) {
        let (now, limit) = (self.now, self.limits.invitations_ended);
        self.store.guests.remember_end(person, room, now, limit);
    }

    /// Ends the invitations to a room that those who gave them could not give now.
    pub(super) fn end_unfounded_invitations(&mut self, room: RoomId, kind: RoomKind) {
        let is_unfounded = |person: &Principal| {
            let invitation = self.store.guests.invitation(*person, room);
            invitation.is_some_and(|invitation| {
                let standing = self.view().standing(invitation.by, room);
                !permissions::may(standing, kind, Deed::Invite)
            })
        };
        let invited = self.store.guests.invited(room, None);
        let unfounded: Vec<_> = invited.filter(is_unfounded).collect();
        for person in unfounded {
            self.end_invitation(person, room);
        }
    }

    fn put_role(&mut self, room: RoomId, person: Principal, role: Role) {
        if let Some(mut membership) = self.store.members.get(person, room) {
            membership.role = role;
            self.store.members.set(person, room, &membership);
            self.log(Audience::Room(room), What::Member(room, person));
        }
    }

    fn set_banned(&mut self, room: RoomId, person: Principal, is_banned: bool) {
        self.store.guests.set_banned(person, room, is_banned);
        self.store.rooms.update(room, |room| {
            room.banned = match is_banned {
                true => room.banned + 1,
                false => room.banned.saturating_sub(1),
            }
        });
    }

    /// Whether `by` may put this person out of a room. Also what they are there.
    fn check_dismissal(
        &self,
        room: RoomId,
        person: Principal,
    ) -> Result<(RoomRecord, Standing), Refusal> {
        let (record, own) = self.as_member(room, Deed::Dismiss)?;
        let standing = self.view().standing(person, room);
        match standing {
            Standing::Member(role) if role >= own.role => Err(Refusal::NotOfLowerRole),
            _ => Ok((record, standing)),
        }
    }

    /// Whether somebody may be a member of one group more.
    pub(super) fn check_groups(&self, person: &PersonRecord) -> Result<(), Refusal> {
        let limit = self.limits.groups;
        if person.groups >= limit {
            return Err(Refusal::TooManyGroups(limit));
        }
        Ok(())
    }
}
