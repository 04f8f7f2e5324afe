//! Many clients at once, none of which begins before all of them are there.

use std::{convert::Infallible, sync::Arc, time::Duration};

use anyhow::{Context, Error, Result};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep},
};

/// Clients with nothing to do until they have a plan, which ends with what each has seen.
pub struct Crowd<P, T> {
    members: JoinSet<Result<T>>,
    start: watch::Sender<Option<(P, Instant)>>,
}

/// What a member of a crowd waits for.
pub struct Cue<P> {
    ready: Arc<Semaphore>,
    start: watch::Receiver<Option<(P, Instant)>>,
}

impl<P: Copy, T: Send + 'static> Crowd<P, T> {
    /// Has each of the newcomers begin; comes back once all of them [wait](Cue::wait).
    pub async fn gather<N, M>(
        newcomers: impl IntoIterator<Item = N>,
        mut begin: impl FnMut(N, Cue<P>) -> M,
    ) -> Result<Self>
    where
        M: Future<Output = Result<T>> + Send + 'static,
    {
        let ready = Arc::new(Semaphore::new(0));
        let start = watch::Sender::new(None);
        let mut members = JoinSet::new();
        for newcomer in newcomers {
            let cue = Cue {
                ready: Arc::clone(&ready),
                start: start.subscribe(),
            };
            members.spawn(begin(newcomer, cue));
        }
        let mut crowd = Self { members, start };
        let size = u32::try_from(crowd.size())?;
        tokio::select! {
            all = ready.acquire_many(size) => drop(all?),
            error = crowd.failure() => return Err(error),
        }
        Ok(crowd)
    }

    /// How many they are.
    pub fn size(&self) -> usize {
        self.members.len()
    }

    /// Lets them be for a while.
    pub async fn idle(&mut self, time: Duration) -> Result<()> {
        tokio::select! {
            () = sleep(time) => Ok(()),
            error = self.failure() => Err(error),
        }
    }

    /// Lets all of them follow the plan. Fails with the first that does.
    pub async fn follow(mut self, plan: P) -> Result<Vec<T>> {
        self.start.send_replace(Some((plan, Instant::now())));
        let mut seen = Vec::new();
        while let Some(member) = self.members.join_next().await {
            seen.push(member??);
        }
        Ok(seen)
    }

    /// Why somebody has gone who has no plan yet.
    async fn failure(&mut self) -> Error {
        match self.members.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Err(error)) => error.into(),
            Some(Ok(Ok(_))) | None => Error::msg("somebody went without a plan"),
        }
    }
}

impl<P: Copy> Cue<P> {
    /// The plan, and since when it is followed. Goes on with `meanwhile` until there is one.
    pub async fn wait(
        mut self,
        meanwhile: impl Future<Output = Result<Infallible>>,
    ) -> Result<(P, Instant)> {
        self.ready.add_permits(1);
        let start = async {
            let start = self.start.wait_for(Option::is_some).await;
            start.ok().and_then(|start| *start)
        };
        tokio::select! {
            start = start => start.context("no plan"),
            Err(error) = meanwhile => Err(error),
        }
    }
}
