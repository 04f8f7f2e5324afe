//! Whether people who look elsewhere like to be notified.

use js_sys::Reflect;
use web_sys::{Notification, NotificationPermission};

/// Whether the browser may notify; nothing, if it was not asked.
pub fn permission() -> Option<bool> {
    // Some browsers, as those of phones, have no notifications at all.
    if !Reflect::has(&gloo_utils::window(), &"Notification".into()).unwrap_or(false) {
        return Some(false);
    }
    match Notification::permission() {
        NotificationPermission::Granted => Some(true),
        NotificationPermission::Denied => Some(false),
        _ => None,
    }
}
