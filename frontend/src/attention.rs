//! How people who look elsewhere are told: by the browser's notifications, if they like, and in the title of the page.

use web_sys::{Notification, NotificationPermission};

/// The name of the page.
const TITLE: &str = "Commons";

/// Whether the browser may notify; nothing, if it was not asked.
pub fn permission() -> Option<bool> {
    match Notification::permission() {
        NotificationPermission::Granted => Some(true),
        NotificationPermission::Denied => Some(false),
        _ => None,
    }
}

/// Says in the title how many conversations want attention.
pub fn show_title(calls: usize) {
    let title = match calls {
        0 => TITLE.to_owned(),
        calls => format!("({calls}) {TITLE}"),
    };
    gloo_utils::document().set_title(&title);
}
