//! Who somebody is: derived from their name, so that nobody has to be kept.

use sha2::{Digest, Sha256};
use thiserror::Error;

/// The longest name, in characters.
const MAX_NAME: usize = 40;
/// The longest origin, in bytes, as Internet Identity has it.
const MAX_ORIGIN: usize = 255;
/// Keeps these seeds apart from any other's.
const SALT: &str = "local-identity";

/// What the principal of one person at one origin is derived from.
pub type Seed = [u8; 32];

/// Why nobody can sign in with that name at that origin.
#[derive(Debug, Error, PartialEq)]
pub enum PersonError {
    /// The name cannot be shown, or is too long.
    #[error("a person's name has 1 to {MAX_NAME} characters, none of them a control character")]
    Name,
    /// It is not what browsers call an origin.
    #[error("`{0}` is not an origin, which is a scheme and a host, at most {MAX_ORIGIN} bytes")]
    Origin(String),
}

/// The seed of the person `name` at `origin`: another one at every origin, so that no two sites can tell that they
/// know the same person.
pub fn seed(name: &str, origin: &str) -> Result<Seed, PersonError> {
    let name = name.trim();
    if !(1..=MAX_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(PersonError::Name);
    }
    if !is_origin(origin) {
        return Err(PersonError::Origin(
            origin.chars().take(MAX_ORIGIN).collect(),
        ));
    }
    let mut hasher = Sha256::new();
    for part in [SALT, origin, name] {
        // With their lengths, no two lists of parts are the same bytes.
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    Ok(hasher.finalize().into())
}

fn is_origin(text: &str) -> bool {
    let is_host = |host: &str| {
        !host.is_empty()
            && !host.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control())
    };
    let host = text
        .split_once("://")
        .filter(|(scheme, _)| !scheme.is_empty());
    text.len() <= MAX_ORIGIN && host.is_some_and(|(_, host)| is_host(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "http://chat.localhost:4943";

    #[test]
    fn a_person_is_somebody_else_at_every_origin() {
        let alice = seed("Alice", ORIGIN).unwrap();
        assert_eq!(seed(" Alice ", ORIGIN).unwrap(), alice);
        assert_ne!(seed("Bob", ORIGIN).unwrap(), alice);
        assert_ne!(seed("Alice", "http://chat.localhost:4944").unwrap(), alice);
        // Where one part ends and the next begins counts.
        let one = seed("bc", "http://a").unwrap();
        assert_ne!(seed("c", "http://ab").unwrap(), one);
    }

    #[test]
    fn names_are_bounded() {
        assert!(seed(&"é".repeat(MAX_NAME), ORIGIN).is_ok());
        for name in ["", "  ", "a\nb", &"é".repeat(MAX_NAME + 1)] {
            assert_eq!(seed(name, ORIGIN), Err(PersonError::Name), "{name:?}");
        }
    }

    #[test]
    fn origins_have_a_scheme_and_a_host_and_nothing_else() {
        for origin in ["https://id.ai", "chrome-extension://abcdef"] {
            assert!(seed("Alice", origin).is_ok(), "{origin}");
        }
        let long = format!("http://{}", "a".repeat(MAX_ORIGIN));
        for origin in [
            "",
            "null",
            "http://",
            "://host",
            "http://a/",
            "http://a b",
            &long,
        ] {
            assert!(
                matches!(seed("Alice", origin), Err(PersonError::Origin(_))),
                "{origin}"
            );
        }
    }
}
