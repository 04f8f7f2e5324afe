//! Turns of calls: how many may wait for the network's answer at the same time, in all, of one address, to one canister.

use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::warn;

/// The turns that some calls share.
#[derive(Debug)]
pub(crate) struct Turns {
    /// Which calls, for the log.
    of: &'static str,
    free: Semaphore,
    max: usize,
}

/// A turn, given up when dropped.
type Turn<'a> = SemaphorePermit<'a>;

impl Turns {
    pub(crate) fn new(of: &'static str, max: usize) -> Self {
        Self {
            of,
            free: Semaphore::new(max),
            max,
        }
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.max.saturating_sub(self.free.available_permits())
    }

    async fn take(&self) -> Option<Turn<'_>> {
        if let Ok(turn) = self.free.try_acquire() {
            return Some(turn);
        }
        warn!(
            "too many calls {} are on their way: more have to wait",
            self.of
        );
        // Nobody closes it.
        self.free.acquire().await.ok()
    }
}

/// Waits for a turn of each of `all`. Who waits for one holds none of the others, so that it keeps nobody waiting.
pub(crate) async fn take<'a>(mut all: Vec<&'a Turns>) -> Vec<Turn<'a>> {
    loop {
        let Some((first, others)) = all.split_first() else {
            return vec![];
        };
        let mut taken = Vec::from_iter(first.take().await);
        taken.extend(
            others
                .iter()
                .map_while(|turns| turns.free.try_acquire().ok()),
        );
        if taken.len() == all.len() {
            return taken;
        }
        // The one that had none is waited for next.
        all.rotate_left(taken.len());
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, task::Poll};

    use super::*;

    /// Whether `future` is not complete when polled.
    async fn waits(future: impl Future) -> bool {
        let mut future = pin!(future);
        poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
    }

    #[tokio::test]
    async fn who_waits_holds_nothing() {
        let [few, many] = [("few", 1), ("many", 2)].map(|(of, max)| Turns::new(of, max));
        let both = || vec![&many, &few];
        let first = take(both()).await;
        assert_eq!((few.taken(), many.taken()), (1, 1));

        let mut second = pin!(take(both()));
        assert!(waits(second.as_mut()).await);
        assert_eq!((few.taken(), many.taken()), (1, 1));
        let others = [take(vec![&many]).await, first];
        assert!(waits(second.as_mut()).await);
        let [_other, first] = others;
        drop(first);
        second.await;
        assert_eq!((few.taken(), many.taken()), (0, 1));
    }
}
