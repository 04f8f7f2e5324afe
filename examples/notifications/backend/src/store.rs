//! What is remembered, in stable memory: an upgrade loses nothing of it.

use api::Notification;
use candid::Principal;
use ic_stable_structures::{
    DefaultMemoryImpl, StableBTreeMap,
    memory_manager::{MemoryId, MemoryManager, VirtualMemory},
};

/// How many notifications are kept in all. The oldest makes room for the next one.
const MAX_KEPT: u64 = 10_000;
/// How many notifications people are shown of those to them, and of those to everybody.
const MAX_SHOWN: usize = 50;
/// Of how many people it is kept what they have read. One makes room for the next, and finds everything unread.
const MAX_READERS: u64 = 100_000;

type Map<K, V> = StableBTreeMap<K, V, VirtualMemory<DefaultMemoryImpl>>;

/// Whom a notification is for (everybody, if nobody), and when it came; who sent it, under which id; and what it says.
type Record = ((Option<Principal>, u64), (Principal, u64), String);

/// All notifications, and what people have read.
pub struct Store {
    /// By number.
    notifications: Map<u64, Record>,
    /// The numbers of the notifications for somebody, or for everybody.
    addressed: Map<(Option<Principal>, u64), ()>,
    /// The ids that each sender chose.
    ids: Map<(Principal, u64), ()>,
    /// Up to which number people have read.
    read: Map<Principal, u64>,
}

impl Store {
    /// The one in these memories, or an empty one.
    pub fn open(manager: &MemoryManager<DefaultMemoryImpl>) -> Self {
        let memory = |id| manager.get(MemoryId::new(id));
        Self {
            notifications: StableBTreeMap::init(memory(0)),
            addressed: StableBTreeMap::init(memory(1)),
            ids: StableBTreeMap::init(memory(2)),
            read: StableBTreeMap::init(memory(3)),
        }
    }

    /// Keeps a notification, and gives it back, unless it was kept before.
    pub fn add(
        &mut self,
        (to, at): (Option<Principal>, u64),
        id: (Principal, u64),
        text: &str,
    ) -> Option<Notification> {
        if self.ids.insert(id, ()).is_some() {
            return None;
        }
        let (number, record) = (self.last() + 1, ((to, at), id, text.to_owned()));
        self.notifications.insert(number, record.clone());
        self.addressed.insert((to, number), ());
        if self.notifications.len() > MAX_KEPT
            && let Some((oldest, ((to, _), id, _))) = self.notifications.pop_first()
        {
            self.addressed.remove(&(to, oldest));
            self.ids.remove(&id);
        }
        Some(notification(number, record))
    }

    /// The latest notifications for somebody, in the order of their numbers.
    pub fn inbox(&self, person: Principal) -> Vec<Notification> {
        let latest = |to| {
            let keys = self.addressed.keys_range((to, 0)..=(to, u64::MAX));
            keys.rev().take(MAX_SHOWN).map(|(_, number)| number)
        };
        let mut numbers: Vec<u64> = latest(None).chain(latest(Some(person))).collect();
        numbers.sort_unstable();
        let get = |number| Some(notification(number, self.notifications.get(&number)?));
        numbers.into_iter().filter_map(get).collect()
    }

    /// Up to which number somebody has read.
    pub fn read(&self, person: Principal) -> u64 {
        self.read.get(&person).unwrap_or_default()
    }

    /// Somebody has read up to this number; gives whether they had not before.
    pub fn set_read(&mut self, person: Principal, number: u64) -> bool {
        let is_new = (self.read(person) + 1..=self.last()).contains(&number);
        if is_new {
            self.read.insert(person, number);
            if self.read.len() > MAX_READERS {
                self.read.pop_first();
            }
        }
        is_new
    }

    fn last(&self) -> u64 {
        self.notifications
            .last_key_value()
            .map_or(0, |(number, _)| number)
    }
}

fn notification(number: u64, ((to, at), (from, _), text): Record) -> Notification {
    Notification {
        number,
        from,
        to,
        text,
        at,
    }
}
