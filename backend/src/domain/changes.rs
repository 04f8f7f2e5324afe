//! What has changed, as clients are told: at once while they are here, and by `since` when they come back.
//!
//! Both ways describe a logged entry by what is there when they do. So whoever was away ends up with what those have who
//! were not.

use std::iter::Peekable;

use candid::Principal;
use chat_api::{Change, ChangeId, Changes, Logged, Since};
use ic_stable_structures::Memory;

use super::view::View;
use crate::store::{Audience, Device, Entry, What};

impl<M: Memory> View<'_, M> {
    /// An entry of the log as `reader` is told, or the members of a room together. `None` if there is nothing left to tell,
    /// because of something that comes later.
    pub(super) fn describe(
        &self,
        number: u64,
        entry: Entry,
        reader: Option<Principal>,
    ) -> Option<Logged> {
        let Entry {
            at,
            by,
            command,
            what,
        } = entry;
        Some(Logged {
            number,
            at,
            by,
            command,
            change: self.change(number, by, what, reader)?,
        })
    }

    fn change(
        &self,
        number: u64,
        by: Principal,
        what: What,
        reader: Option<Principal>,
    ) -> Option<Change> {
        Some(match what {
            What::Said((room, message)) => {
                let record = self.0.messages.get((room, message))?;
                Change::Said {
                    room,
                    author: self.person(record.author)?,
                    message: self.message(room, message, record, reader),
                }
            }
            What::Edited((room, message)) => {
                let record = self.0.messages.get((room, message))?;
                if record.deleted {
                    Change::Deleted { room, message }
                } else {
                    Change::Edited {
                        room,
                        message,
                        text: record.text,
                        mentions: record.mentions,
                        edited_at: record.edited_at?,
                    }
                }
            }
            What::Reacted((room, message), emoji) => Change::Reacted {
                room,
                message,
                count: self.0.reactions.tally((room, message)).count(&emoji),
                people: self.reacting((room, message), &emoji),
                person: by,
                on: self.0.reactions.contains((room, message), &emoji, by),
                emoji,
            },
            What::Room(room) => Change::Room(self.room(room)?),
            What::Member(room, person) => Change::Member {
                room,
                person: self.person(person)?,
                role: self.0.members.get(person, room).map(|it| it.role),
                members: self.0.rooms.get(room)?.members,
            },
            What::Read(room, person) => Change::Read {
                room,
                person,
                up_to: self.0.members.get(person, room)?.read_up_to,
            },
            What::Entered(room) => match self.0.members.get(reader?, room) {
                Some(membership) if !membership.left => {
                    Change::Entered(self.summary(reader?, room, membership)?)
                }
                _ => Change::Exited { room },
            },
            What::Exited(room) => Change::Exited { room },
            What::Muted(room) => Change::Muted {
                room,
                muted: self.0.members.get(reader?, room)?.muted,
            },
            What::Invited(room) => Change::Invited(self.invitation(reader?, room)?),
            What::InvitationEnded(room) => Change::InvitationEnded { room },
            What::Notified => {
                let notice = self.0.notices.get(reader?, number)?;
                Change::Notified(self.notification(number, notice)?)
            }
            What::NotificationsRead(up_to) => Change::NotificationsRead { up_to },
            What::Blocked(person) => Change::Blocked {
                blocked: self.0.blocks.contains(reader?, person),
                person: self.person(person)?,
            },
            What::Refused(reason) => Change::Refused { reason },
        })
    }

    /// The next `limit` changes after a number, for one person who has seen `seen` last.
    pub fn since(
        &self,
        person: Principal,
        after: u64,
        seen: Option<ChangeId>,
        device: Option<u64>,
        limit: usize,
    ) -> Since {
        let latest = self.0.log.latest();
        let audiences: Vec<_> = self.audiences(person).collect();
        let start = |since: u64| since.max(after);
        let log = &self.0.log;
        let is_kept = |&(audience, since)| log.reaches_back_to(audience, start(since));
        let has = |seen| {
            let mut audiences = audiences.iter();
            audiences.any(|&(audience, _)| log.has(audience, seen))
        };
        if after > latest || !audiences.iter().all(is_kept) || !seen.is_none_or(has) {
            return Since::TooLongAgo;
        }

        let logs = audiences.into_iter();
        let logs = logs.map(|(audience, since)| log.after(audience, start(since)).peekable());
        let mut merged = Merged(logs.collect());
        let entries: Vec<_> = merged.by_ref().take(limit).collect();
        let up_to = match entries.last() {
            Some((number, _)) if merged.next().is_some() => *number,
            _ => latest,
        };
        let described = entries
            .into_iter()
            .filter_map(|(number, entry)| self.describe(number, entry, Some(person)));
        let device = self.device(person, device);
        Since::Changes(Changes {
            changes: described.collect(),
            up_to,
            settled: device.latest,
            refused: device.refused,
        })
    }

    /// The latest change that was logged for a person.
    pub(super) fn latest_change(&self, person: Principal) -> Option<ChangeId> {
        let audiences = self.audiences(person);
        let latest = audiences.filter_map(|(audience, _)| self.0.log.last(audience));
        latest.max_by_key(|change| change.number)
    }

    /// Whose changes a person is told, and after which number.
    fn audiences(&self, person: Principal) -> impl Iterator<Item = (Audience, u64)> {
        let memberships = self.0.members.rooms(person);
        let rooms =
            memberships.map(|(room, it)| (Audience::Room(room), it.since.saturating_sub(1)));
        rooms.chain([(Audience::Person(person), 0)])
    }

    /// What is known of a device; of none or an unknown one, nothing.
    pub(super) fn device(&self, person: Principal, device: Option<u64>) -> Device {
        let known = device.and_then(|device| self.0.settled.device(person, device));
        known.unwrap_or_default()
    }
}

/// Several logs as one, in the order of their numbers.
struct Merged<I: Iterator<Item = (u64, Entry)>>(Vec<Peekable<I>>);

impl<I: Iterator<Item = (u64, Entry)>> Iterator for Merged<I> {
    type Item = (u64, Entry);

    fn next(&mut self) -> Option<Self::Item> {
        let heads = self.0.iter_mut().enumerate();
        let heads = heads.filter_map(|(index, log)| Some((log.peek()?.0, index)));
        let (_, index) = heads.min()?;
        self.0.get_mut(index)?.next()
    }
}
