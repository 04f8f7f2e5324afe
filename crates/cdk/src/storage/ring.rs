//! A ring of bytes in stable memory: what is added behind and goes in front costs the same however much is between.
//!
//! | address | size     | content                                                        |
//! |---------|----------|----------------------------------------------------------------|
//! | 0       | 8        | start: the position of the first byte that is kept             |
//! | 8       | 8        | end: the position after the last                               |
//! | 16      | 8        | capacity: how many bytes there is room for, a power of two     |
//! | 64      | capacity | the byte of each position, at the remainder by the capacity    |
//!
//! Positions only ever rise, so they stay what they are when the ring grows. Numbers are little-endian. Nothing is
//! half-written if a call traps: the Internet Computer then undoes all that it has written.

use ic_stable_structures::Memory;

use super::grow_to;

const START: u64 = 0;
const END: u64 = 8;
const CAPACITY: u64 = 16;
const BYTES: u64 = 64;

const MIN_CAPACITY: u64 = 1 << 16;

/// How much is moved together when the ring grows.
const MOVED_AT_ONCE: u64 = 1 << 16;

pub(super) struct Ring<M: Memory> {
    memory: M,
    start: u64,
    end: u64,
    capacity: u64,
}

impl<M: Memory> Ring<M> {
    /// The ring that `memory` holds; an empty one, if it has no size yet.
    pub fn init(memory: M) -> Self {
        if memory.size() == 0 {
            grow_to(&memory, BYTES + MIN_CAPACITY);
            memory.write(CAPACITY, &MIN_CAPACITY.to_le_bytes());
        }
        let number = |address| {
            let mut bytes = [0; 8];
            memory.read(address, &mut bytes);
            u64::from_le_bytes(bytes)
        };
        Self {
            start: number(START),
            end: number(END),
            capacity: number(CAPACITY),
            memory,
        }
    }

    pub fn into_memory(self) -> M {
        self.memory
    }

    /// The position of the first byte.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The position after the last byte.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Adds bytes; gives the position of the first.
    pub fn push(&mut self, bytes: &[u8]) -> u64 {
        let position = self.end;
        let end = position + bytes.len() as u64;
        if end - self.start > self.capacity {
            self.grow(end - self.start);
        }
        let (address, until_wrap) = self.locate(position, bytes.len());
        let (first, wrapped) = bytes.split_at(until_wrap);
        self.memory.write(address, first);
        if !wrapped.is_empty() {
            self.memory.write(BYTES, wrapped);
        }
        self.end = end;
        self.set(END, end);
        position
    }

    /// Reads the bytes from a position on, which must all be there.
    pub fn read(&self, position: u64, bytes: &mut [u8]) {
        let (address, until_wrap) = self.locate(position, bytes.len());
        let (first, wrapped) = bytes.split_at_mut(until_wrap);
        self.memory.read(address, first);
        if !wrapped.is_empty() {
            self.memory.read(BYTES, wrapped);
        }
    }

    /// Removes what is before a position.
    pub fn remove_before(&mut self, position: u64) {
        self.start = position.clamp(self.start, self.end);
        self.set(START, self.start);
    }

    /// The address of a position, and how many of so many bytes from there on come before those at the first address.
    fn locate(&self, position: u64, length: usize) -> (u64, usize) {
        let offset = position % self.capacity;
        let room = usize::try_from(self.capacity - offset).unwrap_or(usize::MAX);
        (BYTES + offset, length.min(room))
    }

    /// Makes room for so many bytes in all.
    fn grow(&mut self, needed: u64) {
        let capacity = needed.next_power_of_two();
        grow_to(&self.memory, BYTES + capacity);
        // What moves does so to where nothing was: behind the former end, as both capacities are powers of two.
        let mut buffer = vec![0; MOVED_AT_ONCE.min(self.end - self.start) as usize];
        let mut position = self.start;
        while position < self.end {
            let (from, to) = (position % self.capacity, position % capacity);
            let length = MOVED_AT_ONCE
                .min(self.end - position)
                .min(self.capacity - from);
            if from != to {
                let moved = &mut buffer[..length as usize];
                self.memory.read(BYTES + from, moved);
                self.memory.write(BYTES + to, moved);
            }
            position += length;
        }
        self.capacity = capacity;
        self.set(CAPACITY, capacity);
    }

    fn set(&self, address: u64, number: u64) {
        self.memory.write(address, &number.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use ic_stable_structures::VectorMemory;
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        /// Adds so many bytes.
        Push(usize),
        /// Removes so many of what was added first.
        Remove(usize),
        Reopen,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (0..20_000usize).prop_map(Step::Push),
            1 => (50_000..300_000usize).prop_map(Step::Push),
            5 => (0..6usize).prop_map(Step::Remove),
            1 => Just(Step::Reopen),
        ]
    }

    /// Bytes that tell where they belong.
    fn bytes(number: u64, length: usize) -> Vec<u8> {
        (0..length as u64)
            .map(|n| (n.wrapping_mul(31) ^ number.wrapping_mul(7919) ^ (n >> 8)) as u8)
            .collect()
    }

    struct Model {
        memory: VectorMemory,
        ring: Ring<VectorMemory>,
        kept: VecDeque<(u64, Vec<u8>)>,
        pushed: u64,
        /// How often it grew while what it held was wrapped.
        grown_wrapped: usize,
    }

    impl Model {
        fn new() -> Self {
            let memory = VectorMemory::default();
            Self {
                ring: Ring::init(memory.clone()),
                memory,
                kept: VecDeque::new(),
                pushed: 0,
                grown_wrapped: 0,
            }
        }

        fn apply(&mut self, step: &Step) {
            match *step {
                Step::Push(length) => {
                    let (start, end, capacity) =
                        (self.ring.start, self.ring.end, self.ring.capacity);
                    let is_wrapped = start / capacity != end / capacity;
                    let added = bytes(self.pushed, length);
                    self.pushed += 1;
                    self.kept.push_back((self.ring.push(&added), added));
                    let has_grown = self.ring.capacity != capacity;
                    self.grown_wrapped += usize::from(has_grown && is_wrapped);
                }
                Step::Remove(count) => {
                    self.kept.drain(..count.min(self.kept.len()));
                    let first = self.kept.front().map(|(position, _)| *position);
                    self.ring.remove_before(first.unwrap_or(self.ring.end()));
                }
                Step::Reopen => self.ring = Ring::init(self.memory.clone()),
            }
        }

        fn check(&self) {
            let mut position = self.ring.start();
            for (at, expected) in &self.kept {
                assert_eq!(*at, position);
                let mut read = vec![0; expected.len()];
                self.ring.read(position, &mut read);
                assert!(read == *expected, "at {position}");
                position += expected.len() as u64;
            }
            assert_eq!(self.ring.end(), position);
            assert!(position - self.ring.start() <= self.ring.capacity);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_kept_is_read_as_written(steps in prop::collection::vec(step(), 1..60)) {
            let mut model = Model::new();
            for step in steps {
                model.apply(&step);
                model.check();
            }
        }
    }

    /// The rarest of steps: also to many times the size, and with what is kept on either side of the wrap.
    #[test]
    fn it_grows_while_wrapped() {
        for (before, length) in [(1, 1), (5, 30_000), (1, 1_000_000)] {
            let mut model = Model::new();
            for _ in 0..before {
                for step in [
                    Step::Push(40_000),
                    Step::Push(20_000),
                    Step::Remove(1),
                    Step::Push(30_000),
                    Step::Push(15_536),
                    Step::Remove(1),
                ] {
                    model.apply(&step);
                    model.check();
                }
            }
            model.apply(&Step::Push(20_001));
            model.apply(&Step::Push(length));
            model.check();
            model.apply(&Step::Reopen);
            model.check();
            assert!(model.grown_wrapped > 0, "{before} × before {length}");
        }
    }
}
