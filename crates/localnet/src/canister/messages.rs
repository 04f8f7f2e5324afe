//! What travels between canisters, the network and its users.

use candid::Principal;
use serde::{Deserialize, Serialize};

use super::queue::Waiting;
use crate::rejection::Rejection;

/// How a call ended: the reply, or why there is none.
pub type Outcome = Result<Vec<u8>, Rejection>;

/// Who waits for the answer to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A user, under this request id.
    Ingress([u8; 32]),
    /// A canister, with this callback.
    Canister(Principal, u64),
    /// Nobody: a timer or heartbeat.
    System,
}

/// A call to a method.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Who waits for the answer.
    pub origin: Origin,
    /// Who calls.
    pub sender: Principal,
    /// The method called.
    pub method_name: String,
    /// The argument.
    #[serde(with = "serde_bytes")]
    pub arg: Vec<u8>,
    /// Cycles that come along.
    #[serde(with = "crate::wide")]
    pub cycles: u128,
    /// When the caller stops waiting, in nanoseconds since the epoch; 0 for never.
    pub deadline_ns: u64,
}

/// The answer to a call that the receiving canister made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Response {
    /// The receiver's callback.
    pub callback: u64,
    /// The answer.
    #[serde(with = "outcome")]
    pub outcome: Outcome,
    /// Cycles that were not accepted.
    #[serde(with = "crate::wide")]
    pub refund: u128,
}

/// What the network asks of a canister on its own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// `canister_global_timer`.
    GlobalTimer,
    /// `canister_heartbeat`.
    Heartbeat,
    /// `canister_on_low_wasm_memory`.
    LowWasmMemory,
}

impl Task {
    /// The function that is called.
    pub fn function(self) -> &'static str {
        match self {
            Self::GlobalTimer => "canister_global_timer",
            Self::Heartbeat => "canister_heartbeat",
            Self::LowWasmMemory => "canister_on_low_wasm_memory",
        }
    }
}

/// What waits in a canister's queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Message {
    /// A call to the canister.
    Request(Request),
    /// An answer to a call of the canister.
    Response(Response),
    /// Something the network asks of it.
    Task(Task),
}

impl Waiting for Request {
    fn bytes(&self) -> usize {
        self.method_name.len() + self.arg.len()
    }
}

/// Only calls count: there is an answer for each, which nobody can refuse.
impl Waiting for Message {
    fn bytes(&self) -> usize {
        match self {
            Self::Request(request) => request.bytes(),
            Self::Response(_) | Self::Task(_) => 0,
        }
    }
}

/// What executing a message sends out.
#[derive(Debug)]
pub enum Outbound {
    /// A call to a canister.
    Request(Principal, Request),
    /// An answer, with the cycles that were not accepted.
    Response(Origin, Outcome, u128),
    /// Something the canister itself has to do next.
    Task(Principal, Task),
}

/// A reply as a byte string: `serde` takes it for a list of numbers else.
mod outcome {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use serde_bytes::{ByteBuf, Bytes};

    use super::{Outcome, Rejection};

    pub fn serialize<S: Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
        let outcome = outcome.as_ref().map(|reply| Bytes::new(reply));
        outcome.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Outcome, D::Error> {
        let outcome = Result::<ByteBuf, Rejection>::deserialize(deserializer)?;
        Ok(outcome.map(ByteBuf::into_vec))
    }
}
