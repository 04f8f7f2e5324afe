//! What canisters take of the space that they all share.

use std::{
    iter::Sum,
    ops::{Add, Sub},
};

/// Bytes that the network's limits bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Of heaps.
    pub heap: u64,
    /// Of the pages of stable memory that were ever written to.
    pub stable: u64,
    /// Of chunk stores.
    pub chunks: u64,
}

impl Add for Footprint {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            heap: self.heap + other.heap,
            stable: self.stable + other.stable,
            chunks: self.chunks + other.chunks,
        }
    }
}

impl Sub for Footprint {
    type Output = Self;

    /// What is left, and nothing where there is less.
    fn sub(self, other: Self) -> Self {
        Self {
            heap: self.heap.saturating_sub(other.heap),
            stable: self.stable.saturating_sub(other.stable),
            chunks: self.chunks.saturating_sub(other.chunks),
        }
    }
}

impl Sum for Footprint {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}
