//! Calls in flight, as the specification models them: a call context for every call that the canister has not finished
//! working on, and a callback for every call it made and has no answer to.

use std::collections::{BTreeMap, BTreeSet};

use candid::Principal;
use serde::{Deserialize, Serialize};

use super::messages::Origin;
use crate::execution::Closure;

/// A call that the canister is working on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallContext {
    /// Who waits for the answer.
    pub origin: Origin,
    /// Who called.
    pub sender: Principal,
    /// Cycles that came along and were not accepted yet.
    #[serde(with = "crate::wide")]
    pub cycles: u128,
    /// When the caller stops waiting.
    pub deadline_ns: u64,
    /// Whether the call is answered.
    pub responded: bool,
    /// Calls made on its behalf that are not answered.
    pub outstanding: usize,
    /// Instructions used on its behalf.
    pub instructions: u64,
}

/// What to do when a call that the canister made is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Callback {
    /// The call context on whose behalf the call was made.
    pub context: u64,
    /// Called with the reply.
    pub on_reply: Closure,
    /// Called with the reject.
    pub on_reject: Closure,
    /// Called if one of the two traps.
    pub on_cleanup: Option<Closure>,
    /// When the canister stops waiting; 0 for never.
    pub deadline_ns: u64,
}

/// All calls in flight of one canister.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Calls {
    contexts: BTreeMap<u64, CallContext>,
    callbacks: BTreeMap<u64, Callback>,
    /// Deadlines that are not past, with the callbacks they are of.
    deadlines: BTreeSet<(u64, u64)>,
    last_id: u64,
}

impl Calls {
    /// Nothing in flight yet; all ids will be above `last_id`.
    pub fn after(last_id: u64) -> Self {
        Self {
            last_id,
            ..Self::default()
        }
    }

    /// The highest id that was given.
    pub fn last_id(&self) -> u64 {
        self.last_id
    }

    /// Whether nothing is in flight.
    pub fn is_empty(&self) -> bool {
        self.contexts.is_empty()
    }

    /// The number of calls made and not answered.
    pub fn outstanding(&self) -> usize {
        self.callbacks.len()
    }

    /// Begins to work on a call.
    pub fn open(&mut self, context: CallContext) -> u64 {
        let id = self.next_id();
        self.contexts.insert(id, context);
        id
    }

    /// The call context, while it is open.
    pub fn context(&mut self, id: u64) -> Option<&mut CallContext> {
        self.contexts.get_mut(&id)
    }

    /// Ends a call context.
    pub fn close(&mut self, id: u64) -> Option<CallContext> {
        self.contexts.remove(&id)
    }

    /// Remembers what to do with the answer to a call.
    pub fn expect(&mut self, callback: Callback) -> u64 {
        if let Some(context) = self.contexts.get_mut(&callback.context) {
            context.outstanding += 1;
        }
        let id = self.next_id();
        if callback.deadline_ns > 0 {
            self.deadlines.insert((callback.deadline_ns, id));
        }
        self.callbacks.insert(id, callback);
        id
    }

    /// The callback for an answer that has come.
    pub fn answered(&mut self, id: u64) -> Option<Callback> {
        let callback = self.callbacks.remove(&id)?;
        self.deadlines.remove(&(callback.deadline_ns, id));
        if let Some(context) = self.contexts.get_mut(&callback.context) {
            context.outstanding = context.outstanding.saturating_sub(1);
        }
        Some(callback)
    }

    /// When the canister next stops waiting for an answer.
    pub fn next_deadline_ns(&self) -> Option<u64> {
        self.deadlines.first().map(|&(deadline_ns, _)| deadline_ns)
    }

    /// The callbacks of calls whose deadlines have passed, each given once.
    pub fn take_expired(&mut self, now_ns: u64) -> Vec<u64> {
        let mut expired = Vec::new();
        while self.next_deadline_ns().is_some_and(|at| at <= now_ns) {
            expired.extend(self.deadlines.pop_first().map(|(_, callback)| callback));
        }
        expired
    }

    /// Gives up everything in flight: answers to the canister's calls will find no callback. Gives the calls that are
    /// not answered.
    pub fn abandon(&mut self) -> Vec<CallContext> {
        self.callbacks.clear();
        self.deadlines.clear();
        let contexts = std::mem::take(&mut self.contexts);
        contexts
            .into_values()
            .filter(|context| !context.responded)
            .collect()
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}
