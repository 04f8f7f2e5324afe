//! How much there may be of everything, in one place. Whoever reaches a limit is refused in words, or loses the oldest.

use chat_api::Time;

/// What can be had at most. Sizes of single things are in `chat-api`, where the page finds them, too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// People. Beyond, nobody new gets a profile.
    pub people: u64,
    /// Rooms and conversations. Beyond, none can be made.
    pub rooms: u64,
    /// Rooms that one person ever makes.
    pub rooms_made: u32,
    /// Groups that one person is a member of.
    pub groups: u32,
    /// Conversations that one person has started.
    pub conversations_started: u32,
    /// Conversations of one person that others may start something with.
    pub conversations: u32,
    /// Members of one room.
    pub members: u32,
    /// Open invitations of one person.
    pub invitations: usize,
    /// For how long nobody is invited to a room again after an invitation has come to nothing, in nanoseconds.
    pub invitation_pause: Time,
    /// Invitations of one person that have come to nothing and are remembered. Beyond, the oldest is forgotten.
    pub invitations_ended: usize,
    /// Open invitations to one room.
    pub room_invitations: usize,
    /// People banned from one room.
    pub bans: u32,
    /// People whom one person has blocked.
    pub blocked: usize,
    /// Messages of one room. Beyond, the oldest go.
    pub messages: u64,
    /// Bytes of the messages of one room, likewise.
    pub room_bytes: u64,
    /// Bytes of everything. Beyond, nothing is taken that takes much: half of what stable memory is managed for, as trees are not
    /// densely filled.
    pub bytes: u64,
    /// Changes of one room that can be caught up with. Beyond, the oldest go, and who was away longer starts anew.
    pub room_changes: u32,
    /// Changes for one person alone, likewise.
    pub person_changes: u32,
    /// Unread notifications of one person. Beyond, the oldest goes.
    pub notifications: usize,
    /// Devices of one person whose commands are recognised when they come again. Beyond, the one longest unused is forgotten.
    pub devices: usize,
    /// Connections that are checked at once for whether they are still open.
    pub checked_at_once: usize,
    /// Commands and signals that one person may give at once, after a rest: more than `MAX_IN_FLIGHT`, which a page may send
    /// at once.
    pub burst: u32,
    /// Commands and signals that one person may give in a second, all the time.
    pub per_second: u32,
    /// As many recipients of what comes of a command or signal, or of somebody's coming, cost as much as one more.
    pub recipients_per_token: usize,
    /// For how long it is no news that a person is still typing in the same room, in nanoseconds.
    pub typing_pause: Time,
    /// People whose rates are watched. Beyond, the one longest quiet is forgotten.
    pub rates: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            people: 1_000_000,
            rooms: 1_000_000,
            rooms_made: 50,
            groups: 100,
            conversations_started: 250,
            conversations: 1_000,
            members: 5_000,
            invitations: 50,
            invitation_pause: 24 * 3_600_000_000_000,
            invitations_ended: 200,
            room_invitations: 500,
            bans: 1_000,
            blocked: 200,
            messages: 1_000_000,
            room_bytes: 256 << 20,
            bytes: 16 << 30,
            room_changes: 10_000,
            person_changes: 2_000,
            notifications: chat_api::MAX_NOTIFICATIONS,
            devices: 256,
            checked_at_once: 1_000,
            burst: 150,
            per_second: 10,
            recipients_per_token: 50,
            typing_pause: 2_000_000_000,
            rates: 20_000,
        }
    }
}
