//! The network's limits, all in one place.

use crate::{
    canister::{Footprint, QueryGraphLimits},
    execution::{Limits, StableLimits, WASM_PAGE},
};

/// Upper bounds on what users and canisters can make the network do. The defaults are the main network's where it has
/// any.
#[derive(Clone, Debug)]
pub struct NetworkLimits {
    /// Instructions of an update call, timer, heartbeat or callback.
    pub update_instructions: u64,
    /// Instructions of a query.
    pub query_instructions: u64,
    /// Instructions of `canister_inspect_message`.
    pub inspect_instructions: u64,
    /// Instructions of installing or upgrading.
    pub install_instructions: u64,
    /// Bytes of a canister's heap.
    pub heap_bytes: usize,
    /// Bytes of the heaps of all canisters and snapshots together; executions look at it once a batch.
    pub all_heap_bytes: u64,
    /// Bytes of a canister's stable memory.
    pub stable_bytes: u64,
    /// Bytes of stable memory, in pages, that an update call, timer, heartbeat or callback writes to.
    pub stable_written_bytes: u64,
    /// The same of a query.
    pub query_stable_written_bytes: u64,
    /// The same of installing or upgrading.
    pub install_stable_written_bytes: u64,
    /// Bytes of the pages of stable memory that all canisters together ever wrote to, those of snapshots included;
    /// executions look at it once a batch.
    pub all_stable_bytes: u64,
    /// Bytes of an argument between canisters.
    pub payload_bytes: usize,
    /// Bytes of all calls that one execution makes.
    pub outgoing_bytes: usize,
    /// Bytes of a reply or reject message.
    pub reply_bytes: usize,
    /// Bytes of a query's reply or reject message.
    pub query_reply_bytes: usize,
    /// Bytes that one execution can print.
    pub log_bytes: usize,
    /// Calls that a canister can have open as the caller.
    pub outgoing_calls: usize,
    /// Messages that can wait for one canister.
    pub canister_queue: usize,
    /// Bytes of calls that can wait for one canister.
    pub canister_queue_bytes: usize,
    /// Calls of users that are received and not finished.
    pub ingress_queue: usize,
    /// Bytes of arguments of those calls.
    pub ingress_bytes: usize,
    /// Requests whose status is kept; there is no room for new ones beyond that.
    pub known_requests: usize,
    /// Bytes of replies that are kept; older requests become `done` beyond that.
    pub known_reply_bytes: usize,
    /// Canisters on the network.
    pub canisters: usize,
    /// Chunks in a canister's chunk store.
    pub chunks: usize,
    /// Bytes of the chunk stores of all canisters and snapshots together.
    pub all_chunk_bytes: u64,
    /// Snapshots of a canister.
    pub snapshots: usize,
    /// How long a canister may take to stop before whoever asked for it is told so, in nanoseconds.
    pub stop_timeout_ns: u64,
    /// How deep composite queries may call each other.
    pub query_call_depth: usize,
    /// Instructions that a call of a composite query costs besides those of the method called.
    pub query_call_instructions: u64,
    /// Queries that execute at the same time.
    pub parallel_queries: usize,
}

impl Default for NetworkLimits {
    fn default() -> Self {
        Self {
            update_instructions: 40_000_000_000,
            query_instructions: 5_000_000_000,
            inspect_instructions: 200_000_000,
            install_instructions: 300_000_000_000,
            heap_bytes: 4 << 30,
            all_heap_bytes: 16 << 30,
            stable_bytes: 500 << 30,
            stable_written_bytes: 2 << 30,
            query_stable_written_bytes: 1 << 30,
            install_stable_written_bytes: 8 << 30,
            all_stable_bytes: 64 << 30,
            payload_bytes: 10 << 20,
            outgoing_bytes: 100 << 20,
            reply_bytes: 2 << 20,
            query_reply_bytes: 3 << 20,
            log_bytes: 64 << 10,
            outgoing_calls: 500,
            canister_queue: 10_000,
            canister_queue_bytes: 512 << 20,
            ingress_queue: 5_000,
            ingress_bytes: 512 << 20,
            known_requests: 500_000,
            known_reply_bytes: 256 << 20,
            canisters: 10_000,
            chunks: 100,
            all_chunk_bytes: 4 << 30,
            snapshots: 10,
            stop_timeout_ns: 5 * 60 * 1_000_000_000,
            query_call_depth: 6,
            query_call_instructions: 50_000_000,
            parallel_queries: 2 * std::thread::available_parallelism().map_or(2, usize::from),
        }
    }
}

impl NetworkLimits {
    /// The space that all canisters share.
    pub fn space(&self) -> Footprint {
        Footprint {
            heap: self.all_heap_bytes,
            stable: self.all_stable_bytes,
            chunks: self.all_chunk_bytes,
        }
    }

    /// The bounds on an update call, timer, heartbeat or callback.
    pub fn of_update(&self) -> Limits {
        Limits {
            instructions: self.update_instructions,
            heap_bytes: self.heap_bytes,
            new_heap_bytes: self.all_heap_bytes,
            stable: StableLimits {
                wasm_pages: self.stable_bytes / WASM_PAGE,
                written_bytes: self.stable_written_bytes,
                new_bytes: self.all_stable_bytes,
            },
            payload_bytes: self.payload_bytes,
            outgoing_bytes: self.outgoing_bytes,
            reply_bytes: self.reply_bytes,
            log_bytes: self.log_bytes,
        }
    }

    /// The bounds on a query.
    pub fn of_query(&self) -> Limits {
        let mut limits = self.of_update();
        limits.instructions = self.query_instructions;
        limits.stable.written_bytes = self.query_stable_written_bytes;
        limits.reply_bytes = self.query_reply_bytes;
        limits
    }

    /// The bounds on a query together with those that it calls.
    pub fn of_query_graph(&self) -> QueryGraphLimits {
        QueryGraphLimits {
            depth: self.query_call_depth,
            call_instructions: self.query_call_instructions,
        }
    }

    /// The bounds on `canister_inspect_message`.
    pub fn of_inspection(&self) -> Limits {
        Limits {
            instructions: self.inspect_instructions,
            ..self.of_query()
        }
    }

    /// The bounds on installing or upgrading.
    pub fn of_installation(&self) -> Limits {
        let mut limits = self.of_update();
        limits.instructions = self.install_instructions;
        limits.stable.written_bytes = self.install_stable_written_bytes;
        limits
    }
}
