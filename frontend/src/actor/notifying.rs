//! Tells people who look elsewhere: by the browser's notifications and a sound, if they like, and in the title of the page.

use chat_api::{Address, Notification as Notice, NotificationKind};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Notification, NotificationOptions};
use yew::{Callback, platform::spawn_local};

use super::{Actor, memory};
use crate::{
    attention::permission,
    markdown,
    store::{
        Action, mentions,
        view::{Open, Panel},
    },
};

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
    /// Notifies of something, unless the person has it before their eyes.
    pub fn notify(&self, notice: &Notice, with_sound: bool) {
        let is_looking = gloo_utils::document().has_focus().unwrap_or(true);
        if with_sound && !(is_looking && self.looking_at.get() == Some(notice.room)) {
            self.sound.play();
        }
        if is_looking || permission() != Some(true) {
            return;
        }
        let (title, body) = words(notice);
        let options = NotificationOptions::new();
        options.set_body(&body);
        options.set_icon("icon-192.png");
        options.set_tag(&notice.room.to_string());
        // Without it, the title of the page tells.
        if let Ok(notification) = Notification::new_with_options(&title, &options) {
            self.lead_to(notice, &notification);
        }
    }

    /// Has a click on the notification lead to what it is about.
    fn lead_to(&self, notice: &Notice, notification: &Notification) {
        let message = mentions::message(notice);
        let place = Open::Place(Address::Room(notice.room), message);
        let what = match notice.kind {
            NotificationKind::Invitation => Open::Panel(Panel::Notifications),
            NotificationKind::Mention { .. } | NotificationKind::Direct { .. } => place,
        };
        let act = self.act.clone();
        let onclick = Closure::once_into_js(move || {
            // Where focus is refused, the page waits to be looked at.
            let _ = gloo_utils::window().focus();
            act.emit(Action::Open(what));
        });
        notification.set_onclick(Some(onclick.unchecked_ref()));
    }

    /// Makes a sound for what is new from now on, or none.
    pub(super) fn allow_sound(&self, on: bool) {
        memory::remember_sound(on);
        self.act.emit(Action::Sound(on));
        if on {
            // So that one knows what to listen for.
            self.sound.play();
        }
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
