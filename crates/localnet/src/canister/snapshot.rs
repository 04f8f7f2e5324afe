//! Snapshots: what a canister was at one moment, kept to go back to. Pages that do not change afterwards are shared with
//! the canister.

use std::{collections::BTreeMap, sync::Arc};

use candid::Principal;

use super::{Canister, Footprint};
use crate::execution::{CodeView, WASM_PAGE};

/// The snapshots of a canister, by their numbers.
pub type Snapshots = BTreeMap<u64, Arc<Snapshot>>;

/// A canister at one moment. Settings, balance and timer are not part of it.
pub struct Snapshot {
    /// When it was taken, in nanoseconds since the epoch.
    pub taken_ns: u64,
    /// The canister's version then.
    pub version: u64,
    /// What it had certified.
    pub certified_data: Vec<u8>,
    /// Its chunk store.
    pub chunks: BTreeMap<[u8; 32], Vec<u8>>,
    /// Its code and memories.
    pub code: CodeView,
}

impl Snapshot {
    /// Its size in bytes, as its canister is told.
    pub fn bytes(&self) -> u64 {
        self.code.heap.bytes() as u64
            + self.code.stable.wasm_pages() * WASM_PAGE
            + self.code.module.source().len() as u64
            + self.certified_data.len() as u64
            + self.footprint().chunks
    }

    /// What it takes of the space that all canisters share, as if nothing were shared with its canister.
    pub fn footprint(&self) -> Footprint {
        Footprint {
            heap: self.code.heap.bytes() as u64,
            stable: self.code.stable.bytes(),
            chunks: self.chunks.values().map(|chunk| chunk.len() as u64).sum(),
        }
    }
}

impl Canister {
    /// The canister as it is now; `None` if it has no code.
    pub fn snapshot(&mut self, now_ns: u64) -> Option<Snapshot> {
        Some(Snapshot {
            taken_ns: now_ns,
            version: self.version,
            certified_data: self.certified_data.clone(),
            chunks: self.chunks.clone(),
            code: self.code.as_mut()?.publish(),
        })
    }

    /// Makes the canister again what it was. The timer stays as it is, as on the main network.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.certified_data.clone_from(&snapshot.certified_data);
        self.chunks.clone_from(&snapshot.chunks);
        self.code = Some(snapshot.code.clone().into());
    }
}

/// A snapshot's id, made as on the main network: its number among those of its canister, and that one's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotId {
    /// Whose snapshot it is.
    pub canister: Principal,
    /// How many the canister had before.
    pub number: u64,
}

impl SnapshotId {
    /// Reads an id; `None` if it is none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (number, canister) = bytes.split_first_chunk()?;
        Some(Self {
            canister: Principal::try_from_slice(canister).ok()?,
            number: u64::from_be_bytes(*number),
        })
    }

    /// The id as clients know it.
    pub fn to_bytes(self) -> Vec<u8> {
        [&self.number.to_be_bytes(), self.canister.as_slice()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_main_network() {
        let id = SnapshotId {
            canister: Principal::from_slice(&[0x80, 0, 0, 0, 0, 0x10, 0, 0x0a, 1, 1]),
            number: 2,
        };
        assert_eq!(
            hex::encode(id.to_bytes()),
            "0000000000000002800000000010000a0101"
        );
        assert_eq!(SnapshotId::parse(&id.to_bytes()), Some(id));
        for bytes in [&[][..], &[0; 7], &[0; 38]] {
            assert_eq!(SnapshotId::parse(bytes), None);
        }
    }
}
