//! How far a client has got with its frames (RFC 6455, section 5.2). `tungstenite` tells of a message when it is complete,
//! and of its parts nothing; but limits are due before that.

/// Opcodes from here on are of control frames.
const CONTROL: u8 = 8;

/// Follows the frames in a stream of bytes. Whether they are as they must be is not looked at.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// The header of the next frame, as far as it has arrived.
    header: Vec<u8>,
    /// The frame whose payload arrives.
    frame: Option<Frame>,
    /// A message of several frames has begun.
    in_message: bool,
    /// What has arrived of the current message.
    arrived: u64,
    /// The size of the largest frame so far that was complete.
    largest: u64,
    /// How often all that had begun was complete.
    completed: u64,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    is_control: bool,
    is_last: bool,
    size: u64,
    /// What is to come of its payload.
    left: u64,
}

impl Frames {
    /// Follows `bytes`, and tells `begun` the size of each frame that begins in them. An error of that ends it.
    pub(crate) fn follow<E>(
        &mut self,
        mut bytes: &[u8],
        mut begun: impl FnMut(u64) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some((first, rest)) = bytes.split_first() {
            let frame = match self.frame {
                Some(mut frame) => {
                    let size = bytes
                        .len()
                        .min(usize::try_from(frame.left).unwrap_or(usize::MAX));
                    bytes = bytes.get(size..).unwrap_or_default();
                    frame.left -= size as u64;
                    if !frame.is_control {
                        self.arrived += size as u64;
                    }
                    frame
                }
                None => {
                    self.header.push(*first);
                    bytes = rest;
                    let Some(frame) = Frame::begin(&self.header) else {
                        continue;
                    };
                    self.header.clear();
                    begun(frame.left)?;
                    frame
                }
            };
            self.frame = (frame.left > 0).then_some(frame);
            if self.frame.is_none() {
                self.end(frame);
            }
        }
        Ok(())
    }

    fn end(&mut self, frame: Frame) {
        self.largest = self.largest.max(frame.size);
        if !frame.is_control {
            self.in_message = !frame.is_last;
        }
        if !self.in_message {
            self.arrived = 0;
            self.completed += 1;
        }
    }

    /// Whether something has begun that is not complete.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.in_message || self.frame.is_some() || !self.header.is_empty()
    }

    /// How much of the message has arrived that is not complete, in bytes.
    pub(crate) fn arrived(&self) -> u64 {
        self.arrived
    }

    /// The size of the largest frame so far that was complete, in bytes.
    pub(crate) fn largest(&self) -> u64 {
        self.largest
    }

    /// How often all that had begun was complete.
    pub(crate) fn completed(&self) -> u64 {
        self.completed
    }
}

impl Frame {
    /// What `header` says, once it is complete.
    fn begin(header: &[u8]) -> Option<Self> {
        let [first, second, rest @ ..] = header else {
            return None;
        };
        let short = second & 0x7f;
        let extended = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        if rest.len() < extended + mask {
            return None;
        }
        let number = |bytes: &[u8]| bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        let size = match extended {
            0 => short.into(),
            _ => number(rest.get(..extended)?),
        };
        Some(Self {
            is_control: first & 0x0f >= CONTROL,
            is_last: first & 0x80 != 0,
            size,
            left: size,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// A masked frame.
    fn frame(first: u8, size: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match size {
            0..126 => frame.push(0x80 | size as u8),
            126..65536 => {
                frame.push(0x80 | 126);
                frame.extend((size as u16).to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((size as u64).to_be_bytes());
            }
        }
        frame.resize(frame.len() + 4 + size, 0xff);
        frame
    }

    /// The sizes of the frames that begin in `bytes`.
    fn follow(frames: &mut Frames, bytes: &[u8]) -> Vec<u64> {
        let mut sizes = vec![];
        let Ok(()) = frames.follow(bytes, |size| {
            sizes.push(size);
            Ok::<_, Infallible>(())
        });
        sizes
    }

    #[test]
    fn frames_are_told_apart_however_they_arrive() {
        let sizes = [0, 1, 125, 126, 65_535, 65_536];
        let bytes = sizes.map(|size| frame(0x82, size)).concat();
        for chunk in [1, 3, 2048, bytes.len()] {
            let mut frames = Frames::default();
            let chunks = bytes.chunks(chunk);
            let seen: Vec<_> = chunks.flat_map(|part| follow(&mut frames, part)).collect();
            assert_eq!(seen, sizes.map(|size| size as u64));
            assert_eq!(frames.completed(), sizes.len() as u64);
            assert_eq!(frames.largest(), 65_536);
            assert!(!frames.is_incomplete());
        }
    }

    #[test]
    fn each_byte_of_a_frame_but_the_last_leaves_it_incomplete() {
        let bytes = frame(0x82, 200);
        let mut frames = Frames::default();
        for byte in &bytes[..bytes.len() - 1] {
            follow(&mut frames, &[*byte]);
            assert!(frames.is_incomplete());
        }
        assert_eq!((frames.arrived(), frames.largest()), (199, 0));
        follow(&mut frames, &bytes[bytes.len() - 1..]);
        assert!(!frames.is_incomplete());
        assert_eq!(frames.arrived(), 0);
    }

    #[test]
    fn control_frames_complete_no_message() {
        let mut frames = Frames::default();
        for part in [frame(0x02, 10), frame(0x8a, 5), frame(0x00, 0)] {
            follow(&mut frames, &part);
            assert!(frames.is_incomplete());
            assert_eq!(frames.completed(), 0);
        }
        assert_eq!(frames.arrived(), 10);
        follow(&mut frames, &frame(0x80, 10));
        assert!(!frames.is_incomplete());
        follow(&mut frames, &frame(0x8a, 5));
        assert_eq!(frames.completed(), 2);
    }

    #[test]
    fn who_is_told_of_a_frame_may_end_it() {
        let mut frames = Frames::default();
        let too_large = |size| if size > 100 { Err(size) } else { Ok(()) };
        assert_eq!(frames.follow(&frame(0x82, 101)[..10], too_large), Err(101));
    }
}
