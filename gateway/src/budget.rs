//! Memory that clients share. One may take as much as is left for all others, so that those who take much, however
//! many they are, leave something for those who take little.

use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// What all clients may take together, in bytes.
#[derive(Debug)]
pub(crate) struct Budget {
    all: Arc<Semaphore>,
    max: usize,
}

/// What one client may take of a [`Budget`].
#[derive(Debug)]
pub(crate) struct Share {
    all: Arc<Semaphore>,
    own: Arc<Semaphore>,
    max: u32,
}

/// A part of a [`Share`], given back when dropped.
#[derive(Debug)]
pub(crate) struct Room {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(bytes)),
            max: bytes,
        }
    }

    /// How many bytes are taken.
    pub(crate) fn used(&self) -> usize {
        self.max.saturating_sub(self.all.available_permits())
    }

    /// At most `max` bytes for one client.
    pub(crate) fn share(&self, max: u32) -> Share {
        Share {
            all: self.all.clone(),
            own: Arc::new(Semaphore::new(max as usize)),
            max,
        }
    }
}

impl Share {
    /// Room for `size` bytes, if there is any now. The whole share has room for one thing of whatever size.
    pub(crate) fn try_take(&self, size: usize) -> Option<Room> {
        let size = self.counted(size);
        self.of_all(self.own.clone().try_acquire_many_owned(size).ok()?)
    }

    /// Waits for room in the share; nothing if there is none in the budget.
    pub(crate) async fn take(&self, size: usize) -> Result<Option<Room>, AcquireError> {
        let size = self.counted(size);
        let own = self.own.clone().acquire_many_owned(size).await?;
        Ok(self.of_all(own))
    }

    /// How many bytes are taken.
    pub(crate) fn used(&self) -> usize {
        (self.max as usize).saturating_sub(self.own.available_permits())
    }

    fn counted(&self, size: usize) -> u32 {
        u32::try_from(size).unwrap_or(u32::MAX).min(self.max)
    }

    fn of_all(&self, own: OwnedSemaphorePermit) -> Option<Room> {
        if self.used() > self.all.available_permits() {
            return None;
        }
        let size = u32::try_from(own.num_permits()).ok()?;
        let all = self.all.clone().try_acquire_many_owned(size).ok()?;
        Some(Room {
            _all: all,
            _own: own,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back() {
        let share = Budget::new(1000).share(100);
        let room = share.try_take(60);
        assert!(room.is_some());
        assert_eq!(share.used(), 60);
        assert!(share.try_take(60).is_none());
        drop(room);
        assert!(share.try_take(60).is_some());
    }

    #[test]
    fn one_thing_of_any_size_has_room() {
        let share = Budget::new(1000).share(100);
        let _room = share.try_take(1_000_000).unwrap();
        assert!(share.try_take(1).is_none());
    }

    #[test]
    fn the_greedy_leave_something() {
        let budget = Budget::new(1000);
        let greedy: Vec<_> = (0..9).map(|_| budget.share(1000)).collect();
        let mut taken = vec![];
        for _ in 0..1000 {
            taken.extend(greedy.iter().filter_map(|share| share.try_take(1)));
        }
        assert!(
            greedy
                .iter()
                .all(|share| (90..=110).contains(&share.used()))
        );
        assert!(budget.share(1000).try_take(80).is_some());
    }
}
