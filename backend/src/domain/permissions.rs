//! Who may do what in which room: all of it.

use chat_api::{Role, RoomKind, Visibility};

use super::Refusal;

/// What somebody does in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Know that it is there.
    Know,
    /// Read it, and see who is in it.
    Read,
    /// Become a member.
    Enter,
    /// Write, react, mark as read, and whatever else members do for themselves.
    Write,
    /// End being a member, or being shown a conversation.
    Leave,
    /// Let others in.
    Invite,
    /// Change its name and topic.
    Edit,
    /// Change who finds it: what was said among few can become everyone's to read.
    Publish,
    /// Put others out, and see who is banned or invited.
    Dismiss,
    /// Delete what others wrote.
    Censor,
    /// Say who is what.
    Appoint,
}

/// What somebody is to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Stranger,
    Banned,
    Invited,
    Member(Role),
}

/// Whether somebody of this standing may do this in a room of this kind.
pub(super) fn may(standing: Standing, kind: RoomKind, deed: Deed) -> bool {
    use Deed::*;
    use RoomKind::{Direct, Group};
    use Visibility::{Private, Public};

    let (is_banned, is_invited) = (standing == Standing::Banned, standing == Standing::Invited);
    let role = match standing {
        Standing::Member(role) => Some(role),
        _ => None,
    };
    let (is_member, is_moderator) = (role.is_some(), role >= Some(Role::Moderator));
    match (deed, kind) {
        (Know, Group(Public)) => true,
        (Know, Group(Private)) => is_member || is_invited,
        (Read, Group(Public)) => !is_banned,
        (Read, Group(Private)) => is_member,
        (Enter, Group(Public)) => !is_member && !is_banned,
        (Enter, Group(Private)) => is_invited,
        (Write | Leave, Group(_)) => is_member,
        (Invite, Group(Public)) => is_member,
        (Invite, Group(Private)) => is_moderator,
        (Edit | Dismiss | Censor, Group(_)) => is_moderator,
        (Publish | Appoint, Group(_)) => role == Some(Role::Owner),
        (Know | Read | Write | Leave, Direct) => is_member,
        (Enter | Invite | Edit | Publish | Dismiss | Censor | Appoint, Direct) => false,
    }
}

/// Why not. To those who may not know of a room it is as if there were none.
pub(super) fn check(standing: Standing, kind: RoomKind, deed: Deed) -> Result<(), Refusal> {
    if may(standing, kind, deed) {
        return Ok(());
    }
    Err(match standing {
        _ if !may(standing, kind, Deed::Know) => Refusal::NoSuchRoom,
        Standing::Banned => Refusal::Banned,
        _ if kind == RoomKind::Direct => Refusal::NotInConversations,
        Standing::Stranger | Standing::Invited => Refusal::NotAMember,
        Standing::Member(_) if matches!(deed, Deed::Publish | Deed::Appoint) => Refusal::OwnersOnly,
        Standing::Member(_) => Refusal::ModeratorsOnly,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_api::Role::*;
    use chat_api::Visibility::*;

    const STANDINGS: [Standing; 6] = [
        Standing::Banned,
        Standing::Stranger,
        Standing::Invited,
        Standing::Member(Member),
        Standing::Member(Moderator),
        Standing::Member(Owner),
    ];

    /// A column for each standing, in the order above.
    #[rustfmt::skip]
    const TABLE: [(Deed, &str, &str, &str); 11] = [
        // Deed           public    private   conversation
        (Deed::Know,     "xxxxxx", "..xxxx", "...xxx"),
        (Deed::Read,     ".xxxxx", "...xxx", "...xxx"),
        (Deed::Enter,    ".xx...", "..x...", "......"),
        (Deed::Write,    "...xxx", "...xxx", "...xxx"),
        (Deed::Leave,    "...xxx", "...xxx", "...xxx"),
        (Deed::Invite,   "...xxx", "....xx", "......"),
        (Deed::Edit,     "....xx", "....xx", "......"),
        (Deed::Publish,  ".....x", ".....x", "......"),
        (Deed::Dismiss,  "....xx", "....xx", "......"),
        (Deed::Censor,   "....xx", "....xx", "......"),
        (Deed::Appoint,  ".....x", ".....x", "......"),
    ];

    #[test]
    fn the_table_holds() {
        for (deed, public, private, direct) in TABLE {
            let kinds = [
                (RoomKind::Group(Public), public),
                (RoomKind::Group(Private), private),
                (RoomKind::Direct, direct),
            ];
            for (kind, expected) in kinds {
                let mark = |standing| if may(standing, kind, deed) { 'x' } else { '.' };
                let actual: String = STANDINGS.into_iter().map(mark).collect();
                assert_eq!(actual, expected, "{deed:?} in {kind:?}");
            }
        }
    }

    #[test]
    fn a_private_room_is_not_told_from_none() {
        for standing in [Standing::Banned, Standing::Stranger] {
            for (deed, ..) in TABLE {
                let refused = check(standing, RoomKind::Group(Private), deed).unwrap_err();
                assert_eq!(refused, Refusal::NoSuchRoom, "{standing:?} {deed:?}");
            }
        }
    }
}
