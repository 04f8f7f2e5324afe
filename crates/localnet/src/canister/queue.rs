//! What waits to be executed, numbered in the order it came: whoever keeps a queue elsewhere needs to look at its ends
//! only.

use std::collections::VecDeque;

/// What can wait in a queue.
pub trait Waiting {
    /// Bytes that it counts for while it waits.
    fn bytes(&self) -> usize;
}

/// A queue whose items have consecutive numbers.
#[derive(Clone, Debug)]
pub struct Queue<T> {
    items: VecDeque<T>,
    bytes: usize,
    /// The number of the next item to be taken.
    first: u64,
}

impl<T: Waiting> Default for Queue<T> {
    fn default() -> Self {
        Self::restored(0, VecDeque::new())
    }
}

impl<T: Waiting> Queue<T> {
    /// A queue as it was: its items and the number of the first one.
    pub fn restored(first: u64, items: VecDeque<T>) -> Self {
        let bytes = items.iter().map(Waiting::bytes).sum();
        Self {
            items,
            bytes,
            first,
        }
    }

    /// The number of the next item to be taken, or that it will have.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The items that have this number or a higher one, with their numbers.
    pub fn since(&self, number: u64) -> impl Iterator<Item = (u64, &T)> {
        let skipped = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        (self.first..).zip(&self.items).skip(skipped)
    }

    /// Puts an item at the end.
    pub fn push_back(&mut self, item: T) {
        self.bytes += item.bytes();
        self.items.push_back(item);
    }

    /// Takes the item that has waited longest.
    pub fn pop_front(&mut self) -> Option<T> {
        let item = self.items.pop_front()?;
        self.bytes -= item.bytes();
        self.first += 1;
        Some(item)
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Bytes that the items count for.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items, the one that has waited longest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }

    /// The items, the one that has waited longest first.
    pub fn into_items(self) -> impl Iterator<Item = T> {
        self.items.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Waiting for &str {
        fn bytes(&self) -> usize {
            self.len()
        }
    }

    #[test]
    fn numbers_stay_with_their_items() {
        let mut queue = Queue::restored(7, VecDeque::from(["a", "b"]));
        assert_eq!(queue.bytes(), 2);
        queue.push_back("cde");
        assert_eq!(queue.pop_front(), Some("a"));
        let numbered: Vec<_> = queue.since(0).collect();
        assert_eq!(numbered, [(8, &"b"), (9, &"cde")]);
        assert_eq!(queue.since(9).count(), 1);
        assert_eq!(queue.since(10).count(), 0);
        assert_eq!((queue.first(), queue.len(), queue.bytes()), (8, 2, 4));
    }
}
