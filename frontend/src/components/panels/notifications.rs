//! What this person was notified of and has not read.

use chat_api::{Address, Command, Invitation, Notification, NotificationKind};
use yew::prelude::*;

use crate::{
    attention::permission,
    clock,
    components::{Avatar, dialogs::invitations, icon},
    intent::{Intent, use_intents},
    markdown,
    shared::Shared,
    store::{notifications, people::People, view::Open},
    words,
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub notifications: Shared<Vec<Notification>>,
    pub invitations: Shared<Vec<Invitation>>,
    pub people: Shared<People>,
    pub sound: bool,
}

#[component]
pub fn NotificationsPanel(props: &Props) -> Html {
    let intents = use_intents();
    let read_all = props.notifications.last().map(|last| {
        let up_to = last.number;
        let onclick =
            intents.reform(move |_: MouseEvent| Intent::Do(Command::ReadNotifications { up_to }));
        html! { <button type="button" class="quiet" {onclick}>{ "Mark all as read" }</button> }
    });
    let sound = props.sound;
    let onclick = intents.reform(move |_: MouseEvent| Intent::AllowSound(!sound));
    let about_messages = props
        .notifications
        .iter()
        .rev()
        .filter(|one| one.kind != NotificationKind::Invitation);
    html! {
        <>
            <div class="panel-actions">
                { allow_notifications(&intents) }
                <button type="button" aria-pressed={sound.to_string()} {onclick}>
                    { if sound { icon::sound() } else { icon::sound_off() } }{ "Sound" }
                </button>
                { read_all }
            </div>
            { invitations(&props.invitations, &props.people, &intents) }
            <ul>
                { for about_messages.map(|notification| one(notification, &intents)) }
            </ul>
            if props.notifications.is_empty() && props.invitations.is_empty() {
                <p class="empty fine">{ "You are up to date." }</p>
            }
        </>
    }
}

fn one(notification: &Notification, intents: &Callback<Intent>) -> Html {
    let place = Address::Room(notification.room);
    let message = notifications::message(notification);
    let onclick = intents.reform(move |_: MouseEvent| Intent::Open(Open::Place(place, message)));
    let (what, text) = match &notification.kind {
        NotificationKind::Mention { text, .. } => {
            (format!("mentioned you in {}", notification.room_name), text)
        }
        NotificationKind::Direct { text, .. } => ("wrote to you".to_owned(), text),
        NotificationKind::Invitation => return Html::default(),
    };
    html! {
        <li key={notification.number}>
            <button type="button" class="notification" {onclick}>
                <Avatar person={notification.by.clone()} id={notification.by.id} />
                <span>
                    <strong><bdi>{ &notification.by.name }</bdi></strong>{ " " }<bdi>{ what }</bdi>
                </span>
                <time datetime={clock::machine_time(notification.at)}>
                    { clock::ago_words(notification.at) }
                </time>
                <span class="notification-text"><bdi>{ words::clipped(&markdown::plain(text)) }</bdi></span>
            </button>
        </li>
    }
}

/// Has the browser notify, too, if it was not asked yet.
fn allow_notifications(intents: &Callback<Intent>) -> Html {
    if permission().is_some() {
        return Html::default();
    }
    let onclick = intents.reform(|_: MouseEvent| Intent::AllowNotifications);
    html! { <button type="button" {onclick}>{ "Notify me on this device" }</button> }
}
