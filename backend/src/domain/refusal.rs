//! Why commands are not carried out, in words for the person who gave them.

use chat_api::{
    CommandId, Event, MAX_EMOJI_BYTES, MAX_EMOJIS, MAX_IMAGE_BYTES, MAX_IMAGE_SIDE, MAX_MENTIONS,
    MAX_NAME_CHARS, MAX_REACTIONS, MAX_TEXT_BYTES, MAX_TOPIC_BYTES,
};
use ic_ws_cdk::ClientKey;
use thiserror::Error;

use super::Delivery;

/// Why a command is not carried out.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum Refusal {
    // What was sent.
    #[error("The message could not be read: {0}")]
    Undecodable(String),
    #[error("That was too much at once. Wait a little.")]
    TooFast,
    /// It was sent again.
    #[error("That was refused before.")]
    Before,
    #[error("Choose a name first.")]
    NoProfile,
    // What is in it.
    #[error("The name is empty.")]
    BlankName,
    #[error("The name is longer than {MAX_NAME_CHARS} characters.")]
    NameTooLong,
    #[error("The name has invisible characters.")]
    InvisibleInName,
    #[error("The topic has {0} bytes, at most {MAX_TOPIC_BYTES} are allowed.")]
    TopicTooLong(usize),
    #[error("The topic has invisible characters.")]
    InvisibleInTopic,
    #[error("The image has {0} bytes, at most {MAX_IMAGE_BYTES} are allowed.")]
    ImageTooLarge(usize),
    #[error("The image is {0} by {1} pixels, at most {MAX_IMAGE_SIDE} each are allowed.")]
    ImageTooWide(u32, u32),
    #[error("The image moves. Only still ones are allowed.")]
    AnimatedImage,
    #[error("The image is neither PNG nor WebP.")]
    NotAnImage,
    #[error("The message is empty.")]
    BlankText,
    #[error("The message has {0} bytes, at most {MAX_TEXT_BYTES} are allowed.")]
    TextTooLong(usize),
    #[error("The message mentions {0} people, at most {MAX_MENTIONS} are allowed.")]
    TooManyMentions(usize),
    #[error("That is no emoji of at most {MAX_EMOJI_BYTES} bytes.")]
    NotAnEmoji,
    // What it is about.
    #[error("There is no such room.")]
    NoSuchRoom,
    #[error("There is no such person.")]
    NoSuchPerson,
    #[error("There is no such message.")]
    NoSuchMessage,
    #[error("The message was deleted.")]
    MessageDeleted,
    // Who does it.
    #[error("You are not a member of this room.")]
    NotAMember,
    #[error("You are banned from this room.")]
    Banned,
    #[error("Only moderators of this room may do that.")]
    ModeratorsOnly,
    #[error("Only the owner of this room may do that.")]
    OwnersOnly,
    #[error("That cannot be done in a conversation.")]
    NotInConversations,
    #[error("Only its author may edit a message.")]
    NotTheAuthor,
    // To whom.
    #[error("They are not a member of this room.")]
    TheyAreNoMember,
    #[error("They are a member of this room already.")]
    TheyAreAMember,
    #[error("They are banned from this room.")]
    TheyAreBanned,
    #[error("You have blocked them.")]
    BlockedByYou,
    #[error("They have blocked you.")]
    BlockedByThem,
    #[error("You cannot block yourself.")]
    NotOneself,
    #[error("You can do that only to members of a lower role.")]
    NotOfLowerRole,
    #[error("An invitation of theirs to this room has come to nothing lately. Wait a day.")]
    InvitedLately,
    #[error("Make somebody else the owner first.")]
    OwnerMustHandOver,
    // How much there is.
    #[error("The chat has no room for more people.")]
    TooManyPeople,
    #[error("The chat has no room for more rooms.")]
    TooManyRooms,
    #[error("You have made {0} rooms, the limit.")]
    TooManyRoomsMade(u32),
    #[error("You are a member of {0} rooms, the limit.")]
    TooManyGroups(u32),
    #[error("You have started {0} conversations, the limit.")]
    TooManyConversationsStarted(u32),
    #[error("They have {0} conversations, the limit.")]
    TooManyConversations(u32),
    #[error("The chat is full.")]
    Full,
    #[error("The room has {0} members, the limit.")]
    RoomFull(u32),
    #[error("They have {0} invitations, the limit.")]
    TooManyInvitations(usize),
    #[error("The room has {0} open invitations, the limit.")]
    TooManyRoomInvitations(usize),
    #[error("{0} people are banned from this room, the limit.")]
    TooManyBans(u32),
    #[error("You have blocked {0} people, the limit.")]
    TooManyBlocked(usize),
    #[error("The message has {MAX_EMOJIS} different emojis, the limit.")]
    TooManyEmojis,
    #[error("The message has {MAX_REACTIONS} reactions, the limit.")]
    TooManyReactions,
}

impl Refusal {
    /// Tells only the connection that it came over.
    pub fn delivery(&self, to: ClientKey, id: Option<CommandId>) -> Delivery {
        let reason = self.to_string();
        Delivery::only(to, Event::Refused { id, reason })
    }
}
