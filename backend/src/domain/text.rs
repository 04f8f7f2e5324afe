//! What names, topics, messages and emojis may be.

use chat_api::{MAX_EMOJI_BYTES, MAX_MENTIONS, MAX_NAME_CHARS, MAX_TEXT_BYTES, MAX_TOPIC_BYTES};
use unicode_properties::{GeneralCategory, UnicodeEmoji, UnicodeGeneralCategory};

use super::Refusal;

/// A name as it is stored. What cannot be seen could make it look like another's.
pub(super) fn name(name: &str) -> Result<String, Refusal> {
    let name = tidy(name);
    if !name.chars().any(is_visible) {
        return Err(Refusal::BlankName);
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(Refusal::NameTooLong);
    }
    if name.chars().any(is_invisible) {
        return Err(Refusal::InvisibleInName);
    }
    Ok(name)
}

/// A topic as it is stored.
pub(super) fn topic(topic: &str) -> Result<String, Refusal> {
    let topic = tidy(topic);
    if topic.len() > MAX_TOPIC_BYTES {
        return Err(Refusal::TopicTooLong(topic.len()));
    }
    if topic
        .chars()
        .any(|char| char.is_control() || is_override(char))
    {
        return Err(Refusal::InvisibleInTopic);
    }
    Ok(topic)
}

fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn check_message(text: &str, mentions: usize) -> Result<(), Refusal> {
    if !text.chars().any(is_visible) {
        return Err(Refusal::BlankText);
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(Refusal::TextTooLong(text.len()));
    }
    if mentions > MAX_MENTIONS {
        return Err(Refusal::TooManyMentions(mentions));
    }
    Ok(())
}

/// One emoji, and no text in the guise of one. Which of those with several parts there are is not checked: they grow in number
/// every year.
pub(super) fn check_emoji(emoji: &str) -> Result<(), Refusal> {
    if emoji.len() <= MAX_EMOJI_BYTES && is_emoji(emoji) {
        Ok(())
    } else {
        Err(Refusal::NotAnEmoji)
    }
}

fn is_emoji(emoji: &str) -> bool {
    const AS_EMOJI: char = '\u{fe0f}';
    const KEY: char = '\u{20e3}';
    const JOINER: char = '\u{200d}';
    let is_modifier =
        |char| matches!(char, AS_EMOJI | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}');
    let is_modified = |part: &str| {
        let mut chars = part.chars();
        let is_symbol =
            |char: char| !char.is_ascii() && !is_flag_letter(char) && char.is_emoji_char();
        chars.next().is_some_and(is_symbol) && chars.all(is_modifier)
    };
    match emoji.chars().collect::<Vec<_>>()[..] {
        [one, other] if is_flag_letter(one) => is_flag_letter(other),
        [key, KEY] | [key, AS_EMOJI, KEY] => matches!(key, '0'..='9' | '#' | '*'),
        _ => emoji.split(JOINER).all(is_modified),
    }
}

/// Two of them make a flag; more, a text.
fn is_flag_letter(char: char) -> bool {
    matches!(char, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Shows that it is there, without others to go with.
fn is_visible(char: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark};
    let is_mark = matches!(char.general_category(), NonspacingMark | EnclosingMark);
    !is_mark && !is_invisible(char) && !char.is_whitespace()
}

/// Takes up no space, or looks like nothing.
fn is_invisible(char: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, PrivateUse};
    matches!(
        char.general_category(),
        Control | Format | LineSeparator | ParagraphSeparator | PrivateUse
    ) || matches!(
        char,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2065}' | '\u{2800}'
        | '\u{3164}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Changes the direction of the text around it.
fn is_override(char: char) -> bool {
    matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tidied_and_show_all_they_have() {
        assert_eq!(
            name("  Ada \u{a0}\n Lovelace "),
            Ok("Ada Lovelace".to_owned())
        );
        for seen in ["Zoë 🦀", "❤️", "愛", "संगीता", "ขวัญ", "محمد", "e\u{301}"]
        {
            assert_eq!(name(seen), Ok(seen.to_owned()));
        }
        for blank in [
            "",
            " \t",
            "\u{3000}",
            "\u{fe0f}",
            "\u{301}\u{20dd}",
            "\u{17b4}",
            "\u{200b}",
        ] {
            assert_eq!(name(blank), Err(Refusal::BlankName), "{blank:?}");
        }
        assert_eq!(name(&"é".repeat(32)), Ok("é".repeat(32)));
        assert_eq!(name(&"é".repeat(33)), Err(Refusal::NameTooLong));
        for hidden in [
            "Al\u{200b}ice",
            "\u{202e}ecilA",
            "Alice\u{0}",
            "Alice\u{2800}",
            "Alice\u{e0041}",
            "Alice\u{17b5}",
            "Alice\u{e000}",
        ] {
            assert_eq!(name(hidden), Err(Refusal::InvisibleInName), "{hidden:?}");
        }
    }

    #[test]
    fn topics_do_not_change_the_text_around_them() {
        assert_eq!(topic(" all \n things "), Ok("all things".to_owned()));
        assert_eq!(topic(""), Ok(String::new()));
        assert_eq!(topic("👩‍🚀 می‌خواهم"), Ok("👩‍🚀 می‌خواهم".to_owned()));
        for hidden in ["\u{202e}cipot", "a\u{7}", "\u{2066}a"] {
            assert_eq!(topic(hidden), Err(Refusal::InvisibleInTopic), "{hidden:?}");
        }
    }

    #[test]
    fn messages_show_something() {
        for text in ["a", "\u{200b}a", "愛", "👍", "\u{202e}a"] {
            assert_eq!(check_message(text, 0), Ok(()), "{text:?}");
        }
        for blank in [
            "",
            " \n",
            "\u{200b}",
            "\u{3000}\u{fe0f}",
            "\u{2800}\u{3164}",
        ] {
            assert_eq!(
                check_message(blank, 0),
                Err(Refusal::BlankText),
                "{blank:?}"
            );
        }
    }

    #[test]
    fn emojis_are_no_text() {
        for emoji in [
            "👍",
            "👍🏽",
            "❤️",
            "❤",
            "1️⃣",
            "#⃣",
            "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
            "👩🏽‍❤️‍💋‍👨🏿",
            "👩‍🦰",
            "🇨🇭",
            "©",
            "〰️",
            "㊙️",
        ] {
            assert_eq!(check_emoji(emoji), Ok(()), "{emoji}");
        }
        let long = "👩🏽‍❤️‍💋‍👨🏿".repeat(2);
        for other in [
            "",
            "a",
            "1",
            "12",
            "<b>",
            "👍 ",
            "👍a",
            "👍👍",
            "\u{202e}👍",
            "愛",
            "ａ",
            "𝐚",
            "한",
            "\u{200b}",
            "\u{3000}",
            "\u{fe0f}",
            "\u{200d}",
            "👍\u{200d}",
            "\u{20e3}",
            "🇫🇺🇨🇰",
            "🇨",
            "\u{e0041}",
            "ⓐ",
            &long,
        ] {
            assert_eq!(check_emoji(other), Err(Refusal::NotAnEmoji), "{other:?}");
        }
    }
}
