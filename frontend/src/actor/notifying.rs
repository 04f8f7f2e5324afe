//! Tells people who look elsewhere: by the browser's notifications and a sound, if they like, and in the title of the page.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use chat_api::{Address, Notification, NotificationKind, RoomId};
use gloo_events::EventListener;
use wasm_bindgen_futures::JsFuture;
use web_sys::NotificationOptions;
use yew::{Callback, platform::spawn_local};

use super::{
    Actor,
    locks::Lock,
    memory::{self, Drawer},
};
use crate::{
    attention::permission,
    markdown,
    store::{
        Action, notifications,
        view::{Open, Panel},
    },
};

/// What people who look elsewhere are told, and who does.
#[derive(Default)]
pub(super) struct Notifying {
    /// Held while the person looks at this page.
    is_looked_at: RefCell<Option<Lock>>,
    /// What leads from the latest notification of each room to it.
    clicks: RefCell<BTreeMap<RoomId, EventListener>>,
}

/// Asks whether the browser may notify.
pub(super) fn ask(act: Callback<Action>) {
    let Ok(promise) = web_sys::Notification::request_permission() else {
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

fn has_focus() -> bool {
    gloo_utils::document().has_focus().unwrap_or(true)
}

impl Actor {
    /// Takes note of whether the person looks at this page.
    pub fn attend(self: &Rc<Self>) {
        self.notifying.is_looked_at.take();
        let Some(drawer) = self.drawer().filter(|_| has_focus()) else {
            return;
        };
        self.tell_seen();
        let actor = Rc::clone(self);
        spawn_local(async move {
            let lock = Lock::share(&looking(drawer)).await;
            if has_focus() && actor.drawer() == Some(drawer) {
                actor.notifying.is_looked_at.replace(lock);
            }
        });
    }

    /// Tells of what is new: here, if the person looks at this page; else unless they look at another one of theirs.
    pub fn notify(self: &Rc<Self>, notifications: Vec<Notification>, with_sound: bool) {
        let looking_at = self.looking_at.get().filter(|_| has_focus());
        let is_before_eyes = |it: &Notification| looking_at == Some(it.room);
        let with_sound = with_sound && !notifications.iter().all(is_before_eyes);
        if has_focus() && with_sound {
            self.sound.play();
        }
        if notifications.is_empty() || has_focus() {
            return;
        }
        let Some(drawer) = self.drawer() else {
            return;
        };
        let actor = Rc::clone(self);
        spawn_local(async move {
            // Who has it tells the same.
            let Some(_alone) = Lock::take(&looking(drawer)).await else {
                return;
            };
            if with_sound {
                actor.sound.play();
            }
            if permission() == Some(true) {
                notifications.iter().for_each(|it| actor.show(it));
            }
        });
    }

    fn show(&self, notification: &Notification) {
        let (title, body) = words(notification);
        let options = NotificationOptions::new();
        options.set_body(&body);
        options.set_icon("icon-192.png");
        options.set_tag(&notification.room.to_string());
        // Without it, the title of the page tells.
        if let Ok(shown) = web_sys::Notification::new_with_options(&title, &options) {
            self.lead_to(notification, shown);
        }
    }

    /// Has a click on what is shown lead to what it is about.
    fn lead_to(&self, notification: &Notification, shown: web_sys::Notification) {
        let room = notification.room;
        let what = match notification.kind {
            NotificationKind::Invitation => Open::Panel(Panel::Notifications),
            NotificationKind::Mention { .. } | NotificationKind::Direct { .. } => {
                Open::Place(Address::Room(room), notifications::message(notification))
            }
        };
        let act = self.act.clone();
        let click = EventListener::once(&shown.clone(), "click", move |_| {
            // Where focus is refused, the page waits to be looked at.
            let _ = gloo_utils::window().focus();
            act.emit(Action::Open(what));
            shown.close();
        });
        self.notifying.clicks.borrow_mut().insert(room, click);
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

    /// Nobody looks, and nobody is to be told.
    pub(super) fn forget_notifying(&self) {
        self.notifying.is_looked_at.take();
        self.notifying.clicks.take();
    }
}

/// What is locked while this person looks at a page of theirs.
fn looking(drawer: Drawer) -> String {
    format!("looking-{}", drawer.owner)
}

fn words(notification: &Notification) -> (String, String) {
    let by = &notification.by.name;
    match &notification.kind {
        NotificationKind::Mention { text, .. } => (
            format!("{by} mentioned you in {}", notification.room_name),
            markdown::plain(text),
        ),
        NotificationKind::Direct { text, .. } => (by.clone(), markdown::plain(text)),
        NotificationKind::Invitation => (
            format!("{by} invited you"),
            format!("to join {}", notification.room_name),
        ),
    }
}
