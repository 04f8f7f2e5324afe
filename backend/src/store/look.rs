//! What a name looks like, so that one that imitates another is noticed.

use chat_api::Look;
use unicode_security::skeleton;

/// What a name looks like, by what Unicode lists as
/// [confusable](https://www.unicode.org/reports/tr39/#Confusable_Detection).
///
/// A letter and its capital may have different look-alikes: `I` is confusable with `l`, and `i` is not. Therefore it is
/// looked at both in small letters and as it is written.
pub(crate) fn look(name: &str) -> Look {
    let written: String = skeleton(name).collect();
    Look {
        small: hash(skeleton(&name.to_lowercase())),
        written: hash(written.to_lowercase().chars()),
    }
}

/// FNV-1a: any spread will do. Who makes up a name that has the number of another by chance is taken for an imitator.
fn hash(text: impl Iterator<Item = char>) -> u64 {
    text.fold(0xcbf2_9ce4_8422_2325, |hash, char| {
        (hash ^ u64::from(char)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_alike(one: &str, other: &str) -> bool {
        look(one).is_like(&look(other))
    }

    #[test]
    fn names_that_may_be_taken_for_each_other_look_alike() {
        for (name, others) in [
            // The same in other letters: Cyrillic, Cherokee, mathematical, wide; other letters and digits.
            (
                "Alice",
                &[
                    "alice",
                    "ALICE",
                    "\u{410}lice",
                    "Al\u{456}ce",
                    "\u{13aa}lice",
                ][..],
            ),
            (
                "Alice",
                &["\u{1d400}lice", "\u{ff21}lice", "AIice", "A1ice"],
            ),
            (
                "Zo\u{eb}",
                &["Zoe\u{308}", "ZO\u{cb}", "Z\u{43e}\u{451}", "Z0\u{eb}"],
            ),
            ("Bova", &["\u{412}o\u{3bd}a", "bov\u{430}"]),
            ("Max", &["MAX", "max", "rnax", "\u{39c}\u{391}\u{3a7}"]),
            (
                "\u{418}\u{432}\u{430}\u{43d}",
                &["\u{418}\u{412}\u{410}\u{41d}", "\u{418}\u{432}a\u{43d}"],
            ),
        ] {
            for other in others {
                assert!(are_alike(other, name), "{other} and {name}");
            }
        }
    }

    #[test]
    fn other_names_do_not() {
        let names = [
            "Alice",
            "Alicia",
            "Al ice",
            "Bob",
            "B\u{f6}b",
            "\u{611b}",
            "\u{418}\u{432}\u{430}\u{43d}",
            "Ivan",
        ];
        for (at, name) in names.iter().enumerate() {
            for other in &names[..at] {
                assert!(!are_alike(other, name), "{other} and {name}");
            }
        }
    }
}
