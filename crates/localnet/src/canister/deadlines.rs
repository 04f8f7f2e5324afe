//! What a canister does, or gives up, at a certain time.

use super::{Canister, Origin, Status};
use crate::rejection::{ErrorCode, Rejection};

impl Canister {
    /// The next time at which something is due: the global timer, the end of waiting for an answer, or for the
    /// canister to stop.
    pub fn next_deadline_ns(&self) -> Option<u64> {
        let stop = match &self.status {
            Status::Stopping(waiting) => waiting.iter().map(|waiting| waiting.deadline_ns).min(),
            _ => None,
        };
        let deadlines = [self.armed_timer(), self.calls.next_deadline_ns(), stop];
        deadlines.into_iter().flatten().min()
    }

    /// When the global timer fires, if it is on and may fire.
    pub fn armed_timer(&self) -> Option<u64> {
        (self.global_timer != 0 && self.status == Status::Running).then_some(self.global_timer)
    }

    /// Those who have waited long enough, each given once, with what they are told and the cycles they get back: the
    /// canister itself, for answers to its bounded-wait calls, and those who asked it to stop.
    pub fn take_expired(&mut self, now_ns: u64) -> Vec<(Origin, Rejection, u128)> {
        let (id, calls) = (self.id, self.calls.take_expired(now_ns));
        let calls = calls.into_iter().map(|callback| {
            let message = "Call deadline has expired.";
            let rejection = Rejection::new(ErrorCode::DeadlineExpired, message);
            // The callee has the cycles: they come back with its own answer.
            (Origin::Canister(id, callback), rejection, 0)
        });
        let mut expired: Vec<_> = calls.collect();
        if let Status::Stopping(waiting) = &mut self.status {
            let stops = waiting.extract_if(.., |waiting| waiting.deadline_ns <= now_ns);
            expired.extend(stops.map(|stop| {
                let message = format!("Stop canister request for {id} timed out");
                let code = ErrorCode::StopCanisterRequestTimeout;
                (stop.origin, Rejection::new(code, message), stop.cycles)
            }));
        }
        expired
    }
}
