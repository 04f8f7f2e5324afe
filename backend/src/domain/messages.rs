//! Saying something, and what can be done with what was said.

use candid::Principal;
use chat_api::{Address, MAX_EMOJIS, MAX_REACTIONS, MessageNumber, RoomId};
use ic_stable_structures::Memory;

use super::{Refusal, permissions::Deed, text, turn::Turn};
use crate::store::{About, Audience, Membership, MessageKey, MessageRecord, RoomRecord, What};

/// Somebody who may say something in a room.
struct Speaker {
    room: RoomRecord,
    own: Membership,
    /// The other one of a conversation; nobody, if it is with oneself.
    partner: Option<Principal>,
}

impl<M: Memory> Turn<'_, M> {
    /// Takes some thirty operations on maps, and a few more for each mention; however long the history and however many the
    /// members, of whom only those are looked up who are here.
    pub(super) fn say(
        &mut self,
        to: Address,
        text: String,
        reply_to: Option<MessageNumber>,
        mentions: Vec<Principal>,
    ) -> Result<(), Refusal> {
        text::check_message(&text, mentions.len())?;
        self.check_volume()?;
        let room = self.addressed(to, reply_to)?;
        let Speaker {
            room: mut record,
            mut own,
            partner,
        } = self.as_speaker(room)?;
        if reply_to.is_some_and(|to| !(record.first..record.next).contains(&to)) {
            return Err(Refusal::NoSuchMessage);
        }

        let is_direct = record.is_direct();
        if is_direct {
            self.come_back(room, partner);
            own.left = false;
        }
        let number = record.next;
        own.read_up_to = number + 1;
        self.store.members.set(self.by, room, &own);
        self.forget_notices(room, number);
        let message = MessageRecord {
            author: self.by,
            command: self.command,
            at: self.now,
            text,
            reply_to,
            mentions: self.members_among(room, mentions),
            edited_at: None,
            deleted: false,
        };
        self.store.add_message(room, &mut record, &message);
        self.drop_excess(room, &mut record);
        self.store.rooms.set(room, &record);
        self.log(Audience::Room(room), What::Said((room, number)));
        match partner {
            Some(partner) => self.notify_partner(partner, room, number),
            None if is_direct => {}
            None => self.notify_mentioned(room, number, &message.mentions),
        }
        Ok(())
    }

    pub(super) fn edit(
        &mut self,
        key: MessageKey,
        text: String,
        mentions: Vec<Principal>,
    ) -> Result<(), Refusal> {
        text::check_message(&text, mentions.len())?;
        self.as_speaker(key.0)?;
        let mut message = self.message(key)?;
        if message.author != self.by {
            return Err(Refusal::NotTheAuthor);
        }
        let mentions = self.members_among(key.0, mentions);
        if (&message.text, &message.mentions) != (&text, &mentions) {
            let before = message.bytes();
            if text.len() > message.text.len() {
                self.check_volume()?;
            }
            message.text = text;
            message.mentions = mentions;
            message.edited_at = Some(self.now);
            self.store.messages.set(key, &message);
            self.log(Audience::Room(key.0), What::Edited(key));
            self.weigh(key.0, before, message.bytes());
        }
        Ok(())
    }

    pub(super) fn delete(&mut self, key: MessageKey) -> Result<(), Refusal> {
        self.access(key.0, Deed::Write)?;
        let mut message = self.message(key)?;
        if message.author != self.by {
            self.access(key.0, Deed::Censor)?;
        }
        let before = message.bytes();
        message.text.clear();
        message.mentions.clear();
        message.edited_at = None;
        message.deleted = true;
        self.store.messages.set(key, &message);
        self.store.reactions.clear(key);
        self.log(Audience::Room(key.0), What::Edited(key));
        self.weigh(key.0, before, message.bytes());
        Ok(())
    }

    pub(super) fn react(&mut self, key: MessageKey, emoji: &str, on: bool) -> Result<(), Refusal> {
        text::check_emoji(emoji)?;
        self.as_speaker(key.0)?;
        self.message(key)?;
        if self.store.reactions.contains(key, emoji, self.by) == on {
            return Ok(());
        }
        let tally = self.store.reactions.tally(key);
        if on && tally.count(emoji) == 0 && tally.0.len() >= MAX_EMOJIS {
            return Err(Refusal::TooManyEmojis);
        }
        if on && tally.total() >= MAX_REACTIONS {
            return Err(Refusal::TooManyReactions);
        }
        if on {
            self.check_volume()?;
        }

        self.store.reactions.set(key, emoji, self.by, on);
        let what = What::Reacted(key, emoji.to_owned());
        self.log(Audience::Room(key.0), what);
        Ok(())
    }

    pub(super) fn read(&mut self, room: RoomId, up_to: MessageNumber) -> Result<(), Refusal> {
        let (record, mut own) = self.as_member(room, Deed::Write)?;
        let up_to = up_to.min(record.next);
        if up_to <= own.read_up_to {
            return Ok(());
        }
        own.read_up_to = up_to;
        self.store.members.set(self.by, room, &own);
        self.forget_notices(room, up_to);
        let audience = match record.is_direct() {
            true => Audience::Room(room),
            false => Audience::Person(self.by),
        };
        self.log(audience, What::Read(room, self.by));
        Ok(())
    }

    pub(super) fn read_notifications(&mut self, up_to: u64) -> Result<(), Refusal> {
        if self.store.notices.remove_up_to(self.by, up_to) {
            self.log_for(self.by, What::NotificationsRead(up_to));
        }
        Ok(())
    }

    /// A room in which `by` may say something.
    fn as_speaker(&self, id: RoomId) -> Result<Speaker, Refusal> {
        let (room, own) = self.as_member(id, Deed::Write)?;
        let partner = match room.is_direct() {
            true => self.store.members.other(id, self.by),
            false => None,
        };
        if let Some(partner) = partner {
            self.check_blocks(partner)?;
        }
        Ok(Speaker { room, own, partner })
    }

    /// The room in which something is said: a new conversation, if it is the first thing that one says to the other. Then
    /// nothing can be refused any more.
    fn addressed(
        &mut self,
        to: Address,
        reply_to: Option<MessageNumber>,
    ) -> Result<RoomId, Refusal> {
        let partner = match to {
            Address::Room(room) => return Ok(room),
            Address::Person(person) => person,
        };
        if let Some(room) = self.store.rooms.conversation(self.by, partner) {
            return Ok(room);
        }
        self.check_blocks(partner)?;
        self.check_new_conversation(partner)?;
        if reply_to.is_some() {
            return Err(Refusal::NoSuchMessage);
        }
        Ok(self.start_conversation(partner))
    }

    /// A message that is there and was not taken back.
    fn message(&self, key: MessageKey) -> Result<MessageRecord, Refusal> {
        let message = self.store.messages.get(key);
        let message = message.ok_or(Refusal::NoSuchMessage)?;
        if message.deleted {
            return Err(Refusal::MessageDeleted);
        }
        Ok(message)
    }

    /// Takes note of a message that has become longer or shorter.
    fn weigh(&mut self, id: RoomId, before: u64, after: u64) {
        if let Some(mut room) = self.store.rooms.get(id) {
            room.bytes = room.bytes.saturating_sub(before) + after;
            self.store.volume.replace(before, after);
            self.drop_excess(id, &mut room);
            self.store.rooms.set(id, &room);
        }
    }

    /// Drops the oldest messages beyond the limits.
    fn drop_excess(&mut self, id: RoomId, room: &mut RoomRecord) {
        /// As many short messages as a long one can take the place of.
        const DROPPED_AT_ONCE: usize = 100;
        for _ in 0..DROPPED_AT_ONCE {
            let is_within = room.next - room.first <= self.limits.messages
                && room.bytes <= self.limits.room_bytes;
            if is_within {
                return;
            }
            self.drop_oldest(id, room);
        }
    }

    pub(super) fn drop_oldest(&mut self, id: RoomId, room: &mut RoomRecord) {
        let oldest = (id, room.first);
        let bytes = self.store.messages.remove(oldest);
        let bytes = bytes.map_or(0, |message| message.bytes());
        self.store.reactions.clear(oldest);
        self.store.volume.replace(bytes, 0);
        room.bytes = room.bytes.saturating_sub(bytes);
        room.first += 1;
    }

    /// Of what is read nobody need be notified any more.
    fn forget_notices(&mut self, room: RoomId, up_to: MessageNumber) {
        let is_read = |about| match about {
            About::Mention(message) | About::Direct(message) => message < up_to,
            About::Invitation => false,
        };
        self.store.notices.remove_if(self.by, room, is_read);
    }

    fn members_among(&self, room: RoomId, mut people: Vec<Principal>) -> Vec<Principal> {
        people.sort_unstable();
        people.dedup();
        people.retain(|person| self.store.members.contains(*person, room));
        people
    }

    fn notify_mentioned(&mut self, room: RoomId, number: MessageNumber, mentioned: &[Principal]) {
        for person in mentioned.iter().copied() {
            let membership = self.store.members.get(person, room);
            let wants = membership.is_some_and(|membership| !membership.muted)
                && !self.store.blocks.contains(person, self.by);
            if wants && person != self.by {
                self.notify(person, room, About::Mention(number));
            }
        }
    }

    /// Notifies the other one of a conversation, unless they have a notice about it already.
    fn notify_partner(&mut self, partner: Principal, room: RoomId, number: MessageNumber) {
        let membership = self.store.members.get(partner, room);
        let wants = membership.is_some_and(|membership| !membership.muted);
        if wants && !self.store.notices.has_any(partner, room) {
            self.notify(partner, room, About::Direct(number));
        }
    }
}
