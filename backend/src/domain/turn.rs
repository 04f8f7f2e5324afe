//! One command on its way: who gives it and when, and what it makes the canister tell.

use candid::Principal;
use chat_api::{CommandId, Event, RoomId, Time};
use ic_stable_structures::Memory;

use super::{
    Delivery, Limits, Refusal,
    permissions::Deed,
    view::{Access, View},
};
use crate::store::{About, Audience, Entry, Membership, Notice, RoomRecord, Store, What};

pub(super) struct Turn<'a, M: Memory> {
    pub store: &'a mut Store<M>,
    pub limits: &'a Limits,
    /// Whose turn it is.
    pub by: Principal,
    pub command: CommandId,
    pub now: Time,
    deliveries: Vec<Delivery>,
    /// Whether something logged tells `by` that the command is settled.
    is_told: bool,
}

impl<'a, M: Memory> Turn<'a, M> {
    pub fn new(
        store: &'a mut Store<M>,
        limits: &'a Limits,
        by: Principal,
        command: CommandId,
        now: Time,
    ) -> Self {
        Self {
            store,
            limits,
            by,
            command,
            now,
            deliveries: Vec::new(),
            is_told: false,
        }
    }

    /// What is to be delivered, and whether that tells `by` that the command is settled.
    pub fn end(self) -> (Vec<Delivery>, bool) {
        (self.deliveries, self.is_told)
    }

    pub fn view(&self) -> View<'_, M> {
        View(self.store)
    }

    /// A room in which `by` may do this.
    pub fn access(&self, room: RoomId, deed: Deed) -> Result<Access, Refusal> {
        self.view().access(self.by, room, deed)
    }

    /// A room in which `by` may do this as a member.
    pub fn as_member(&self, room: RoomId, deed: Deed) -> Result<(RoomRecord, Membership), Refusal> {
        let Access { room, membership } = self.access(room, deed)?;
        Ok((room, membership.ok_or(Refusal::NotAMember)?))
    }

    /// Whether there is room for more in the canister.
    pub fn check_volume(&self) -> Result<(), Refusal> {
        match self.store.bytes() < self.limits.bytes {
            true => Ok(()),
            false => Err(Refusal::Full),
        }
    }

    /// Logs what has changed and tells those it is for who are here.
    pub fn log(&mut self, audience: Audience, what: What) {
        let (to, limit, reader): (Vec<_>, _, _) = match audience {
            Audience::Room(room) => {
                let present = self.store.members.present(room).map(Into::into);
                (present.collect(), self.limits.room_changes, None)
            }
            Audience::Person(person) => {
                let is_present = self.store.connections.is_present(person);
                let to = is_present.then(|| person.into()).into_iter().collect();
                (to, self.limits.person_changes, Some(person))
            }
        };
        // Rooms are changed by their members only, who are told with the others; or who leave, and are told apart.
        self.is_told |= reader.is_none_or(|reader| reader == self.by);
        let entry = Entry {
            at: self.now,
            by: self.by,
            command: self.command,
            what,
        };
        let number = self.store.log.append(audience, &entry, limit);
        if !to.is_empty()
            && let Some(logged) = self.view().describe(number, entry, reader)
        {
            let event = Event::Logged(Box::new(logged));
            self.deliver(Some(Delivery { to, event }));
        }
    }

    /// Logs it for one person.
    pub fn log_for(&mut self, person: Principal, what: What) {
        self.log(Audience::Person(person), what);
    }

    /// Tells something that is not logged.
    pub fn deliver(&mut self, delivery: Option<Delivery>) {
        self.deliveries.extend(delivery);
    }

    /// Tells `by` why nothing comes of the command.
    pub fn refuse(&mut self, refusal: &Refusal) {
        self.store.settled.refuse(self.by, self.command);
        self.log_for(self.by, What::Refused(refusal.to_string()));
    }

    /// Notifies somebody.
    pub fn notify(&mut self, person: Principal, room: RoomId, about: About) {
        let notice = Notice {
            about,
            room,
            by: self.by,
            at: self.now,
        };
        let (number, limit) = (self.store.log.next(), self.limits.notifications);
        self.store.notices.add(person, number, &notice, limit);
        self.log_for(person, What::Notified);
    }
}
