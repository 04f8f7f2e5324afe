//! Memory that clients share. Each takes of what its address may take, and that of what there is for all. One may take
//! as much as is left for the others, so that those who take much, however many they are, leave something for those
//! who take little.

use std::{fmt, iter::successors, sync::Arc};

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

/// Whose a budget is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Client,
    Address,
    All,
}

/// What its owner may take, in bytes.
#[derive(Debug)]
pub(crate) struct Budget {
    owner: Owner,
    free: Semaphore,
    max: usize,
    /// What it is a part of.
    whole: Option<Arc<Budget>>,
}

/// A part of a [`Budget`] that is taken, and given back when dropped.
#[derive(Debug)]
pub(crate) struct Room {
    budget: Arc<Budget>,
    size: usize,
}

impl Budget {
    /// What all clients may take together.
    pub(crate) fn of_all(max: usize) -> Arc<Self> {
        Self::new(Owner::All, max, None)
    }

    /// What the clients of one address may take of it.
    pub(crate) fn of_address(self: &Arc<Self>, max: usize) -> Arc<Self> {
        Self::new(Owner::Address, max, Some(self.clone()))
    }

    /// What one client may take of it.
    pub(crate) fn of_client(self: &Arc<Self>, max: usize) -> Arc<Self> {
        Self::new(Owner::Client, max, Some(self.clone()))
    }

    fn new(owner: Owner, max: usize, whole: Option<Arc<Self>>) -> Arc<Self> {
        Arc::new(Self {
            owner,
            free: Semaphore::new(max),
            max,
            whole,
        })
    }

    /// How many bytes are taken.
    pub(crate) fn used(&self) -> usize {
        self.max.saturating_sub(self.free.available_permits())
    }

    /// Room for `size` bytes, or who has no room for them now. A whole budget has room for one thing of whatever size.
    pub(crate) fn try_take(self: &Arc<Self>, size: usize) -> Result<Room, Owner> {
        self.try_charge(size)?;
        Ok(self.room(size))
    }

    /// The same, but where the budget itself has no room, that is waited for.
    pub(crate) async fn take(
        self: &Arc<Self>,
        size: usize,
    ) -> Result<Result<Room, Owner>, AcquireError> {
        let own = self.free.acquire_many(self.counted(size)).await?;
        Ok(self.charge(own).map(|()| self.room(size)))
    }

    fn try_charge(&self, size: usize) -> Result<(), Owner> {
        let own = self.free.try_acquire_many(self.counted(size));
        self.charge(own.map_err(|_| self.owner)?)
    }

    /// Takes `own`, and as much of what this is a part of.
    fn charge(&self, own: SemaphorePermit) -> Result<(), Owner> {
        if let Some(whole) = &self.whole {
            if whole.used() > 0 && self.used() > whole.free.available_permits() {
                return Err(whole.owner);
            }
            whole.try_charge(own.num_permits())?;
        }
        own.forget();
        Ok(())
    }

    fn room(self: &Arc<Self>, size: usize) -> Room {
        Room {
            budget: self.clone(),
            size,
        }
    }

    fn counted(&self, size: usize) -> u32 {
        u32::try_from(size.min(self.max)).unwrap_or(u32::MAX)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut size = self.size;
        for budget in successors(Some(&self.budget), |budget| budget.whole.as_ref()) {
            size = budget.counted(size) as usize;
            budget.free.add_permits(size);
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Client => "of the client",
            Self::Address => "of its address",
            Self::All => "of all clients",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back() {
        let all = Budget::of_all(1000);
        let address = all.of_address(500);
        let client = address.of_client(100);
        let used = || [&client, &address, &all].map(|budget| budget.used());
        let room = client.try_take(60).unwrap();
        assert_eq!(used(), [60; 3]);
        assert_eq!(client.try_take(60).unwrap_err(), Owner::Client);
        assert_eq!(used(), [60; 3]);
        drop(room);
        assert_eq!(used(), [0; 3]);
        assert!(client.try_take(60).is_ok());
    }

    #[test]
    fn one_thing_of_any_size_has_room() {
        let all = Budget::of_all(1000);
        let client = all.of_address(50).of_client(100);
        let room = client.try_take(1_000_000);
        assert!(room.is_ok());
        assert_eq!(all.used(), 50);
        assert!(client.try_take(1).is_err());
        drop(room);
        assert_eq!(all.used(), 0);
    }

    #[tokio::test]
    async fn who_waits_takes_nothing_of_others() {
        let all = Budget::of_all(1000);
        let client = all.of_client(100);
        let room = client.try_take(60).unwrap();
        let (second, ()) = tokio::join!(client.take(60), async {
            assert_eq!(all.used(), 60);
            drop(room);
        });
        assert!(second.unwrap().is_ok());
        assert_eq!(all.used(), 0);
    }

    #[test]
    fn the_greedy_leave_something() {
        let all = Budget::of_all(1000);
        let greedy: Vec<_> = (0..9).map(|_| all.of_client(1000)).collect();
        let mut taken = vec![];
        for _ in 0..1000 {
            taken.extend(greedy.iter().filter_map(|budget| budget.try_take(1).ok()));
        }
        assert!(
            greedy
                .iter()
                .all(|budget| (90..=110).contains(&budget.used()))
        );
        assert!(all.of_client(1000).try_take(80).is_ok());
    }

    #[test]
    fn a_crowd_of_one_address_takes_its_share_only() {
        let all = Budget::of_all(1000);
        let address = all.of_address(250);
        let crowd = (0..100).map(|_| address.of_client(20).try_take(20));
        let crowd: Vec<_> = crowd.collect();
        assert_eq!(crowd.iter().flatten().count(), 12);
        assert!(matches!(crowd.last(), Some(Err(Owner::Address))));
        assert!(all.of_address(250).of_client(200).try_take(200).is_ok());
    }
}
