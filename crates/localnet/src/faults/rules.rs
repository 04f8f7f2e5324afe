//! The vocabulary of faults, in Rust and in JSON.

use std::time::Duration;

use candid::Principal;
use serde::{Deserialize, Serialize};

use crate::network::CanisterCall;

/// The longest time that a fault may take.
const MAX_DURATION: Duration = Duration::from_secs(60 * 60);
const MAX_RULES: usize = 100;
/// Calls that one reordering holds.
const MAX_REORDERED: usize = 1000;

/// How the network misbehaves. The default is not at all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// What all chance comes from: with the same seed, the same calls in the same order meet the same faults.
    pub seed: u64,
    /// How much later than executed all state is seen, by queries and `read_state`: certificates and the state that
    /// they are about are this old, and valid. Nothing older is shown than what was there when this was set.
    ///
    /// A certificate is of the past when it arrives, and a client has to judge by `/time` whether it is recent enough
    /// (chapter "Certification").
    ///
    /// Few old states are kept: it may be older by a twentieth of the longest time that any of these faults looks back.
    #[serde(rename = "certification_delay_ms", with = "millis")]
    pub certification_delay: Duration,
    /// What happens to calls. The first rule that applies to a call decides about it.
    pub rules: Vec<Rule>,
}

/// A fault, and the calls it happens to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What happens.
    pub fault: Fault,
    /// To calls of this canister; to those of any if `None`.
    #[serde(default)]
    pub canister: Option<Principal>,
    /// To calls of methods of this name; of any name if `None`.
    #[serde(default)]
    pub method: Option<String>,
    /// With this probability, from 0 to 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// To so many calls more; without end if `None`.
    #[serde(default)]
    pub times: Option<u32>,
}

/// What can go wrong. The chapters are those of the interface specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// An update call is accepted, and never executed: its status stays unknown. The identical call may be submitted
    /// again, and is then a new one for the rules.
    ///
    /// A node may "fail to get the request on the way"; a call that is submitted may be dropped (chapter "Overview of
    /// canister calling").
    Drop,
    /// An update call is executed so much later; not at all if it has expired by then.
    ///
    /// "For a certain amount of time, the IC behaves as if it does not know about the call" (chapter "Overview of
    /// canister calling").
    Delay {
        /// How much later, in the network's time.
        #[serde(rename = "by_ms", with = "millis")]
        by: Duration,
    },
    /// So many update calls are held, and then executed in another order than they were submitted in. If no more come
    /// in time, those that are there are executed. Those that have expired are not.
    ///
    /// The order of calls is guaranteed between two canisters only (chapter "Ordering guarantees"), not for those of
    /// users, however they are submitted.
    Reorder {
        /// How many calls, at least 2.
        calls: usize,
        /// How long the first of them waits for the last, in the network's time.
        #[serde(rename = "within_ms", with = "millis")]
        within: Duration,
        /// The order they are executed in.
        #[serde(default)]
        order: Order,
    },
    /// An update call is executed at once, and queries show that; but those who ask for its status see the state as it
    /// was that long ago, and a synchronous call waits as long for its answer.
    ///
    /// The node that answers may be behind the others: "immediately after submitting a request, the request may not show
    /// up yet" (chapter "Request status"), and a synchronous call may be answered before it is executed, with 202.
    AnswerLate {
        /// How much later, in the network's time.
        #[serde(rename = "by_ms", with = "millis")]
        by: Duration,
    },
    /// A query is answered from the state as it was that long ago, with the certificate of then. Nothing older is shown
    /// than what was there when this was set. It may be older by a twentieth of the longest time that any of the faults
    /// looks back, as with [`Faults::certification_delay`].
    ///
    /// One node answers a query, from the state that it has (chapter "Request: Query call"); the node asked next may be
    /// ahead of it, or behind.
    StaleQuery {
        /// How long ago, in the network's time.
        #[serde(rename = "by_ms", with = "millis")]
        by: Duration,
    },
}

/// The order that held calls are executed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The last one first.
    #[default]
    Reversed,
    /// Any, by the seed.
    Shuffled,
}

/// Why faults were not taken.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum FaultsError {
    /// There are more rules than are looked through for each call.
    #[error("there are {0} rules; at most {MAX_RULES} are accepted")]
    TooManyRules(usize),
    /// The probability is none.
    #[error("the probability of rule {rule} is {probability}; it has to be from 0 to 1")]
    Probability {
        /// The number of the rule, from 0.
        rule: usize,
        /// Its probability.
        probability: f64,
    },
    /// The fault would take too long.
    #[error("{0:?} is too long; at most {MAX_DURATION:?} are accepted")]
    TooLong(Duration),
    /// One call alone has no order, and too many are too many to hold.
    #[error("{0} calls cannot be reordered; from 2 to {MAX_REORDERED} can")]
    Reordered(usize),
}

impl Faults {
    /// Checks that all values are in range.
    pub(super) fn check(&self) -> Result<(), FaultsError> {
        if self.rules.len() > MAX_RULES {
            return Err(FaultsError::TooManyRules(self.rules.len()));
        }
        let durations = self.rules.iter().filter_map(|rule| rule.fault.duration());
        if let Some(long) = durations
            .chain([self.certification_delay])
            .find(|duration| *duration > MAX_DURATION)
        {
            return Err(FaultsError::TooLong(long));
        }
        for (number, rule) in self.rules.iter().enumerate() {
            if !(0.0..=1.0).contains(&rule.probability) {
                return Err(FaultsError::Probability {
                    rule: number,
                    probability: rule.probability,
                });
            }
            match rule.fault {
                Fault::Reorder { calls, .. } if !(2..=MAX_REORDERED).contains(&calls) => {
                    return Err(FaultsError::Reordered(calls));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// How far back somebody may be made to look.
    pub(super) fn hindsight(&self) -> Duration {
        let of_rules = self.rules.iter().filter_map(|rule| match rule.fault {
            Fault::AnswerLate { by } | Fault::StaleQuery { by } => Some(by),
            _ => None,
        });
        of_rules
            .chain([self.certification_delay])
            .max()
            .unwrap_or_default()
    }
}

impl Rule {
    /// The fault happens to every call of its kind.
    pub fn always(fault: Fault) -> Self {
        Self {
            fault,
            canister: None,
            method: None,
            probability: always(),
            times: None,
        }
    }

    /// Whether it is about calls like this one, leaving chance aside.
    pub(super) fn concerns(&self, call: &CanisterCall) -> bool {
        self.times != Some(0)
            && self.canister.is_none_or(|id| id == call.canister_id)
            && self
                .method
                .as_ref()
                .is_none_or(|name| *name == call.method_name)
    }
}

impl Fault {
    /// Whether it happens to queries, not to update calls.
    pub(super) fn is_of_queries(&self) -> bool {
        matches!(self, Self::StaleQuery { .. })
    }

    fn duration(&self) -> Option<Duration> {
        match *self {
            Self::Drop => None,
            Self::Reorder { within, .. } => Some(within),
            Self::Delay { by } | Self::AnswerLate { by } | Self::StaleQuery { by } => Some(by),
        }
    }
}

fn always() -> f64 {
    1.0
}

/// Durations in JSON: whole milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        duration.as_millis().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
