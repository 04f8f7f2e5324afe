//! What outlives the page: the name that was used last; what was last seen; and what was not sent. The browser may refuse
//! storage: then nothing does.

use base64::{Engine, prelude::BASE64_STANDARD};
use candid::{CandidType, Principal};
use ic_ws_yew::Storage;
use serde::de::DeserializeOwned;
use web_sys::StorageEvent;

use crate::store::{outbox::Pending, snapshot::Snapshot};

const NAME: &str = "name";
const GUEST_NAME: &str = "guest-name";
const LEFT: &str = "left";
const OUTBOX: &str = "outbox-";
const SNAPSHOT: &str = "snapshot-";
const SOUND: &str = "sound";

/// The name that was used last in this browser, by any tab.
pub fn last_name() -> String {
    Storage::local().get(NAME).unwrap_or_default()
}

/// Remembers a name as a proposal.
pub fn remember_name(name: &str) {
    Storage::local().set(NAME, name);
}

/// What this tab's guest is called, if it has one.
pub fn guest_name() -> Option<String> {
    Storage::of_this_tab().get(GUEST_NAME)
}

/// Remembers what the guest is called, for reloads of this tab.
pub fn remember_guest_name(name: &str) {
    Storage::of_this_tab().set(GUEST_NAME, name);
}

/// This tab has no guest any more.
pub fn forget_guest_name() {
    Storage::of_this_tab().delete(GUEST_NAME);
}

/// Whether this browser is to make sounds.
pub fn sound() -> bool {
    Storage::local().get(SOUND).as_deref() == Some("true")
}

/// Remembers whether this browser is to make sounds.
pub fn remember_sound(on: bool) {
    Storage::local().set(SOUND, &on.to_string());
}

/// Tells the other tabs that this person has left.
pub fn tell_left(person: Principal) {
    let storage = Storage::local();
    storage.set(LEFT, &person.to_text());
    storage.delete(LEFT);
}

/// Who has left in another tab, as the browser tells it here.
pub fn left_elsewhere(event: &StorageEvent) -> Option<Principal> {
    let is_it = event.key().as_deref() == Some(LEFT);
    let person = event.new_value().filter(|_| is_it)?;
    Principal::from_text(person).ok()
}

/// Where something of one person is kept: for a guest in the tab, else for all tabs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Drawer {
    pub owner: Principal,
    pub is_guest: bool,
}

impl Drawer {
    /// Keeps what a device has not settled, and nothing else of that device. Gives back whether the browser did.
    pub fn keep(self, device: u64, pending: &[&Pending]) -> bool {
        if pending.is_empty() {
            self.forget(device);
            return true;
        }
        self.write(&self.outbox(device), &pending)
    }

    /// The devices that have left something: pages that were closed, and other tabs.
    pub fn devices(self) -> Vec<u64> {
        let prefix = self.outboxes();
        let device = |name: String| name.strip_prefix(&prefix)?.parse().ok();
        let names = self.storage().names();
        names.into_iter().filter_map(device).collect()
    }

    /// What a device has left.
    pub fn left_by(self, device: u64) -> Vec<Pending> {
        self.read(&self.outbox(device)).unwrap_or_default()
    }

    /// Forgets what a device has left.
    pub fn forget(self, device: u64) {
        self.storage().delete(&self.outbox(device));
    }

    /// Keeps what was last seen.
    pub fn keep_snapshot(self, snapshot: &Snapshot) {
        self.write(&self.snapshot(), snapshot);
    }

    /// What was last seen.
    pub fn last_seen(self) -> Option<Snapshot> {
        self.read(&self.snapshot())
    }

    /// Forgets what was last seen; and what was not sent, if its owner will not come back for it.
    pub fn clear(self) {
        self.storage().delete(&self.snapshot());
        if self.is_guest {
            for device in self.devices() {
                self.forget(device);
            }
        }
    }

    /// What the page of a device holds locked as long as it lives.
    pub fn lock(self, device: u64) -> String {
        self.outbox(device)
    }

    fn read<T: CandidType + DeserializeOwned>(self, name: &str) -> Option<T> {
        let text = self.storage().get(name)?;
        candid::decode_one(&BASE64_STANDARD.decode(text).ok()?).ok()
    }

    /// A browser that is full keeps what it has.
    fn write<T: CandidType>(self, name: &str, value: &T) -> bool {
        let text = candid::encode_one(value).map(|bytes| BASE64_STANDARD.encode(bytes));
        text.is_ok_and(|text| self.storage().set(name, &text))
    }

    fn storage(self) -> Storage {
        match self.is_guest {
            true => Storage::of_this_tab(),
            false => Storage::local(),
        }
    }

    fn snapshot(self) -> String {
        format!("{SNAPSHOT}{}", self.owner)
    }

    fn outboxes(self) -> String {
        format!("{OUTBOX}{}-", self.owner)
    }

    fn outbox(self, device: u64) -> String {
        format!("{}{device}", self.outboxes())
    }
}
