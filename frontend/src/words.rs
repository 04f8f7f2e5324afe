//! How the page puts things into words, apart from dates.

use chat_api::Role;

pub use ic_ws_yew::short_id;

/// In small letters, as names are compared.
pub fn folded(text: &str) -> String {
    match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => lowercase(text),
    }
}

/// The browser knows more of letters than is worth loading with the page.
#[cfg(target_family = "wasm")]
fn lowercase(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

#[cfg(not(target_family = "wasm"))]
fn lowercase(text: &str) -> String {
    text.to_lowercase()
}

/// A number with its noun.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A role, as people call it.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Moderator => "Moderator",
        Role::Member => "Member",
    }
}

/// The beginning of a text.
pub fn clipped(text: &str) -> String {
    const CHARS: usize = 120;
    let mut clipped: String = text.chars().take(CHARS).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped
}

/// Several names as a list.
pub fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// What went wrong, as a sentence.
pub fn sentence(error: &impl std::error::Error) -> String {
    let mut words = error.to_string();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !words.ends_with(['.', '!', '?']) {
        words.push('.');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_as_people_do() {
        let names = |n: usize| (0..n).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(list(&names(1)), "0");
        assert_eq!(list(&names(2)), "0 and 1");
        assert_eq!(list(&names(3)), "0, 1 and 2");
    }

    #[test]
    fn an_error_becomes_one_sentence() {
        #[derive(Debug, thiserror::Error)]
        #[error("it broke")]
        struct Broken;
        assert_eq!(sentence(&Broken), "It broke.");
    }
}
