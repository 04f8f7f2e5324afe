//! Somebody's notifications, and a form to notify others.

use api::{Message, Notification};
use candid::Principal;
use ic_ws_yew::{Form, Inside, Known, local_time, new_id, set_title, short_id, use_socket};
use yew::prelude::*;

/// How many notifications are shown.
const MAX_SHOWN: usize = 100;

/// What the canister has told.
#[derive(Clone, Default)]
struct Told {
    notifications: Vec<Notification>,
    /// Everything up to this number is read.
    read: u64,
}

impl Known for Told {
    type Message = Message;

    fn take(&mut self, message: Message) -> Result<(), String> {
        match message {
            Message::Inbox(notifications, read) => {
                *self = Self {
                    notifications,
                    read,
                }
            }
            Message::New(notification) => {
                self.notifications.push(notification);
                let too_many = self.notifications.len().saturating_sub(MAX_SHOWN);
                self.notifications.drain(..too_many);
            }
            Message::Read(number) => self.read = number,
            Message::Refused(reason) => return Err(reason),
            Message::Notify(..) => {}
        }
        Ok(())
    }
}

/// The page of somebody who is notified.
#[component]
pub fn Inbox(props: &Inside) -> Html {
    let (told, socket) = use_socket::<Told>(&props.visitor);
    let reply_to = use_state_eq(String::new);
    let unread = told
        .notifications
        .iter()
        .filter(|it| it.number > told.read)
        .count();
    use_effect_with(unread, |unread| set_title("Notifications", *unread));
    let notify = socket.on_submit(|[to, text]| {
        let to = match to.trim() {
            "" => None,
            to => {
                Some(Principal::from_text(to).map_err(|_| format!("“{to}” is nobody’s address"))?)
            }
        };
        Ok(Message::Notify(new_id(), to, text))
    });
    let last = told.notifications.last().map_or(0, |it| it.number);
    let card = |it: &Notification| {
        let whom = if it.to.is_some() {
            "to you"
        } else {
            "to everybody"
        };
        let about = format!("From {} {whom}, {}", short_id(it.from), local_time(it.at));
        let (reply_to, from) = (reply_to.clone(), it.from.to_text());
        let reply = move |_: MouseEvent| reply_to.set(from.clone());
        html! {
            <li key={it.number} class={classes!("card", (it.number > told.read).then_some("new"))}>
                <p>{ &it.text }</p>
                <p class="fine">{ about }<button class="link" onclick={reply}>{ "Reply" }</button></p>
            </li>
        }
    };
    html! {
        <main>
            { socket.status() }
            <section class="card">
                <Form<2>
                    key={(*reply_to).clone()}
                    fields={["To (empty: everybody)", "Text"]}
                    first={[(*reply_to).clone(), String::new()]}
                    submit="Notify"
                    on_submit={notify}
                />
            </section>
            <section class="bar">
                <h2>{ format!("{unread} unread") }</h2>
                <button disabled={unread == 0} onclick={socket.on_click(Message::Read(last))}>{ "Mark all as read" }</button>
            </section>
            <ol class="cards">{ for told.notifications.iter().rev().map(card) }</ol>
            <p class="fine">
                { "Others notify you, and nobody else, at " }
                <code id="address">{ props.visitor.principal().to_text() }</code>
            </p>
        </main>
    }
}
