//! What is remembered, in stable memory: an upgrade loses nothing of it.

use api::Listing;
use candid::Principal;
use ic_stable_structures::{
    DefaultMemoryImpl, StableBTreeMap,
    memory_manager::{MemoryId, MemoryManager, VirtualMemory},
};

/// How many things may be for sale at a time.
const MAX_LISTINGS: u64 = 500;
/// How many wishes to be told a price are kept in all.
const MAX_WATCHES: u64 = 100_000;

type Map<K, V> = StableBTreeMap<K, V, VirtualMemory<DefaultMemoryImpl>>;

/// What is for sale, and who watches it.
pub struct Store {
    /// In Candid, by id.
    listings: Map<u64, Vec<u8>>,
    /// The ids of listings, and who wants to be told their prices.
    watchers: Map<(u64, Principal), ()>,
}

impl Store {
    /// The one in these memories, or an empty one.
    pub fn open(manager: &MemoryManager<DefaultMemoryImpl>) -> Self {
        Self {
            listings: StableBTreeMap::init(manager.get(MemoryId::new(0))),
            watchers: StableBTreeMap::init(manager.get(MemoryId::new(1))),
        }
    }

    /// All listings, and whether somebody watches them.
    pub fn market(&self, person: Principal) -> Vec<(Listing, bool)> {
        let watched = |id| self.watchers.contains_key(&(id, person));
        let ids = self.listings.keys();
        ids.filter_map(|id| Some((self.get(id)?, watched(id))))
            .collect()
    }

    /// The listing of this id.
    pub fn get(&self, id: u64) -> Option<Listing> {
        candid::decode_one(&self.listings.get(&id)?).ok()
    }

    /// Keeps a listing as it is now; or says why there is no room for it.
    pub fn put(&mut self, it: &Listing) -> Result<(), String> {
        if self.listings.len() >= MAX_LISTINGS && !self.listings.contains_key(&it.id) {
            return Err(format!("{MAX_LISTINGS} things are for sale already"));
        }
        let bytes = candid::encode_one(it).map_err(|error| error.to_string())?;
        self.listings.insert(it.id, bytes);
        Ok(())
    }

    /// Forgets a listing, and who watches it.
    pub fn remove(&mut self, id: u64) {
        self.listings.remove(&id);
        for person in self.watchers(id) {
            self.watchers.remove(&(id, person));
        }
    }

    /// Who watches a listing.
    pub fn watchers(&self, id: u64) -> Vec<Principal> {
        let first = (id, Principal::management_canister());
        let watches = self.watchers.keys_range(first..);
        let of_it = watches.take_while(|(it, _)| *it == id);
        of_it.map(|(_, person)| person).collect()
    }

    /// Somebody watches a listing, or does not any more; or there is no room for that.
    pub fn watch(&mut self, id: u64, person: Principal, on: bool) -> Result<(), String> {
        if !on {
            self.watchers.remove(&(id, person));
        } else if self.watchers.len() < MAX_WATCHES {
            self.watchers.insert((id, person), ());
        } else {
            return Err("too many people watch something".to_owned());
        }
        Ok(())
    }
}
