//! What the chat means: who may do what, what comes of it, and who gets to know. A fork replaces this.
//!
//! It neither sends nor looks at a clock: it is told who does what and when, and gives back what is to be delivered. What it
//! remembers is in `store`.
//!
//! - [`people`], [`blocking`], [`rooms`], [`membership`], [`messages`]: the commands, each as one [`Turn`]. A turn checks
//!   everything before it changes anything, so that a refusal leaves no trace.
//! - [`permissions`], [`limits`], [`text`], [`image`]: what they check.
//! - [`presence`]: who is here, and who gets to see it.
//! - [`desertion`]: what becomes of rooms that nobody is in any more.
//! - [`view`], [`changes`], [`queries`]: how clients see what is there and what has changed.

mod blocking;
mod changes;
mod desertion;
mod image;
mod limits;
mod membership;
mod messages;
mod people;
mod permissions;
mod presence;
mod queries;
mod rate;
mod refusal;
mod rooms;
mod text;
mod turn;
mod view;

use candid::Principal;
use chat_api::{Command, Event, Passing, Request, RoomId, RoomKind, Signal, Time, Visibility};
use ic_stable_structures::Memory;
use ic_ws_cdk::{ClientKey, Recipient};

pub(crate) use self::{limits::Limits, refusal::Refusal, view::View};
use self::{permissions::Deed, rate::Buckets, turn::Turn};
use crate::store::{MessageRecord, Outcome, RoomRecord, Store};

/// The room that is there from the start, and its name. The first to join owns it.
const FIRST_ROOM: RoomId = 0;
const FIRST_ROOM_NAME: &str = "Lobby";

/// An event and whom it is for.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Whom it is for. Who of them is not connected needs no telling.
    pub to: Vec<Recipient>,
    /// What they are told.
    pub event: Event,
}

impl Delivery {
    /// To one connection.
    pub fn only(to: ClientKey, event: Event) -> Self {
        Self {
            to: vec![to.into()],
            event,
        }
    }

    /// Something passing, unless it is for nobody.
    fn passing(to: impl IntoIterator<Item = ClientKey>, event: Passing) -> Option<Self> {
        let to: Vec<_> = to.into_iter().map(Recipient::from).collect();
        let event = Event::Passing(event);
        (!to.is_empty()).then_some(Self { to, event })
    }
}

/// The chat.
pub struct Chat<M: Memory> {
    store: Store<M>,
    limits: Limits,
    buckets: Buckets,
    /// The last connection that was checked.
    checked: Option<ClientKey>,
}

impl<M: Memory> Chat<M> {
    /// The chat that `store` remembers, or a new one.
    pub(crate) fn new(mut store: Store<M>, limits: Limits) -> Self {
        if store.rooms.len() == 0 {
            let kind = RoomKind::Group(Visibility::Public);
            let lobby = RoomRecord::new(FIRST_ROOM_NAME.to_owned(), String::new(), kind);
            store.rooms.add(&lobby);
        }
        Self {
            buckets: Buckets::new(&limits),
            checked: None,
            store,
            limits,
        }
    }

    /// What can be asked.
    pub(crate) fn view(&self) -> View<'_, M> {
        View(&self.store)
    }

    /// Somebody has connected.
    pub fn connected(&mut self, key: ClientKey, now: Time) -> Vec<Delivery> {
        let hello = Event::Hello {
            you: self.view().person(key.client_principal),
            latest: self.store.log.latest(),
        };
        let person = key.client_principal;
        let was_here = self.store.connections.is_present(person);
        let is_shown = was_here || self.buckets.comes(person, now);
        let arrival = presence::arrive(&mut self.store, key, was_here, is_shown);
        self.charge(person, arrival.as_slice(), now);
        let hello = Delivery::only(key, hello);
        [hello].into_iter().chain(arrival).collect()
    }

    /// A connection is gone.
    pub fn disconnected(&mut self, key: ClientKey, now: Time) -> Vec<Delivery> {
        let is_shown = self.buckets.goes(key.client_principal);
        let departure = presence::depart(&mut self.store, key, now, is_shown);
        departure.into_iter().collect()
    }

    /// Takes every connection for gone that is not connected (any more).
    pub fn drop_connections_unless(
        &mut self,
        is_connected: impl Fn(&ClientKey) -> bool,
        now: Time,
    ) -> Vec<Delivery> {
        let all: Vec<_> = self.store.connections.after(None).collect();
        self.drop_unless(&all, is_connected, now)
    }

    /// The same with some connections, the next ones each time.
    pub fn check_connections(
        &mut self,
        is_connected: impl Fn(&ClientKey) -> bool,
        now: Time,
    ) -> Vec<Delivery> {
        let connections = self.store.connections.after(self.checked);
        let some: Vec<_> = connections.take(self.limits.checked_at_once).collect();
        self.checked = some.last().copied();
        self.drop_unless(&some, is_connected, now)
    }

    fn drop_unless(
        &mut self,
        connections: &[ClientKey],
        is_connected: impl Fn(&ClientKey) -> bool,
        now: Time,
    ) -> Vec<Delivery> {
        let gone = connections.iter().filter(|key| !is_connected(key));
        gone.flat_map(|key| self.disconnected(*key, now)).collect()
    }

    /// Adds messages to a room, each with its author and time, that were said elsewhere: nobody is told. Nothing if there is no
    /// such room.
    pub fn import(
        &mut self,
        room: RoomId,
        messages: impl IntoIterator<Item = (Principal, Time, String)>,
    ) {
        let Some(mut record) = self.store.rooms.get(room) else {
            return;
        };
        for (author, at, text) in messages {
            let message = MessageRecord::imported(author, at, text);
            self.store.add_message(room, &mut record, &message);
        }
        self.store.rooms.set(room, &record);
    }

    /// Carries out a command, unless it was settled before.
    pub fn request(&mut self, from: ClientKey, request: Request, now: Time) -> Vec<Delivery> {
        let Request { id, command } = request;
        let by = from.client_principal;
        let done = Delivery::only(from, Event::Done { id });
        let is_known = self.store.people.contains(by);
        let devices = self.limits.devices;
        // Of strangers nothing is remembered, so that they leave nothing behind.
        let before = match is_known {
            true => self.store.settled.settle(by, id, now, devices),
            false => None,
        };
        match before {
            Some(Outcome::CarriedOut) => return vec![done],
            Some(Outcome::Refused) => return vec![Refusal::Before.delivery(from, Some(id))],
            None => {}
        }

        let mut turn = Turn::new(&mut self.store, &self.limits, by, id, now);
        let result = if !self.buckets.take(by, now) {
            Err(Refusal::TooFast)
        } else if !is_known && !matches!(command, Command::SetProfile { .. }) {
            Err(Refusal::NoProfile)
        } else {
            turn.carry_out(command)
        };
        match result {
            Ok(()) => {}
            Err(refusal) if is_known => turn.refuse(&refusal),
            Err(refusal) => return vec![refusal.delivery(from, Some(id))],
        }
        turn.sweep();
        let (mut deliveries, is_told) = turn.end();
        self.charge(by, &deliveries, now);
        if !is_told {
            deliveries.push(done);
        }
        if !is_known {
            self.store.settled.settle(by, id, now, devices);
        }
        deliveries
    }

    /// Passes on a signal. One that means nothing is ignored.
    pub fn signal(&mut self, from: ClientKey, signal: Signal, now: Time) -> Vec<Delivery> {
        let by = from.client_principal;
        let may_write = |view: View<'_, M>, room| view.access(by, room, Deed::Write).ok();
        let delivery = match signal {
            _ if !self.buckets.take(by, now) => None,
            Signal::Look { room } => {
                let room = room.filter(|room| may_write(self.view(), *room).is_some());
                if self.store.connections.contains(from) {
                    self.store.connections.look(from, room);
                }
                None
            }
            Signal::Typing { room } if !self.buckets.is_typing_news(by, room, now) => None,
            Signal::Typing { room } => may_write(self.view(), room)
                .and_then(|access| presence::typing(&self.store, by, room, &access.room)),
        };
        self.charge(by, delivery.as_slice(), now);
        delivery.into_iter().collect()
    }

    /// Takes the more tokens the more people are told.
    fn charge(&mut self, person: Principal, deliveries: &[Delivery], now: Time) {
        let recipients: usize = deliveries.iter().map(|delivery| delivery.to.len()).sum();
        let tokens = recipients / self.limits.recipients_per_token.max(1);
        self.buckets.charge(person, tokens as u64, now);
    }
}

impl<M: Memory> Turn<'_, M> {
    fn carry_out(&mut self, command: Command) -> Result<(), Refusal> {
        match command {
            Command::SetProfile { name, guest, color } => self.set_profile(&name, guest, color),
            Command::SetImage { image } => self.set_image(image.map(|bytes| bytes.into_vec())),
            Command::CreateRoom {
                name,
                topic,
                visibility,
            } => self.create_room(&name, &topic, visibility),
            Command::EditRoom {
                room,
                name,
                topic,
                visibility,
            } => self.edit_room(room, &name, &topic, visibility),
            Command::Join { room } => self.join(room),
            Command::Leave { room } => self.leave(room),
            Command::Invite { room, person } => self.invite(room, person),
            Command::Remove { room, person } => self.remove(room, person),
            Command::Ban { room, person } => self.ban(room, person),
            Command::Unban { room, person } => self.unban(room, person),
            Command::SetRole { room, person, role } => self.set_role(room, person, role),
            Command::Mute { room, muted } => self.mute(room, muted),
            Command::Block { person, blocked } => self.block(person, blocked),
            Command::Say {
                to,
                text,
                reply_to,
                mentions,
            } => self.say(to, text, reply_to, mentions),
            Command::Edit {
                room,
                message,
                text,
                mentions,
            } => self.edit((room, message), text, mentions),
            Command::Delete { room, message } => self.delete((room, message)),
            Command::React {
                room,
                message,
                emoji,
                on,
            } => self.react((room, message), &emoji, on),
            Command::Read { room, up_to } => self.read(room, up_to),
            Command::ReadNotifications { up_to } => self.read_notifications(up_to),
        }
    }
}

#[cfg(test)]
mod tests;
