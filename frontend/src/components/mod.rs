//! What the page shows of the store.

mod avatar;
mod composer;
mod connection;
mod conversation;
mod dialogs;
mod entrance;
mod fields;
mod icon;
mod messages;
mod names;
mod notes;
mod page;
mod panels;
mod room_header;
mod room_list;
mod search;
mod sidebar;
mod typing;
mod welcome;
mod workspace;

pub use avatar::Avatar;
pub use page::page;
