//! What can be done with a message.

use std::rc::Rc;

use chat_api::{Command, Message, RoomId};
use web_sys::Element;
use yew::prelude::*;

use super::picker::EmojiPicker;
use crate::{
    components::icon,
    emoji,
    intent::{Intent, use_intents},
    store::view::{Open, Writing},
};

/// How many emojis are at hand.
const AT_HAND: usize = 3;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub message: Rc<Message>,
    pub room: RoomId,
    pub is_mine: bool,
    pub may_delete: bool,
    /// Whether the keyboard is at this message.
    pub is_current: bool,
}

/// What the row of buttons has opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opened {
    Nothing,
    PickerAbove,
    PickerBelow,
    Deletion,
}

#[component]
pub fn Actions(props: &Props) -> Html {
    let intents = use_intents();
    let opened = use_state_eq(|| Opened::Nothing);
    let (room, message) = (props.room, props.message.number);
    let close = {
        let opened = opened.clone();
        Callback::from(move |()| opened.set(Opened::Nothing))
    };
    let react = {
        let (intents, close) = (intents.clone(), close.clone());
        Callback::from(move |emoji: String| {
            close.emit(());
            intents.emit(Intent::Do(Command::React {
                room,
                message,
                emoji,
                on: true,
            }));
        })
    };
    let ask = {
        let opened = opened.clone();
        Callback::from(move |_: MouseEvent| opened.set(Opened::Deletion))
    };
    let choose = {
        let opened = opened.clone();
        Callback::from(move |event: MouseEvent| opened.set(where_there_is_room(&event)))
    };
    let write = |writing| intents.reform(move |_: MouseEvent| Intent::Open(Open::Writing(writing)));
    let delete = intents.reform(move |_: MouseEvent| Intent::Do(Command::Delete { room, message }));
    let keep = close.reform(|_: MouseEvent| ());
    let button = |label: &'static str, picture: Html, onclick: Callback<MouseEvent>| {
        html! {
            <button
                type="button"
                class="quiet square"
                title={label}
                aria-label={label}
                tabindex={if props.is_current { "0" } else { "-1" }}
                {onclick}
            >
                { picture }
            </button>
        }
    };
    html! {
        <div class={classes!("actions", (*opened != Opened::Nothing).then_some("opened"))}>
            if *opened == Opened::Deletion {
                <div class="confirm" role="group" aria-label="Delete this message?">
                    <span>{ "Delete?" }</span>
                    <button type="button" class="danger" onclick={delete}>{ "Delete" }</button>
                    <button type="button" class="quiet" onclick={keep}>{ "Keep" }</button>
                </div>
            } else {
                <div class="toolbar" role="toolbar" aria-label="Actions">
                    <span class="at-hand">
                        { for emoji::FIRST.into_iter().take(AT_HAND).map(|emoji| {
                            let onclick = react.reform(move |_: MouseEvent| emoji.to_owned());
                            let picture = html! { <span class="emoji">{ emoji }</span> };
                            button(emoji, picture, onclick)
                        }) }
                    </span>
                    { button("React", icon::smile(), choose) }
                    { button("Reply", icon::reply(), write(Writing::Reply(message))) }
                    if props.is_mine {
                        { button("Edit", icon::pencil(), write(Writing::Edit(message))) }
                    }
                    if props.may_delete {
                        { button("Delete", icon::bin(), ask) }
                    }
                </div>
                if matches!(*opened, Opened::PickerAbove | Opened::PickerBelow) {
                    <EmojiPicker
                        is_above={*opened == Opened::PickerAbove}
                        on_pick={react}
                        on_close={close}
                    />
                }
            }
        </div>
    }
}

/// The picker, on the side of the button where more of it is seen.
fn where_there_is_room(event: &MouseEvent) -> Opened {
    let window = gloo_utils::window();
    let height = window.inner_height().ok().and_then(|it| it.as_f64());
    let button = event.target_dyn_into::<Element>();
    match (button, height) {
        (Some(button), Some(height)) if button.get_bounding_client_rect().top() > height / 2.0 => {
            Opened::PickerAbove
        }
        _ => Opened::PickerBelow,
    }
}
