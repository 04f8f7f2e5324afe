//! Where clients connect from, so that no address takes what is there for all.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Semaphore;

use crate::{config::Limits, memory::Memory, rate::Rate, turns::Turns};

/// The addresses with connections, and those that had some lately.
#[derive(Debug)]
pub(crate) struct Addresses {
    known: Mutex<Known>,
    limits: Limits,
    /// Of all of them.
    memory: Memory,
}

#[derive(Debug, Default)]
struct Known {
    by_address: HashMap<IpAddr, Address>,
    /// How many of them have no connection.
    gone: usize,
}

#[derive(Debug)]
struct Address {
    connections: usize,
    allowance: Arc<Allowance>,
}

/// What the connections of an address share.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// What they may send.
    pub(crate) rate: Rate,
    /// Canisters that may be polled because of them beside those that are.
    pub(crate) canisters: Arc<Semaphore>,
    /// Of its calls.
    pub(crate) turns: Arc<Turns>,
    /// What their messages may take.
    pub(crate) memory: Memory,
}

/// A connection's place among those of its address, given up when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    addresses: Arc<Addresses>,
    address: IpAddr,
    pub(crate) allowance: Arc<Allowance>,
}

impl Addresses {
    pub(crate) fn new(limits: &Limits, memory: &Memory) -> Arc<Self> {
        Arc::new(Self {
            known: Mutex::default(),
            limits: limits.clone(),
            memory: memory.clone(),
        })
    }

    /// A place for one more connection of `address`, unless it has too many.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let limits = &self.limits;
        let address = subscriber(address);
        let mut known = self.known();
        let Known { by_address, gone } = &mut *known;
        if *gone >= limits.max_tracked_addresses {
            by_address.retain(|_, entry| entry.connections > 0);
            *gone = 0;
        }
        let entry = by_address.entry(address).or_insert_with(|| {
            *gone += 1;
            Address {
                connections: 0,
                allowance: Arc::new(Allowance {
                    rate: Rate::new(limits.max_message_rate_per_address),
                    canisters: Arc::new(Semaphore::new(limits.max_canisters_per_address)),
                    turns: Arc::new(Turns::new("of an address", limits.max_calls_per_address)),
                    memory: self.memory.of_address(limits),
                }),
            }
        });
        if entry.connections >= limits.max_connections_per_address {
            return None;
        }
        if entry.connections == 0 {
            *gone -= 1;
        }
        entry.connections += 1;
        Some(Place {
            addresses: self.clone(),
            address,
            allowance: entry.allowance.clone(),
        })
    }

    /// A panic while the lock was held leaves a map that is still sound.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut known = self.addresses.known();
        if let Some(entry) = known.by_address.get_mut(&self.address) {
            entry.connections -= 1;
            if entry.connections == 0 {
                known.gone += 1;
            }
        }
    }
}

/// Who has `address`. Of IPv6, a subscriber has at least a network of /64.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use crate::config::Config;

    use super::*;

    fn addresses(change: impl FnOnce(&mut Limits)) -> Arc<Addresses> {
        let mut limits = Config::default().limits;
        limits.max_connections_per_address = 2;
        change(&mut limits);
        Addresses::new(&limits, &Memory::of_all(&limits))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_address_has_its_places() {
        let addresses = addresses(|_| {});
        let first = addresses.enter(ip("192.0.2.1"));
        let _second = addresses.enter(ip("::ffff:192.0.2.1"));
        assert!(first.is_some());
        assert!(addresses.enter(ip("192.0.2.1")).is_none());
        assert!(addresses.enter(ip("192.0.2.2")).is_some());
        drop(first);
        assert!(addresses.enter(ip("192.0.2.1")).is_some());
    }

    #[test]
    fn a_network_of_a_subscriber_is_one_address() {
        let addresses = addresses(|_| {});
        let _places = [
            addresses.enter(ip("2001:db8::1")),
            addresses.enter(ip("2001:db8::2")),
        ];
        assert!(addresses.enter(ip("2001:db8::3")).is_none());
        assert!(addresses.enter(ip("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn to_leave_and_come_back_is_no_new_start() {
        let addresses = addresses(|limits| limits.max_message_rate_per_address = NonZeroU32::MIN);
        let place = addresses.enter(ip("192.0.2.1")).unwrap();
        while place.allowance.rate.admits(0) {}
        drop(place);
        let again = addresses.enter(ip("192.0.2.1")).unwrap();
        assert!(!again.allowance.rate.admits(0));
    }

    #[test]
    fn those_who_left_are_forgotten_some_time() {
        let addresses = addresses(|limits| limits.max_tracked_addresses = 100);
        let _stays = addresses.enter(ip("192.0.2.1"));
        for n in 0..1000_u32 {
            assert!(
                addresses
                    .enter(std::net::Ipv4Addr::from_bits(n).into())
                    .is_some()
            );
            assert!(addresses.known().by_address.len() <= 102);
        }
        assert!(addresses.known().by_address.contains_key(&ip("192.0.2.1")));
    }
}
