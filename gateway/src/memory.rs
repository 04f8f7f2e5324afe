//! What clients' messages may take of the gateway's memory, by where on their way they are.

use std::sync::Arc;

use crate::{budget::Budget, config::Limits};

/// What all clients may take, or those of one address.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    /// For messages that have not arrived completely.
    pub(crate) incoming: Arc<Budget>,
    /// For calls that are not decided.
    pub(crate) pending: Arc<Budget>,
    /// For messages that wait for clients to read them.
    pub(crate) outgoing: Arc<Budget>,
}

impl Memory {
    pub(crate) fn of_all(limits: &Limits) -> Self {
        Self {
            incoming: Budget::of_all(limits.max_total_incoming_bytes),
            pending: Budget::of_all(limits.max_total_pending_bytes),
            outgoing: Budget::of_all(limits.max_total_outgoing_bytes),
        }
    }

    /// What one address may take of it.
    pub(crate) fn of_address(&self, limits: &Limits) -> Self {
        Self {
            incoming: self
                .incoming
                .of_address(limits.max_incoming_bytes_per_address),
            pending: self
                .pending
                .of_address(limits.max_pending_bytes_per_address),
            outgoing: self
                .outgoing
                .of_address(limits.max_outgoing_bytes_per_address),
        }
    }
}
