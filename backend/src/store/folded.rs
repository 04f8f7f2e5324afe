//! Names as they are sorted and searched.

use std::borrow::Cow;

use ic_stable_structures::{Storable, storable::Bound};

/// A name in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Folded(String);

impl Folded {
    /// As many characters as a name has; some become several in lower case.
    const MAX_CHARS: usize = chat_api::MAX_NAME_CHARS;
    const MAX_BYTES: usize = Self::MAX_CHARS * 4;

    pub fn new(name: &str) -> Self {
        let lower = name.chars().flat_map(char::to_lowercase);
        Self(lower.take(Self::MAX_CHARS).collect())
    }

    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.0.starts_with(&prefix.0)
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

impl Storable for Folded {
    const BOUND: Bound = Bound::Bounded {
        max_size: Self::MAX_BYTES as u32,
        is_fixed_size: false,
    };

    fn to_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.0.as_bytes())
    }

    fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    fn from_bytes(bytes: Cow<[u8]>) -> Self {
        Self(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_names_fit_whatever_lower_case_makes_of_them() {
        let folded = Folded::new(&"İ".repeat(32));
        assert!(folded.into_bytes().len() <= Folded::MAX_BYTES);
        assert!(Folded::new("ÄRGER").starts_with(&Folded::new("är")));
    }
}
