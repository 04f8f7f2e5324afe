//! How high each message of a room stands, as far as it was shown; the others are estimated. Flat in the number of messages.

use std::{collections::BTreeMap, ops::Range};

use chat_api::MessageNumber;

/// How high a message is taken to be until it is shown, in pixels.
pub const ESTIMATE: f64 = 56.0;

/// How many messages share a sum.
const BLOCK: u64 = 256;

/// The heights of the messages of a room, in pixels.
#[derive(Debug, Default)]
pub struct Heights {
    measured: BTreeMap<MessageNumber, f64>,
    /// By how much each block is higher than estimated.
    excess: BTreeMap<u64, f64>,
    numbers: Range<MessageNumber>,
}

impl Heights {
    /// The room now has these messages.
    pub fn cover(&mut self, numbers: Range<MessageNumber>) {
        while let Some((first, _)) = self.measured.first_key_value()
            && *first < numbers.start
        {
            let first = *first;
            self.set(first, ESTIMATE);
            self.measured.remove(&first);
        }
        self.numbers = numbers;
    }

    /// Forgets what was measured: the width is another one.
    pub fn clear(&mut self) {
        self.measured.clear();
        self.excess.clear();
    }

    /// Takes note of a message's height. Gives back whether it is another one than before.
    pub fn set(&mut self, number: MessageNumber, height: f64) -> bool {
        let before = self.measured.insert(number, height);
        let change = height - before.unwrap_or(ESTIMATE);
        *self.excess.entry(number / BLOCK).or_default() += change;
        before.is_none_or(|before| (before - height).abs() > 0.5)
    }

    /// How far below the first message this one begins.
    pub fn offset(&self, number: MessageNumber) -> f64 {
        let number = number.clamp(self.numbers.start, self.numbers.end);
        let block = number / BLOCK;
        let blocks: f64 = self.excess.range(..block).map(|(_, excess)| excess).sum();
        let within = self.measured.range(block * BLOCK..number);
        let within: f64 = within.map(|(_, height)| height - ESTIMATE).sum();
        (number - self.numbers.start) as f64 * ESTIMATE + blocks + within
    }

    /// How high all of them are together.
    pub fn total(&self) -> f64 {
        self.offset(self.numbers.end)
    }

    /// The message that is so far below the first one's beginning; the nearest, if there is none.
    pub fn at(&self, offset: f64) -> MessageNumber {
        let (mut low, mut high) = (self.numbers.start, self.numbers.end);
        while high - low > 1 {
            let middle = low.midpoint(high);
            if self.offset(middle) <= offset {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The messages between two offsets.
    pub fn between(&self, top: f64, bottom: f64) -> Range<MessageNumber> {
        if self.numbers.is_empty() {
            return self.numbers.clone();
        }
        self.at(top)..(self.at(bottom) + 1).min(self.numbers.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heights(numbers: Range<u64>) -> Heights {
        let mut heights = Heights::default();
        heights.cover(numbers);
        heights
    }

    #[test]
    fn what_is_measured_counts_and_the_rest_is_estimated() {
        let mut heights = heights(1_000..101_000);
        assert_eq!(heights.total(), 100_000.0 * ESTIMATE);
        assert!(heights.set(1_002, ESTIMATE + 10.0));
        assert!(heights.set(50_000, ESTIMATE - 20.0));
        assert!(!heights.set(1_002, ESTIMATE + 10.0));
        assert_eq!(heights.offset(1_002), 2.0 * ESTIMATE);
        assert_eq!(heights.offset(1_003), 3.0 * ESTIMATE + 10.0);
        assert_eq!(heights.total(), 100_000.0 * ESTIMATE - 10.0);
    }

    #[test]
    fn an_offset_leads_back_to_its_message() {
        let mut heights = heights(0..5_000);
        for number in 0..5_000 {
            heights.set(number, 20.0 + (number % 7) as f64 * 30.0);
        }
        for number in [0, 1, 255, 256, 257, 4_999] {
            assert_eq!(heights.at(heights.offset(number)), number);
            assert_eq!(heights.at(heights.offset(number) + 19.0), number);
        }
        assert_eq!(heights.at(-5.0), 0);
        assert_eq!(heights.at(1e9), 4_999);
        assert_eq!(heights.between(0.0, 0.0), 0..1);
    }

    #[test]
    fn what_the_room_does_not_keep_takes_no_room() {
        let mut heights = heights(0..10);
        for number in 0..10 {
            heights.set(number, 100.0);
        }
        heights.cover(4..12);
        assert_eq!(heights.total(), 600.0 + 2.0 * ESTIMATE);
        assert_eq!(heights.offset(5), 100.0);
    }

    #[test]
    fn an_empty_room_has_nothing_to_show() {
        assert_eq!(heights(3..3).between(0.0, 500.0), 3..3);
        assert_eq!(heights(3..3).total(), 0.0);
    }
}
