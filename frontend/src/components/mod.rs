//! What people see: small components, one a file. They show the store and report intents, nothing else.

mod avatar;
mod composer;
mod connection;
mod entrance;
mod header;
mod icon;
mod message;
mod outbox;
mod page;
mod people;
mod room;
mod setup_error;
mod timeline;

pub use page::Page;
pub use setup_error::SetupError;
