//! Which notifications are about what.

use candid::Principal;
use chat_api::{MessageNumber, Notification, NotificationKind, RoomId};

use super::Store;

/// Up to which notification somebody was told of theirs.
#[derive(Debug, Default)]
pub struct Told(Option<(Principal, u64)>);

impl Told {
    /// What is to be told now, oldest first: all that came since the page was first up to date.
    pub fn fresh(&mut self, store: &Store) -> Vec<Notification> {
        let Some(me) = store.me() else {
            self.0 = None;
            return Vec::new();
        };
        if !store.is_live() {
            return Vec::new();
        }
        let told = self.0.filter(|(person, _)| *person == me);
        let latest = store.notifications.last().map_or(0, |last| last.number);
        let up_to = told.map_or(latest, |(_, up_to)| up_to);
        self.0 = Some((me, up_to.max(latest)));
        let fresh = store.notifications.iter().filter(|it| it.number > up_to);
        fresh.cloned().collect()
    }
}

/// How often one was mentioned in a room and has not read it.
pub fn mentions_in(notifications: &[Notification], room: RoomId) -> usize {
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
