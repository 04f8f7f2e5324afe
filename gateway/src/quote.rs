//! Texts of strangers, which may be as long as they like, for logs and errors that may not.

/// In bytes.
const MAX_LENGTH: usize = 300;

/// The beginning of `text`.
pub(crate) fn quote(text: &str) -> &str {
    let end = text.floor_char_boundary(MAX_LENGTH);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let quoted = quote(&"ä".repeat(1000)).len();
        assert!((MAX_LENGTH - 1..=MAX_LENGTH).contains(&quoted), "{quoted}");
        assert_eq!(quote("short"), "short");
    }
}
