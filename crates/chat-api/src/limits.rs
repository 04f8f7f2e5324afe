//! The sizes that a page must know to keep within them. The canister refuses what is beyond.

/// The longest name of a person or a room, in characters.
pub const MAX_NAME_CHARS: usize = 32;

/// The longest topic of a room, in bytes of UTF-8.
pub const MAX_TOPIC_BYTES: usize = 256;

/// The longest message text, in bytes of UTF-8.
pub const MAX_TEXT_BYTES: usize = 8 * 1024;

/// The largest image of a person, in bytes.
pub const MAX_IMAGE_BYTES: usize = 32 * 1024;

/// The most pixels that such an image is wide or high.
pub const MAX_IMAGE_SIDE: u32 = 512;

/// The longest emoji, in bytes of UTF-8: a family with skin tones has 41.
pub const MAX_EMOJI_BYTES: usize = 48;

/// The most people that one message may mention.
pub const MAX_MENTIONS: usize = 20;

/// The most different emojis under one message.
pub const MAX_EMOJIS: usize = 20;

/// The most reactions to one message, all emojis together.
pub const MAX_REACTIONS: u32 = 1000;

/// The most notifications kept for one person; then the oldest goes.
pub const MAX_NOTIFICATIONS: usize = 200;

/// How much of a message a [`Preview`](crate::Preview) shows at most, in characters.
pub const PREVIEW_CHARS: usize = 160;

/// How many commands that are not settled a client may have sent at once. The canister takes as many, and remembers which it
/// refused.
pub const MAX_IN_FLIGHT: usize = 100;

/// The largest page of any query, in items. Who asks for more gets as many.
pub const MAX_PAGE: u32 = 100;

/// In rooms of more members, [passing](crate::Passing) events are not told: everyone's coming and going would reach
/// everyone.
pub const LIVELY_MEMBERS: u32 = 250;
