//! What names, messages, emojis and images may be.

use chat_api::{
    MAX_EMOJI_BYTES, MAX_IMAGE_BYTES, MAX_MENTIONS, MAX_NAME_CHARS, MAX_TEXT_BYTES, MAX_TOPIC_BYTES,
};

use super::Refusal;

/// A name as it is stored. What cannot be seen could make it look like another's.
pub(super) fn name(name: &str) -> Result<String, Refusal> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Err(Refusal::BlankName);
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(Refusal::NameTooLong);
    }
    if name
        .chars()
        .any(|char| char.is_control() || is_invisible(char))
    {
        return Err(Refusal::InvisibleInName);
    }
    Ok(name)
}

/// A topic as it is stored.
pub(super) fn topic(topic: &str) -> Result<String, Refusal> {
    let topic = topic.split_whitespace().collect::<Vec<_>>().join(" ");
    if topic.len() > MAX_TOPIC_BYTES {
        return Err(Refusal::TopicTooLong(topic.len()));
    }
    Ok(topic)
}

pub(super) fn check_message(text: &str, mentions: usize) -> Result<(), Refusal> {
    if text.trim().is_empty() {
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

/// No text in the guise of an emoji. That it is in one of Unicode's lists is not checked: they grow every year.
pub(super) fn check_emoji(emoji: &str) -> Result<(), Refusal> {
    let is_symbol = |char| matches!(char, '©' | '®' | '\u{2000}'..) && !is_override(char);
    let is_part = |char: char| is_symbol(char) || char.is_ascii_digit() || "#*".contains(char);
    let fits = (1..=MAX_EMOJI_BYTES).contains(&emoji.len());
    if fits && emoji.chars().all(is_part) && emoji.chars().any(is_symbol) {
        Ok(())
    } else {
        Err(Refusal::NotAnEmoji)
    }
}

/// The content type of an image by what it begins with.
pub(super) fn image_type(content: &[u8]) -> Result<&'static str, Refusal> {
    if content.len() > MAX_IMAGE_BYTES {
        return Err(Refusal::ImageTooLarge(content.len()));
    }
    match content {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Ok("image/png"),
        [0xff, 0xd8, 0xff, ..] => Ok("image/jpeg"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Ok("image/webp"),
        _ => Err(Refusal::NotAnImage),
    }
}

/// Takes up no space, or looks like nothing.
fn is_invisible(char: char) -> bool {
    is_override(char)
        || matches!(
            char,
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}'
            | '\u{2060}'..='\u{2064}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
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
        assert_eq!(name("Zoë 🦀"), Ok("Zoë 🦀".to_owned()));
        assert_eq!(name(" \t"), Err(Refusal::BlankName));
        assert_eq!(name(&"é".repeat(32)), Ok("é".repeat(32)));
        assert_eq!(name(&"é".repeat(33)), Err(Refusal::NameTooLong));
        for hidden in [
            "Al\u{200b}ice",
            "\u{202e}ecilA",
            "Alice\u{0}",
            "\u{2800}\u{2800}",
            "Alice\u{e0041}",
        ] {
            assert_eq!(name(hidden), Err(Refusal::InvisibleInName), "{hidden:?}");
        }
    }

    #[test]
    fn emojis_are_no_text() {
        for emoji in ["👍", "❤️", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩🏽‍❤️‍💋‍👨🏿", "🇨🇭", "©"]
        {
            assert_eq!(check_emoji(emoji), Ok(()), "{emoji}");
        }
        let long = "👍".repeat(13);
        for other in ["", "a", "12", "<b>", "👍 ", "👍a", "\u{202e}👍", &long] {
            assert_eq!(check_emoji(other), Err(Refusal::NotAnEmoji), "{other:?}");
        }
    }

    #[test]
    fn images_are_known_by_their_first_bytes() {
        assert_eq!(image_type(b"\x89PNG\r\n\x1a\n..."), Ok("image/png"));
        assert_eq!(image_type(b"\xff\xd8\xff\xe0"), Ok("image/jpeg"));
        assert_eq!(image_type(b"RIFF1234WEBPVP8 "), Ok("image/webp"));
        assert_eq!(
            image_type(b"<svg onload=alert(1)>"),
            Err(Refusal::NotAnImage)
        );
        assert_eq!(image_type(b""), Err(Refusal::NotAnImage));
        let large = [0; MAX_IMAGE_BYTES + 1];
        assert_eq!(image_type(&large), Err(Refusal::ImageTooLarge(large.len())));
    }
}
