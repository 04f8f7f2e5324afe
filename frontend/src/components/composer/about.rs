//! What is written about, where it is more than a new message.

use std::rc::Rc;

use chat_api::Message;
use yew::prelude::*;

use crate::{components::icon, markdown, store::people::People, words};

/// What is done about a message, which is nothing while the page does not have it.
pub fn about(
    what: &'static str,
    message: Option<&Rc<Message>>,
    people: &People,
    on_cancel: &Callback<()>,
) -> Html {
    let cancel = on_cancel.reform(|_: MouseEvent| ());
    html! {
        <div class="writing-about">
            <strong>{ what }</strong>
            if let Some(message) = message {
                <bdi class="replied-name">{ people.name(message.author) }</bdi>
                <bdi class="replied-text">{ words::clipped(&markdown::plain(&message.text)) }</bdi>
            }
            { icon::button("Cancel", icon::cross(), cancel) }
        </div>
    }
}
