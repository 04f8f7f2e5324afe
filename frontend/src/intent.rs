//! What a person wants when they use the page: all that the view can ask for.

use candid::Principal;
use chat_api::{
    Command, CommandId, FoundRooms, MessageNumber, PeoplePage, Person, Room, RoomId, RoomsAfter,
    Span,
};
use yew::{Callback, hook, use_context};

use crate::store::view::{List, Open};

/// Told what the canister answered, or in words why it did not.
pub type Answer<T> = Callback<Result<T, String>>;

/// Something this person wants to happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// Enter under this name: as who has signed in, else as a guest.
    Enter(String),
    /// Sign in, and enter under this name, or the one the canister knows.
    SignIn(Option<String>),
    /// Not sign in after all.
    CancelSignIn,
    /// Leave, and be nobody again.
    SignOut,
    /// Open the connection anew.
    Reconnect,
    /// Open or close something.
    Open(Open),
    /// Look at a public room.
    Visit(Room),
    /// Have the canister do something.
    Do(Command),
    /// Send this message that failed once more.
    Retry(CommandId, Command),
    /// Give up on this message that failed.
    Discard(CommandId),
    /// Get these messages.
    Load(RoomId, Span, u32),
    /// Get the members after this one.
    LoadMembers(RoomId, Option<Principal>),
    /// Get somebody's image of this version.
    LoadImage(Principal, u64),
    /// The messages of a room before this one have been on the screen, which so often was told in vain.
    Seen(RoomId, MessageNumber, u32),
    /// A text to a room is being written.
    Type(RoomId),
    /// Find public rooms whose names begin so.
    FindRooms(String, Option<RoomsAfter>, Answer<FoundRooms>),
    /// Find people whose names begin so; among the members of a room, if one is given.
    FindPeople(String, Option<RoomId>, Answer<Vec<Person>>),
    /// Find who is on a list of a room, after this one.
    FindListed(List, RoomId, Option<Principal>, Answer<PeoplePage>),
    /// Be notified by the browser.
    AllowNotifications,
    /// Make a sound for what is new, or not.
    AllowSound(bool),
    /// A note was read.
    Dismiss(u64),
}

/// Where components tell what the person wants.
#[hook]
pub fn use_intents() -> Callback<Intent> {
    use_context::<Callback<Intent>>().unwrap_or_default()
}
