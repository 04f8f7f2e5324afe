//! What a person wants when they use the page: all that the view can ask for.

use crate::outbox::Outgoing;
use chat_api::Person;
use std::rc::Rc;

/// Something this person wants to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Enter the room under this name: as who has signed in, else as a guest.
    Enter(String),
    /// Sign in, and enter the room under this name.
    SignIn(String),
    /// Not sign in after all.
    CancelSignIn,
    /// Leave the room, and be nobody again.
    SignOut,
    /// Leave the room, to choose another name.
    Leave,
    /// Open the connection anew.
    Reconnect,
    /// Write to this person only, or to everyone.
    Address(Option<Person>),
    /// Send a message.
    Write {
        /// The only reader, or everyone: what the composer showed when this was written.
        to: Option<Person>,
        /// What was written.
        text: String,
    },
    /// Send this undelivered message once more.
    Retry(Rc<Outgoing>),
    /// Give up on this undelivered message.
    Discard(u64),
}
