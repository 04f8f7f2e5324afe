//! Turns submitted calls into certified results. One thread owns the whole replicated state; it sleeps until there is a
//! call or a deadline, executes what there is to execute, keeps and certifies the batch and publishes it.

mod history;
mod inbox;
mod limits;
mod past;
mod published;
mod state;

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

pub use history::History;
pub use inbox::{Inbox, Submission};
pub use limits::NetworkLimits;
pub use past::Shown;
pub use published::{Publications, Published};
pub use state::State;
use tokio_util::sync::CancellationToken;

use crate::{
    certification::NetworkKeys,
    clock::Clock,
    store::{Store, StoreError},
};

/// A batch is certified when it has taken this long, so that nobody waits for everybody.
const BATCH_TIME: Duration = Duration::from_millis(50);
/// Certificates are renewed this often when nothing happens: clients refuse old ones.
const RECERTIFY: Duration = Duration::from_secs(1);

/// Why nothing is executed any more.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// A canister's memory cannot be written.
    #[error("a canister's memory cannot be written: {0}")]
    Memory(#[from] io::Error),
    /// The state on disk cannot be written.
    #[error("the state cannot be kept: {0}")]
    Store(#[from] StoreError),
    /// The executor has a bug.
    #[error("the executor has panicked")]
    Panicked,
}

/// The thread's own data.
pub struct Executor {
    /// What is executed on.
    pub state: State,
    /// Where it is kept, if it is to survive the process.
    pub store: Option<Store>,
    /// Where calls come from.
    pub inbox: Arc<Inbox>,
    /// Where results go.
    pub publications: Arc<Publications>,
    /// What signs them.
    pub keys: Arc<NetworkKeys>,
    /// What time it is.
    pub clock: Arc<Clock>,
    /// Tells others that nothing is executed any more.
    pub stopped: CancellationToken,
}

impl Executor {
    /// Runs until the inbox is closed.
    pub fn run(mut self) -> Result<(), ExecutorError> {
        let _closing = CloseOnExit {
            inbox: Arc::clone(&self.inbox),
            stopped: self.stopped.clone(),
        };
        loop {
            let wait = self.until_next_task();
            let batch = self.inbox.take(wait);
            if let Err(error) = self.process(batch.submissions) {
                tracing::error!("execution has stopped: {error}");
                return Err(error);
            }
            if batch.closed {
                return Ok(());
            }
        }
    }

    fn until_next_task(&self) -> Duration {
        if self.state.has_work() {
            return Duration::ZERO;
        }
        let now = self.clock.now_ns();
        let task = self
            .state
            .next_task_ns()
            .map(|task| Duration::from_nanos(task.saturating_sub(now)));
        task.map_or(RECERTIFY, |task| task.min(RECERTIFY))
    }

    /// Nobody sees a result before it is on disk.
    fn process(&mut self, submissions: Vec<Submission>) -> Result<(), ExecutorError> {
        self.execute(submissions)?;
        if let Some(store) = &mut self.store {
            store.save(&self.state)?;
        }
        self.publish();
        if let Some(store) = &mut self.store {
            store.empty_large_log()?;
        }
        Ok(())
    }

    fn execute(&mut self, submissions: Vec<Submission>) -> io::Result<()> {
        let started = Instant::now();
        self.state.begin_batch(self.clock.now_ns());
        for submission in submissions {
            self.state.receive(submission);
        }
        while started.elapsed() < BATCH_TIME && self.state.execute_next()? {}
        self.state.end_batch();
        Ok(())
    }

    fn publish(&mut self) {
        let finished = self.state.take_finished();
        let published = self.state.publish(&self.keys);
        self.publications.publish(published, &finished);
        self.inbox.settle(&finished, self.state.history.len());
    }
}

/// However the executor ends, no call is let in any more that nobody would execute, and nobody waits for it.
struct CloseOnExit {
    inbox: Arc<Inbox>,
    stopped: CancellationToken,
}

impl Drop for CloseOnExit {
    fn drop(&mut self) {
        self.inbox.close();
        self.stopped.cancel();
    }
}
