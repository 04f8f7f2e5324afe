//! Decides which call meets which fault, holds what comes later, and knows who has to see an old state.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use ic_transport_types::RequestId;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{Fault, Faults, FaultsError, Order, edge::Age};
use crate::{
    certification::CertifiedState,
    clock::{Clock, nanos},
    executor::{Inbox, Publications, Shown, Submission},
    network::CanisterCall,
    rejection::Rejection,
};

/// How long after it was submitted a late answer is late, beyond its delay: nobody asks for it any more then.
const LATE_ANSWER_LIFETIME_NS: u64 = 10 * 60 * 1_000_000_000;
/// Calls whose answers are late at the same time.
const MAX_LATE_ANSWERS: usize = 10_000;

/// The faults of a network. What it holds is released by a thread of its own, so that it costs others nothing.
pub struct Injector {
    clock: Arc<Clock>,
    inbox: Arc<Inbox>,
    publications: Arc<Publications>,
    content: Mutex<Content>,
    /// For the thread: there may be something to release.
    wake: Condvar,
    /// For those who wait for an old state to become visible: the clock or the faults have changed.
    changed: Notify,
    closing: CancellationToken,
    /// Nothing is executed any more.
    stopped: CancellationToken,
}

struct Content {
    faults: Faults,
    random: StdRng,
    held: Vec<Group>,
    late: HashMap<RequestId, LateAnswer>,
}

/// Calls that are released together.
struct Group {
    /// The number of the rule that holds them.
    rule: usize,
    /// In the order they will be executed in.
    calls: Vec<Submission>,
    due_ns: u64,
}

struct LateAnswer {
    age: Age,
    /// When it need not be known any more.
    until_ns: u64,
}

impl Injector {
    /// An injector without faults, and its thread.
    pub fn start(
        clock: Arc<Clock>,
        inbox: Arc<Inbox>,
        publications: Arc<Publications>,
        stopped: CancellationToken,
    ) -> io::Result<Arc<Self>> {
        let injector = Arc::new(Self {
            clock,
            inbox,
            publications,
            content: Mutex::new(Content::new(Faults::default())),
            wake: Condvar::new(),
            changed: Notify::new(),
            closing: CancellationToken::new(),
            stopped,
        });
        let releasing = Arc::clone(&injector);
        thread::Builder::new()
            .name("faults".into())
            .spawn(move || releasing.release_when_due())?;
        Ok(injector)
    }

    /// What goes wrong, with the number of times that are left to each rule.
    pub fn faults(&self) -> Faults {
        self.content().faults.clone()
    }

    /// Replaces all faults. What is held is released, in the order it would have been; what was to be seen later
    /// is seen at once.
    pub fn set_faults(&self, faults: Faults) -> Result<(), FaultsError> {
        faults.check()?;
        self.publications.keep(faults.hindsight());
        let before = std::mem::replace(&mut *self.content(), Content::new(faults));
        self.release(before.held);
        self.changed.notify_waiters();
        Ok(())
    }

    /// Moves the clock forward; gives its time once the executor has taken notice and published the state of then.
    pub async fn advance(&self, by: Duration) -> u64 {
        self.clock.advance(by);
        let now_ns = self.clock.now_ns();
        self.release_due(&mut self.content());
        self.wake.notify_one();
        self.inbox.wake();
        tokio::select! {
            () = self.publications.reached(now_ns) => {}
            () = self.stopped.cancelled() => {}
        }
        self.changed.notify_waiters();
        now_ns
    }

    /// The network's time.
    pub fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    /// Sends a call to the executor, or does not, or later.
    pub fn submit(&self, submission: Submission) -> Result<(), Rejection> {
        if !self.inbox.admit(&submission)? {
            return Ok(());
        }
        let now_ns = self.now_ns();
        let mut content = self.content();
        match content.draw(&submission.call, false) {
            None | Some((_, Fault::StaleQuery { .. })) => self.inbox.deliver([submission]),
            Some((_, Fault::Drop)) => self.inbox.forget(&submission.id),
            Some((rule, Fault::Delay { by })) => {
                content.held.push(Group {
                    rule,
                    calls: vec![submission],
                    due_ns: now_ns.saturating_add(nanos(by)),
                });
                self.wake.notify_one();
            }
            Some((
                rule,
                Fault::Reorder {
                    calls,
                    within,
                    order,
                },
            )) => {
                let due_ns = now_ns.saturating_add(nanos(within));
                if let Some(full) = content.reorder(submission, rule, calls, due_ns, order) {
                    self.release(vec![full]);
                }
                self.wake.notify_one();
            }
            Some((_, Fault::AnswerLate { by })) => {
                content.answer_late(submission.id, Age(nanos(by)), now_ns);
                self.inbox.deliver([submission]);
            }
        }
        Ok(())
    }

    /// How old the state is that answers a query.
    pub fn query_age(&self, call: &CanisterCall) -> Age {
        let mut content = self.content();
        let drawn = match content.draw(call, true) {
            Some((_, Fault::StaleQuery { by })) => nanos(by),
            _ => 0,
        };
        Age(drawn.max(content.certification_age().0))
    }

    /// How old the state is for somebody who asks for the status of a request, or for none.
    pub fn answer_age(&self, request: Option<&RequestId>) -> Age {
        let content = self.content();
        let late = request.and_then(|id| content.late.get(id));
        Age(late
            .map_or(0, |late| late.age.0)
            .max(content.certification_age().0))
    }

    /// The state as somebody sees it who is that far behind.
    pub fn state(&self, age: Age) -> Shown {
        self.publications.as_of(self.now_ns().saturating_sub(age.0))
    }

    /// Waits until those who ask for the status of a finished request see that it is finished.
    pub async fn until_shown(&self, id: &RequestId) -> Arc<CertifiedState> {
        loop {
            let changed = self.changed.notified();
            let age = self.answer_age(Some(id));
            let shown = match age {
                Age(0) => Shown {
                    published: self.publications.newest(),
                    next_ns: None,
                },
                age => self.state(age),
            };
            let certified = Arc::clone(&shown.published.certified);
            // If there is nothing newer to come, the outcome is forgotten by now.
            let (false, Some(next_ns)) = (certified.has_finished(id), shown.next_ns) else {
                return certified;
            };
            let due_ns = next_ns.saturating_add(age.0);
            tokio::select! {
                () = changed => {}
                () = sleep(Duration::from_nanos(due_ns.saturating_sub(self.now_ns()))) => {}
            }
        }
    }

    /// Lets the thread end; what is held is never executed.
    pub fn close(&self) {
        self.closing.cancel();
        // Under the lock, so that the thread is not just about to wait.
        let _content = self.content();
        self.wake.notify_one();
    }

    fn release_when_due(&self) {
        let mut content = self.content();
        while !self.closing.is_cancelled() {
            self.release_due(&mut content);
            let next_ns = content.held.iter().map(|group| group.due_ns).min();
            content = match next_ns {
                None => self
                    .wake
                    .wait(content)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(next_ns) => {
                    let wait = Duration::from_nanos(next_ns.saturating_sub(self.now_ns()));
                    let woken = self.wake.wait_timeout(content, wait);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn release_due(&self, content: &mut Content) {
        let now_ns = self.now_ns();
        let due = content.held.extract_if(.., |group| group.due_ns <= now_ns);
        self.release(due.collect());
    }

    fn release(&self, mut groups: Vec<Group>) {
        groups.sort_by_key(|group| group.due_ns);
        let calls = groups.into_iter().flat_map(|group| group.calls);
        self.inbox.deliver(calls);
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    fn new(faults: Faults) -> Self {
        Self {
            random: StdRng::seed_from_u64(faults.seed),
            faults,
            held: Vec::new(),
            late: HashMap::new(),
        }
    }

    /// The fault that a call meets, and the number of its rule.
    fn draw(&mut self, call: &CanisterCall, is_query: bool) -> Option<(usize, Fault)> {
        let Self { faults, random, .. } = self;
        let (number, rule) = faults.rules.iter_mut().enumerate().find(|(_, rule)| {
            rule.fault.is_of_queries() == is_query
                && rule.concerns(call)
                && random.random_bool(rule.probability)
        })?;
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        Some((number, rule.fault))
    }

    /// Holds a call; gives the group if it is complete.
    fn reorder(
        &mut self,
        submission: Submission,
        rule: usize,
        size: usize,
        due_ns: u64,
        order: Order,
    ) -> Option<Group> {
        let number = self.held.iter().position(|group| group.rule == rule);
        let number = number.unwrap_or_else(|| {
            self.held.push(Group {
                rule,
                calls: Vec::new(),
                due_ns,
            });
            self.held.len() - 1
        });
        let group = self.held.get_mut(number)?;
        let place = match order {
            Order::Reversed => 0,
            Order::Shuffled => self.random.random_range(0..=group.calls.len()),
        };
        group.calls.insert(place, submission);
        (group.calls.len() >= size).then(|| self.held.swap_remove(number))
    }

    fn answer_late(&mut self, id: RequestId, age: Age, now_ns: u64) {
        if self.late.len() >= MAX_LATE_ANSWERS {
            self.late.retain(|_, late| late.until_ns > now_ns);
        }
        if self.late.len() >= MAX_LATE_ANSWERS {
            tracing::warn!("too many answers are late; this one is not");
            return;
        }
        let until_ns = now_ns
            .saturating_add(age.0)
            .saturating_add(LATE_ANSWER_LIFETIME_NS);
        self.late.insert(id, LateAnswer { age, until_ns });
    }

    fn certification_age(&self) -> Age {
        Age(nanos(self.faults.certification_delay))
    }
}
