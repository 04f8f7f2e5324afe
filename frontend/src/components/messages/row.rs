//! One message in the list, with what stands above it: the day, and where the unread begins.

use std::rc::Rc;

use candid::Principal;
use chat_api::{Message, MessageNumber, Role, RoomId};
use yew::prelude::*;

use super::message::message_view;
use crate::{clock, intent::use_intents, shared::Shared, store::people::People};

/// Messages of one author that follow within this time are set as one block, in nanoseconds.
const BLOCK_SPAN: u64 = 5 * 60 * 1_000_000_000;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub number: MessageNumber,
    /// Among all messages of the room, from 0.
    pub position: u64,
    pub room: RoomId,
    /// Nothing until it has come.
    pub message: Option<Rc<Message>>,
    pub previous: Option<Rc<Message>>,
    pub replied: Option<Rc<Message>>,
    pub people: Shared<People>,
    pub me: Option<Principal>,
    pub role: Option<Role>,
    pub is_direct: bool,
    pub is_first: bool,
    pub is_unread_from: bool,
    pub is_read_by_partner: bool,
    pub is_target: bool,
    pub is_current: bool,
}

#[component]
pub fn Row(props: &Props) -> Html {
    let intents = use_intents();
    let is_near = use_state_eq(|| false);
    let Some(message) = &props.message else {
        return html! {
            <li class="message-row coming" data-number={props.number.to_string()} aria-busy="true">
                <span class="skeleton" />
            </li>
        };
    };
    let previous = props.previous.as_deref();
    let day = clock::local_day(message.at);
    let is_new_day = match previous {
        Some(previous) => clock::local_day(previous.at) != day,
        None => props.is_first,
    };
    let continues = !is_new_day && !props.is_unread_from && continues(previous, message);
    html! {
        <li
            class={classes!(
                "message-row",
                props.is_target.then_some("target"),
                continues.then_some("continued"),
            )}
            data-number={props.number.to_string()}
            tabindex="-1"
            aria-posinset={(props.position + 1).to_string()}
            // Not known for long: each new message would change every row.
            aria-setsize="-1"
        >
            if is_new_day {
                <h3 class="day"><span>{ clock::day_words(message.at) }</span></h3>
            }
            if props.is_unread_from {
                <p class="unread-line"><span>{ "New" }</span></p>
            }
            { message_view(props, message, continues, &is_near, &intents) }
        </li>
    }
}

/// Whether a message is set in one block with the one before it.
fn continues(previous: Option<&Message>, message: &Message) -> bool {
    previous.is_some_and(|previous| {
        previous.author == message.author
            && message.reply_to.is_none()
            && message.at.saturating_sub(previous.at) < BLOCK_SPAN
    })
}
