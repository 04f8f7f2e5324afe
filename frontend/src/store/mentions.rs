//! Which notifications are about what.

use chat_api::{MessageNumber, Notification, NotificationKind, RoomId};

/// How often one was mentioned in a room and has not read it.
pub fn in_room(notifications: &[Notification], room: RoomId) -> usize {
    let is_mention =
        |it: &&Notification| it.room == room && matches!(it.kind, NotificationKind::Mention { .. });
    notifications.iter().filter(is_mention).count()
}

/// The message that a notification is about.
pub fn message(notification: &Notification) -> Option<MessageNumber> {
    match &notification.kind {
        NotificationKind::Mention { message, .. } | NotificationKind::Direct { message, .. } => {
            Some(*message)
        }
        NotificationKind::Invitation => None,
    }
}
