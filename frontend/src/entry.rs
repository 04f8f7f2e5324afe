//! Under which name this tab is in the room, so that a reload does not ask again. The browser may refuse storage: then it
//! does.

use gloo_storage::{LocalStorage, SessionStorage, Storage};

const ENTRY: &str = "entry";
const NAME: &str = "name";

/// How somebody entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name they chose.
    pub name: String,
    /// Whether as a guest.
    pub guest: bool,
}

/// How this tab is in the room; `None` when it is not.
pub fn current() -> Option<Entry> {
    let (name, guest) = SessionStorage::get(ENTRY).ok()?;
    Some(Entry { name, guest })
}

/// The name that was used last in this browser, by any tab.
pub fn last_name() -> String {
    LocalStorage::get(NAME).unwrap_or_default()
}

/// Remembers the entry for reloads of this tab, and the name as a proposal for others.
pub fn remember(Entry { name, guest }: &Entry) {
    let _ = SessionStorage::set(ENTRY, (name, guest));
    let _ = LocalStorage::set(NAME, name);
}

/// This tab is not in the room any more.
pub fn forget() {
    SessionStorage::delete(ENTRY);
}
