//! What images may be. A few bytes can describe a picture that takes a gigabyte to be shown, so its size is limited in pixels,
//! too.

use chat_api::{MAX_IMAGE_BYTES, MAX_IMAGE_SIDE};

use super::Refusal;

/// What an image says of itself at its beginning.
struct Header {
    content_type: &'static str,
    width: u32,
    height: u32,
    is_animated: bool,
}

/// The content type of an image that may be shown.
pub(super) fn check(content: &[u8]) -> Result<&'static str, Refusal> {
    if content.len() > MAX_IMAGE_BYTES {
        return Err(Refusal::ImageTooLarge(content.len()));
    }
    let header = png(content).or_else(|| webp(content));
    let header = header.ok_or(Refusal::NotAnImage)?;
    if header.width.max(header.height) > MAX_IMAGE_SIDE {
        return Err(Refusal::ImageTooWide(header.width, header.height));
    }
    if header.is_animated {
        return Err(Refusal::AnimatedImage);
    }
    Ok(header.content_type)
}

fn png(content: &[u8]) -> Option<Header> {
    let (chunk, mut rest) = png_chunk(content.strip_prefix(b"\x89PNG\r\n\x1a\n")?)?;
    let (b"IHDR", [w0, w1, w2, w3, h0, h1, h2, h3, ..]) = chunk else {
        return None;
    };
    // It would have to be said before the picture.
    let mut is_animated = false;
    while let Some((chunk, after)) = png_chunk(rest).filter(|(chunk, _)| chunk.0 != b"IDAT") {
        is_animated |= chunk.0 == b"acTL";
        rest = after;
    }
    Some(Header {
        content_type: "image/png",
        width: u32::from_be_bytes([*w0, *w1, *w2, *w3]),
        height: u32::from_be_bytes([*h0, *h1, *h2, *h3]),
        is_animated,
    })
}

type Chunk<'a> = (&'a [u8; 4], &'a [u8]);

/// The first chunk with its kind, and what is after it.
fn png_chunk(content: &[u8]) -> Option<(Chunk<'_>, &[u8])> {
    const CHECKSUM_BYTES: usize = 4;
    let (length, rest) = content.split_first_chunk()?;
    let (kind, rest) = rest.split_first_chunk()?;
    let (data, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    Some(((kind, data), rest.get(CHECKSUM_BYTES..)?))
}

fn webp(content: &[u8]) -> Option<Header> {
    const ANIMATED: u8 = 2;
    let (_, rest) = content.strip_prefix(b"RIFF")?.split_first_chunk::<4>()?;
    let (kind, rest) = rest.strip_prefix(b"WEBP")?.split_first_chunk::<4>()?;
    let (_, data) = rest.split_first_chunk::<4>()?;
    let (width, height, is_animated) = match (kind, data) {
        (b"VP8 ", [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..]) => {
            let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
            (side(*w0, *w1), side(*h0, *h1), false)
        }
        (b"VP8L", [0x2f, b0, b1, b2, b3, ..]) => {
            let bits = u32::from_le_bytes([*b0, *b1, *b2, *b3]);
            let side = |bits: u32| (bits & 0x3fff) + 1;
            (side(bits), side(bits >> 14), false)
        }
        (b"VP8X", [flags, _, _, _, w0, w1, w2, h0, h1, h2, ..]) => {
            let side = |bytes: [u8; 3]| {
                let [low, middle, high] = bytes;
                u32::from_le_bytes([low, middle, high, 0]) + 1
            };
            let (width, height) = (side([*w0, *w1, *w2]), side([*h0, *h1, *h2]));
            (width, height, flags & ANIMATED != 0)
        }
        _ => return None,
    };
    Some(Header {
        content_type: "image/webp",
        width,
        height,
        is_animated,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let length = (data.len() as u32).to_be_bytes();
        [&length, &kind[..], data, &[0; 4]].concat()
    }

    fn png(width: u32, height: u32, chunks: &[&[u8; 4]]) -> Vec<u8> {
        let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
        let header = chunk(b"IHDR", &[&sides[..], &[1, 0, 0, 0, 0]].concat());
        let chunks: Vec<_> = chunks.iter().flat_map(|kind| chunk(kind, b"...")).collect();
        [b"\x89PNG\r\n\x1a\n", &header[..], &chunks].concat()
    }

    fn webp(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        [b"RIFF\0\0\0\0WEBP", &kind[..], &[0; 4], data].concat()
    }

    #[test]
    fn png_and_webp_are_known_by_what_they_begin_with() {
        let portrait = png(192, 512, &[b"IDAT", b"IEND"]);
        assert_eq!(check(&portrait), Ok("image/png"));
        for (kind, data) in [
            (b"VP8 ", b"...\x9d\x01\x2a\xc0\x00\x00\x42".as_slice()),
            (b"VP8L", b"\x2f\xbf\xc0\x2f\x00"),
            (b"VP8X", b"\x10...\xbf\x00\x00\xff\x01\x00"),
        ] {
            assert_eq!(check(&webp(kind, data)), Ok("image/webp"), "{kind:?}");
        }
        for other in [
            &b""[..],
            b"\xff\xd8\xff\xe0",
            b"<svg onload=alert(1)>",
            b"\x89PNG\r\n\x1a\n...",
            b"RIFF1234WEBPVP8 ",
            &webp(b"ANMF", b".........."),
            &[b"\x89PNG\r\n\x1a\n", &chunk(b"IDAT", &[0; 13])[..]].concat(),
        ] {
            assert_eq!(check(other), Err(Refusal::NotAnImage), "{other:?}");
        }
    }

    #[test]
    fn what_takes_much_to_be_shown_is_refused() {
        let large = [0; MAX_IMAGE_BYTES + 1];
        assert_eq!(check(&large), Err(Refusal::ImageTooLarge(large.len())));
        for (width, height) in [(16_384, 16_384), (1, 513), (513, 1)] {
            let wide = Err(Refusal::ImageTooWide(width, height));
            assert_eq!(check(&png(width, height, &[b"IDAT"])), wide);
        }
        let lossy = webp(b"VP8 ", b"...\x9d\x01\x2a\xff\x3f\x01\x00");
        assert_eq!(check(&lossy), Err(Refusal::ImageTooWide(16_383, 1)));
        let lossless = webp(b"VP8L", b"\x2f\xff\xff\xff\x0f");
        assert_eq!(check(&lossless), Err(Refusal::ImageTooWide(16_384, 16_384)));
        let extended = webp(b"VP8X", b"\0...\0\0\x01\0\0\0");
        assert_eq!(check(&extended), Err(Refusal::ImageTooWide(65_537, 1)));
    }

    #[test]
    fn what_moves_is_refused() {
        let moving = Err(Refusal::AnimatedImage);
        assert_eq!(check(&png(9, 9, &[b"tEXt", b"acTL", b"IDAT"])), moving);
        assert_eq!(check(&png(9, 9, &[b"IDAT", b"acTL"])), Ok("image/png"));
        let extended = webp(b"VP8X", b"\x02...\0\0\0\0\0\0");
        assert_eq!(check(&extended), moving);
    }
}
