//! Tells people who look elsewhere: by the browser's notifications, if they like, and in the title of the page.

use std::rc::Rc;

use chat_api::{Notification as Notice, NotificationKind};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Notification, NotificationOptions};
use yew::{Callback, platform::spawn_local};

use super::Actor;
use crate::{attention::permission, markdown, store::Action};

/// The name of the page.
const TITLE: &str = "Commons";

/// Asks whether the browser may notify.
pub(super) fn ask(act: Callback<Action>) {
    let Ok(promise) = Notification::request_permission() else {
        let words = "This browser has no notifications.";
        return act.emit(Action::Note(words.to_owned()));
    };
    spawn_local(async move {
        // Refused or not, the answer is what is read next.
        let _ = JsFuture::from(promise).await;
        act.emit(Action::Note(match permission() {
            Some(true) => "You will be notified while you look elsewhere.".to_owned(),
            _ => "The browser will not notify you. Its settings can change that.".to_owned(),
        }));
    });
}

/// Says in the title how many conversations want attention.
pub fn show_title(calls: usize) {
    let title = match calls {
        0 => TITLE.to_owned(),
        calls => format!("({calls}) {TITLE}"),
    };
    gloo_utils::document().set_title(&title);
}

impl Actor {
    /// Notifies of something, unless the person looks at the page.
    pub fn notify(self: &Rc<Self>, notice: &Notice) {
        if permission() != Some(true) || gloo_utils::document().has_focus().unwrap_or(true) {
            return;
        }
        let (title, body) = words(notice);
        let options = NotificationOptions::new();
        options.set_body(&body);
        options.set_icon("icon.svg");
        options.set_tag(&notice.room.to_string());
        // Without it, the title of the page tells.
        let _ = Notification::new_with_options(&title, &options);
    }
}

fn words(notice: &Notice) -> (String, String) {
    let by = &notice.by.name;
    match &notice.kind {
        NotificationKind::Mention { text, .. } => (
            format!("{by} mentioned you in {}", notice.room_name),
            markdown::plain(text),
        ),
        NotificationKind::Direct { text, .. } => (by.clone(), markdown::plain(text)),
        NotificationKind::Invitation => (
            format!("{by} invited you"),
            format!("to join {}", notice.room_name),
        ),
    }
}
