//! Sends commands until they are settled, and signals while there is a connection.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use chat_api::{ChatMessage, Command, CommandId, MessageNumber, Request, RoomId, Signal};
use gloo_timers::callback::Timeout;
use ic_ws_client::{DeliveryError, SendError, Signer};
use yew::platform::spawn_local;

use super::{Actor, memory::Drawer};
use crate::{
    clock,
    shared::Shared,
    store::{Action, outbox::Outbox},
};

/// How often others are told that this person is typing, in milliseconds.
const TYPING_INTERVAL_MS: u64 = 3_000;

/// How long read markers wait for later ones, in milliseconds.
const SEEN_DELAY_MS: u32 = 300;

/// What is to be remembered to send.
#[derive(Default)]
pub(super) struct Sending {
    device: Cell<Option<u64>>,
    last_number: Cell<u64>,
    /// The number of each device's last command that was given to this session.
    sent: RefCell<BTreeMap<u64, u64>>,
    /// As the store has it.
    outbox: RefCell<Shared<Outbox>>,
    has_adopted: Cell<bool>,
    typed_at: Cell<u64>,
    /// Up to which message each room was seen, and up to which the canister was told.
    seen: RefCell<BTreeMap<RoomId, (MessageNumber, MessageNumber)>>,
    seen_timer: RefCell<Option<Timeout>>,
}

impl Sending {
    /// Names this page: a random number.
    pub fn device(&self) -> u64 {
        let device = self.device.get().unwrap_or_else(|| {
            let halves = || (js_sys::Math::random() * f64::from(u32::MAX)) as u64;
            (halves() << 32) | halves()
        });
        self.device.set(Some(device));
        device
    }

    fn next_id(&self) -> CommandId {
        let number = self.last_number.get() + 1;
        self.last_number.set(number);
        CommandId {
            device: self.device(),
            number,
        }
    }
}

impl Actor {
    /// Has the canister do something.
    pub(super) fn request(self: &Rc<Self>, command: Command) {
        if !self.sending.outbox.borrow().has_room() {
            let words = "Too much is waiting to be sent. Try again when it is.";
            return self.act.emit(Action::Note(words.to_owned()));
        }
        let id = self.sending.next_id();
        let request = Request { id, command };
        self.act
            .emit(Action::Requested(request.clone(), clock::now_ms()));
        self.send(request);
    }

    /// Takes note of what is not settled, and keeps it for the case that the page is closed.
    pub fn keep(&self, outbox: &Shared<Outbox>) {
        self.sending.outbox.replace(outbox.clone());
        self.send_due();
        let Some(drawer) = self.drawer() else {
            return;
        };
        let own = self.sending.device();
        let mut devices: BTreeMap<u64, Vec<_>> = BTreeMap::from([(own, Vec::new())]);
        for pending in outbox.iter() {
            devices
                .entry(pending.request.id.device)
                .or_default()
                .push(pending);
        }
        if self.sending.has_adopted.get() {
            for (device, _) in drawer.left() {
                devices.entry(device).or_default();
            }
        }
        for (device, pending) in devices {
            drawer.keep(device, &pending);
        }
    }

    /// Sends whatever is not settled, over a new connection.
    pub(super) fn send_unsettled(self: &Rc<Self>) {
        self.adopt();
        self.sending.sent.take();
        self.send_due();
    }

    /// Sends what this session was not given, as far as it may be on its way.
    fn send_due(&self) {
        let outbox = self.sending.outbox.borrow().clone();
        for pending in outbox.due() {
            self.send(pending.request.clone());
        }
    }

    /// Takes over what earlier pages could not send.
    fn adopt(self: &Rc<Self>) {
        let Some(drawer) = self
            .drawer()
            .filter(|_| !self.sending.has_adopted.replace(true))
        else {
            return;
        };
        let left: Vec<_> = drawer
            .left()
            .into_iter()
            .flat_map(|(_, left)| left)
            .collect();
        if left.is_empty() {
            return;
        }
        self.act.emit(Action::Adopted(left.clone()));
        self.sending.outbox.borrow_mut().edit().adopt(left);
    }

    pub(super) fn drawer(&self) -> Option<Drawer> {
        let owner = self.identity.borrow().as_ref()?.principal();
        let is_guest = self.is_guest();
        Some(Drawer { owner, is_guest })
    }

    /// Sends it once, if there is a connection, or one on its way. Else it is sent as soon as there is.
    fn send(&self, request: Request) {
        let id = request.id;
        let Some(session) = &*self.session.borrow() else {
            return;
        };
        {
            let mut sent = self.sending.sent.borrow_mut();
            let last = sent.entry(id.device).or_default();
            if *last >= id.number {
                return;
            }
            *last = id.number;
        }
        let sent = session.send(&ChatMessage::Request(request));
        let act = self.act.clone();
        match sent {
            Ok(sent) => spawn_local(async move {
                match sent.await {
                    Ok(()) => act.emit(Action::Accepted(id)),
                    Err(DeliveryError::Refused(reason)) => act.emit(Action::NotSent(id, reason)),
                    Err(DeliveryError::Closed) => {}
                }
            }),
            Err(SendError::Closed) => {}
            Err(error) => act.emit(Action::NotSent(id, error.to_string())),
        }
    }

    pub(super) fn typing(&self, room: RoomId) {
        let now = clock::now_ms();
        if now < self.sending.typed_at.get() + TYPING_INTERVAL_MS {
            return;
        }
        self.sending.typed_at.set(now);
        if let Some(session) = &*self.session.borrow() {
            // Of no account a moment later.
            let _ = session.send(&ChatMessage::Signal(Signal::Typing { room }));
        }
    }

    pub(super) fn seen(self: &Rc<Self>, room: RoomId, up_to: MessageNumber) {
        {
            let mut seen = self.sending.seen.borrow_mut();
            let entry = seen.entry(room).or_default();
            if up_to <= entry.0 {
                return;
            }
            entry.0 = up_to;
        }
        if self.sending.seen_timer.borrow().is_none() {
            let actor = Rc::clone(self);
            let timer = Timeout::new(SEEN_DELAY_MS, move || actor.tell_seen());
            self.sending.seen_timer.replace(Some(timer));
        }
    }

    /// Tells the canister what was seen, if somebody looks at the page; else when they do again.
    pub fn tell_seen(self: &Rc<Self>) {
        self.sending.seen_timer.take();
        if !gloo_utils::document().has_focus().unwrap_or(true) {
            return;
        }
        let mut due = Vec::new();
        for (room, (seen, told)) in self.sending.seen.borrow_mut().iter_mut() {
            if *told < *seen {
                *told = *seen;
                due.push((*room, *seen));
            }
        }
        for (room, up_to) in due {
            self.request(Command::Read { room, up_to });
        }
    }

    /// Another person's page has nothing of this one's.
    pub(super) fn forget_sending(&self) {
        self.sending.has_adopted.set(false);
        self.sending.outbox.take();
        self.sending.seen.take();
        self.sending.seen_timer.take();
        self.sending.device.take();
        self.sending.last_number.set(0);
    }
}
