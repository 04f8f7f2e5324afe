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

use super::{Actor, locks::Lock, memory::Drawer};
use crate::{
    clock,
    shared::Shared,
    store::{Action, outbox::Outbox},
};

/// How often others are told that this person is typing, in milliseconds.
const TYPING_INTERVAL_MS: u64 = 3_000;

/// How long read markers wait for later ones, in milliseconds. It doubles with each time that one is refused.
const SEEN_DELAY_MS: u32 = 300;
const MAX_DOUBLINGS: u32 = 4;

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
    /// Tells other tabs that this page will send what it keeps.
    lives: RefCell<Option<Lock>>,
    typed_at: Cell<u64>,
    /// Up to which message rooms were seen, as far as the canister is still to be told.
    seen: RefCell<BTreeMap<RoomId, MessageNumber>>,
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
    /// Has the canister do something. Gives back whether it was taken.
    pub(super) fn request(self: &Rc<Self>, command: Command) -> bool {
        if !self.sending.outbox.borrow().has_room() {
            let words = "Too much is waiting to be sent. Try again when it is.";
            self.act.emit(Action::Note(words.to_owned()));
            return false;
        }
        let id = self.sending.next_id();
        let request = Request { id, command };
        self.act
            .emit(Action::Requested(request.clone(), clock::now_ms()));
        self.send(request);
        true
    }

    /// Takes note of what is not settled, and keeps it for the case that the page is closed.
    pub fn keep(&self, outbox: &Shared<Outbox>) {
        self.sending.outbox.replace(outbox.clone());
        self.send_due();
        if let Some(drawer) = self.drawer() {
            self.keep_in(drawer);
        }
    }

    /// Keeps all that this page is to send: under its own device, as no other page touches that.
    fn keep_in(&self, drawer: Drawer) -> bool {
        let outbox = self.sending.outbox.borrow();
        let pending: Vec<_> = outbox.iter().collect();
        drawer.keep(self.sending.device(), &pending)
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

    /// Takes over what other pages could not send, as soon as they are closed: while they live, they lock their devices.
    fn adopt(self: &Rc<Self>) {
        let Some(drawer) = self
            .drawer()
            .filter(|_| !self.sending.has_adopted.replace(true))
        else {
            return;
        };
        let own = self.sending.device();
        let actor = Rc::clone(self);
        spawn_local(async move {
            let lives = Lock::take(&drawer.lock(own)).await;
            if actor.is_device(own) {
                actor.sending.lives.replace(lives);
            }
        });
        let others = drawer.devices().into_iter().filter(|device| *device != own);
        for device in others {
            let actor = Rc::clone(self);
            spawn_local(async move {
                let _lock = Lock::wait(&drawer.lock(device)).await;
                if actor.is_device(own) {
                    actor.take_over(drawer, device);
                }
            });
        }
    }

    /// Whether this page still is what this device was.
    fn is_device(&self, device: u64) -> bool {
        self.sending.device.get() == Some(device)
    }

    fn take_over(self: &Rc<Self>, drawer: Drawer, device: u64) {
        let left = drawer.left_by(device);
        self.sending.outbox.borrow_mut().edit().adopt(left.clone());
        if self.keep_in(drawer) {
            drawer.forget(device);
        }
        self.act.emit(Action::Adopted(left));
        self.send_due();
    }

    pub(super) fn drawer(&self) -> Option<Drawer> {
        let identity = self.identity.borrow();
        let identity = identity.as_ref()?;
        Some(Drawer {
            owner: identity.principal(),
            is_guest: identity.is_guest(),
        })
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

    pub(super) fn seen(self: &Rc<Self>, room: RoomId, up_to: MessageNumber, failures: u32) {
        if self.sending.outbox.borrow().has_read(room, up_to) {
            return;
        }
        {
            let mut seen = self.sending.seen.borrow_mut();
            let seen = seen.entry(room).or_default();
            *seen = up_to.max(*seen);
        }
        if self.sending.seen_timer.borrow().is_none() {
            let actor = Rc::clone(self);
            let delay = SEEN_DELAY_MS << failures.min(MAX_DOUBLINGS);
            let timer = Timeout::new(delay, move || actor.tell_seen());
            self.sending.seen_timer.replace(Some(timer));
        }
    }

    /// Tells the canister what was seen, if somebody looks at the page; else when they do again.
    pub fn tell_seen(self: &Rc<Self>) {
        self.sending.seen_timer.take();
        if !gloo_utils::document().has_focus().unwrap_or(true) {
            return;
        }
        for (room, up_to) in self.sending.seen.take() {
            if !self.request(Command::Read { room, up_to }) {
                self.sending.seen.borrow_mut().insert(room, up_to);
            }
        }
    }

    /// Another person's page has nothing of this one's.
    pub(super) fn forget_sending(&self) {
        self.sending.has_adopted.set(false);
        self.sending.lives.take();
        self.sending.outbox.take();
        self.sending.seen.take();
        self.sending.seen_timer.take();
        self.sending.device.take();
        self.sending.last_number.set(0);
    }
}
