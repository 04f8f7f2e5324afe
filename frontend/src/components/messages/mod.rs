//! The messages of a conversation.

mod actions;
mod effects;
mod heights;
mod list;
mod message;
mod pending;
mod picker;
mod reactions;
mod row;
mod scroller;
mod text;

pub use self::{list::MessageList, pending::pending_messages, picker::EmojiPicker, text::Markdown};
