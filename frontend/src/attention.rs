//! Whether people who look elsewhere like to be notified.

use web_sys::{Notification, NotificationPermission};

/// Whether the browser may notify; nothing, if it was not asked.
pub fn permission() -> Option<bool> {
    match Notification::permission() {
        NotificationPermission::Granted => Some(true),
        NotificationPermission::Denied => Some(false),
        _ => None,
    }
}
