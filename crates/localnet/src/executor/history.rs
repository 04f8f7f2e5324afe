//! Which requests the network knows, how they went, and when they may be forgotten.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use ic_transport_types::RequestId;
use serde::{Deserialize, Serialize};

use crate::certification::{RequestOrigin, RequestStatus, StateTree};

/// How long an outcome is kept, as the interface specification recommends.
const OUTCOME_LIFETIME_NS: u64 = 5 * 60 * 1_000_000_000;

/// A request and how it went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestRecord {
    /// How many requests were received before it.
    pub number: u64,
    /// The request id.
    pub id: [u8; 32],
    /// Who sent it, and where.
    pub origin: RequestOrigin,
    /// How it went.
    pub status: RequestStatus,
    /// In nanoseconds since the epoch: until it is finished, when it may no longer be executed; then, when it may be
    /// forgotten. That is not before the identical request would be refused, so that nothing is executed twice.
    pub expires_ns: u64,
}

impl RequestRecord {
    fn is_finished(&self) -> bool {
        !matches!(
            self.status,
            RequestStatus::Received | RequestStatus::Processing
        )
    }
}

/// All known requests. The state tree learns of changes when [`History::flush`] is called, once per batch.
#[derive(Debug, Default)]
pub struct History {
    records: HashMap<[u8; 32], RequestRecord>,
    /// Finished requests, by the time they may be forgotten.
    finished: BTreeSet<(u64, [u8; 32])>,
    /// Ids that have a reply, oldest first, and some that had one.
    replies: VecDeque<[u8; 32]>,
    reply_bytes: usize,
    next_number: u64,
    /// Requests that the state tree does not know yet as they are, or that it still knows; by their numbers.
    changed: BTreeMap<u64, [u8; 32]>,
}

impl History {
    /// The number of known requests.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether the request is known.
    pub fn knows(&self, id: &RequestId) -> bool {
        self.records.contains_key::<[u8; 32]>(id)
    }

    /// When a request that is not finished may no longer be executed.
    pub fn expires_ns(&self, id: &[u8; 32]) -> Option<u64> {
        self.records.get(id).map(|record| record.expires_ns)
    }

    /// Adds a request that nothing is known of but that it has come, and that it may be executed until `expires_ns`.
    pub fn receive(&mut self, id: [u8; 32], origin: RequestOrigin, expires_ns: u64) {
        self.restore(RequestRecord {
            number: self.next_number,
            id,
            origin,
            status: RequestStatus::Received,
            expires_ns,
        });
    }

    /// Adds a request from before a restart. They have to come in the order of their numbers.
    pub fn restore(&mut self, record: RequestRecord) {
        let (id, status) = (record.id, record.status.clone());
        self.next_number = record.number + 1;
        if record.is_finished() {
            self.finished.insert((record.expires_ns, id));
        }
        self.records.insert(id, record);
        self.update(id, status);
    }

    /// Says how far a request has come.
    pub fn update(&mut self, id: [u8; 32], status: RequestStatus) {
        let Some(record) = self.records.get_mut(&id) else {
            return;
        };
        if let RequestStatus::Replied(reply) = &status {
            self.reply_bytes += reply.len();
            self.replies.push_back(id);
        }
        record.status = status;
        self.changed.insert(record.number, id);
    }

    /// Forgets finished requests that have expired, and replies beyond `max_reply_bytes`, oldest first.
    pub fn prune(&mut self, now_ns: u64, max_reply_bytes: usize) {
        self.keep_new_outcomes(now_ns);
        while let Some(&id) = self.replies.front() {
            let status = self.records.get(&id).map(|record| &record.status);
            if let Some(RequestStatus::Replied(reply)) = status {
                if self.reply_bytes <= max_reply_bytes {
                    break;
                }
                self.reply_bytes -= reply.len();
                self.update(id, RequestStatus::Done);
            }
            self.replies.pop_front();
        }
        while let Some(&(expires_ns, id)) = self.finished.first()
            && expires_ns < now_ns
        {
            self.finished.pop_first();
            self.forget(id);
        }
    }

    /// Whoever polls for a request has time to find its outcome, however long that took.
    fn keep_new_outcomes(&mut self, now_ns: u64) {
        for id in self.changed.values() {
            if let Some(record) = self.records.get_mut(id)
                && record.is_finished()
            {
                self.finished.remove(&(record.expires_ns, *id));
                record.expires_ns = record.expires_ns.max(now_ns + OUTCOME_LIFETIME_NS);
                self.finished.insert((record.expires_ns, *id));
            }
        }
    }

    fn forget(&mut self, id: [u8; 32]) {
        let Some(record) = self.records.remove(&id) else {
            return;
        };
        if let RequestStatus::Replied(reply) = record.status {
            self.reply_bytes -= reply.len();
        }
        self.changed.insert(record.number, id);
    }

    /// What has changed since the last [`Self::flush`]: numbers of requests, with what is known of them now.
    pub fn changed(&self) -> impl Iterator<Item = (u64, Option<&RequestRecord>)> {
        let changed = self.changed.iter();
        changed.map(|(number, id)| (*number, self.records.get(id)))
    }

    /// Brings the state tree up to date.
    pub fn flush(&mut self, tree: &mut StateTree) {
        for id in std::mem::take(&mut self.changed).into_values() {
            match self.records.get(&id) {
                Some(record) => {
                    tree.set_request(RequestId::new(&id), record.origin, &record.status)
                }
                None => tree.remove_request(&RequestId::new(&id)),
            }
        }
    }

    /// Ids of requests that are not finished.
    pub fn unfinished(&self) -> impl Iterator<Item = &[u8; 32]> {
        let records = self.records.values();
        let unfinished = records.filter(|record| !record.is_finished());
        unfinished.map(|record| &record.id)
    }
}

#[cfg(test)]
mod tests {
    use candid::Principal;

    use super::*;

    fn history(records: &[(u8, RequestStatus, u64)]) -> History {
        let mut history = History::default();
        for (n, status, expires_ns) in records {
            let origin = RequestOrigin {
                sender: Principal::anonymous(),
                canister_id: Principal::anonymous(),
                effective_id: Principal::anonymous(),
            };
            history.receive([*n; 32], origin, *expires_ns);
            history.update([*n; 32], status.clone());
        }
        history
    }

    fn status(history: &History, n: u8) -> Option<&RequestStatus> {
        history.records.get(&[n; 32]).map(|record| &record.status)
    }

    #[test]
    fn expired_requests_are_forgotten_once_finished() {
        const MINUTE: u64 = 60 * 1_000_000_000;
        let prune = |history: &mut History, minutes: u64| {
            history.prune(minutes * MINUTE, 1000);
            history.changed.clear();
        };
        let mut history = history(&[
            (1, RequestStatus::Processing, MINUTE),
            (2, RequestStatus::Replied(vec![1]), MINUTE),
            (3, RequestStatus::Replied(vec![2]), 30 * MINUTE),
        ]);
        prune(&mut history, 0);
        prune(&mut history, 4);
        assert!(status(&history, 2).is_some(), "it was answered just now");
        prune(&mut history, 20);
        assert_eq!(status(&history, 1), Some(&RequestStatus::Processing));
        assert_eq!(status(&history, 2), None);
        let reply = RequestStatus::Replied(vec![3]);
        history.update([1; 32], reply.clone());
        prune(&mut history, 20);
        assert_eq!(status(&history, 1), Some(&reply));
        prune(&mut history, 40);
        assert_eq!((history.len(), history.reply_bytes), (0, 0));
    }

    #[test]
    fn replies_beyond_the_limit_become_done_oldest_first() {
        let mut history = history(&[
            (1, RequestStatus::Replied(vec![0; 60]), 99),
            (2, RequestStatus::Replied(vec![0; 60]), 99),
        ]);
        history.prune(0, 100);
        assert_eq!(status(&history, 1), Some(&RequestStatus::Done));
        assert_eq!(
            status(&history, 2),
            Some(&RequestStatus::Replied(vec![0; 60]))
        );
    }
}
