//! What is written about, where it is more than a new message.

use std::rc::Rc;

use chat_api::Message;
use yew::prelude::*;

use crate::{components::icon, markdown, shared::Shared, store::people::People, words};

#[derive(Properties, PartialEq)]
pub struct Props {
    /// What is done about the message.
    pub what: &'static str,
    /// Nothing while the page does not have it.
    pub message: Option<Rc<Message>>,
    pub people: Shared<People>,
    pub on_cancel: Callback<()>,
}

#[component]
pub fn About(props: &Props) -> Html {
    let cancel = props.on_cancel.reform(|_: MouseEvent| ());
    html! {
        <div class="writing-about">
            <strong>{ props.what }</strong>
            if let Some(message) = &props.message {
                <bdi class="replied-name">{ props.people.name(message.author) }</bdi>
                <bdi class="replied-text">{ words::clipped(&markdown::plain(&message.text)) }</bdi>
            }
            { icon::button("Cancel", icon::cross(), cancel) }
        </div>
    }
}
