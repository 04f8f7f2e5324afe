//! Form fields, and what is wrong with what is typed.

use chat_api::{MAX_NAME_CHARS, MAX_TOPIC_BYTES};
use thiserror::Error;
use yew::prelude::*;

pub use ic_ws_yew::{TextField, focus, typed};

/// Keeps what is typed.
pub fn kept_in(state: &UseStateHandle<String>) -> Callback<String> {
    let state = state.setter();
    Callback::from(move |typed| state.set(typed))
}

/// Why something typed cannot be a name or a topic.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FieldError {
    /// There is no name.
    #[error("Choose a name first.")]
    Blank,
    /// It has so many characters.
    #[error("A name has at most {MAX_NAME_CHARS} characters; this one has {0}.")]
    LongName(usize),
    /// The topic has too many bytes.
    #[error("This is too long; shorten it a little.")]
    LongTopic,
}

/// The name as others will see it.
pub fn valid_name(typed: &str) -> Result<String, FieldError> {
    let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    match name.chars().count() {
        0 => Err(FieldError::Blank),
        1..=MAX_NAME_CHARS => Ok(name),
        chars => Err(FieldError::LongName(chars)),
    }
}

/// The topic as others will see it.
pub fn valid_topic(typed: &str) -> Result<String, FieldError> {
    let topic = typed.trim();
    match topic.len() {
        0..=MAX_TOPIC_BYTES => Ok(topic.to_owned()),
        _ => Err(FieldError::LongTopic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_tidied_and_neither_blank_nor_too_long() {
        assert_eq!(
            valid_name(" Ada \t Lovelace "),
            Ok("Ada Lovelace".to_owned())
        );
        assert_eq!(valid_name(" \t"), Err(FieldError::Blank));
        let longest = "é".repeat(MAX_NAME_CHARS);
        assert_eq!(valid_name(&longest), Ok(longest.clone()));
        assert_eq!(
            valid_name(&format!("{longest}!")),
            Err(FieldError::LongName(MAX_NAME_CHARS + 1))
        );
    }

    #[test]
    fn a_topic_may_be_empty_and_has_an_end() {
        assert_eq!(valid_topic("  "), Ok(String::new()));
        let long = "x".repeat(MAX_TOPIC_BYTES + 1);
        assert_eq!(valid_topic(&long), Err(FieldError::LongTopic));
    }
}
