//! One message: who, when, what, and for whom when it is not for everyone.

use super::avatar::Avatar;
use super::icon;
use crate::clock;
use candid::Principal;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub message: Rc<chat_api::Message>,
    pub you: Option<Principal>,
    /// Set in one block with the message before it, without repeating the author.
    pub continued: bool,
}

#[component]
pub fn MessageView(props: &Props) -> Html {
    let Props {
        message,
        you,
        continued,
    } = props;
    let own = Some(message.author.id) == *you;
    let direct = message.to.is_some();
    html! {
        <article
            class={classes!(
                "message",
                direct.then_some("direct"),
                continued.then_some("continued"),
            )}
            data-testid="message"
            data-author={message.author.name.clone()}
            data-direct={direct.to_string()}
        >
            <Avatar person={message.author.clone()} />
            <div class="message-head">
                <span class="author">{ &message.author.name }</span>
                if own {
                    <span class="badge">{ "you" }</span>
                }
                if message.author.guest {
                    <span class="badge guest">{ "guest" }</span>
                }
                if let Some(audience) = audience(message, *you) {
                    <span class="audience">{ icon::lock() }{ audience }</span>
                }
            </div>
            <time datetime={clock::machine_time(message.at)} title={clock::full_words(message.at)}>
                { clock::time_words(message.at) }
            </time>
            <p class="text" dir="auto">{ &message.text }</p>
        </article>
    }
}

fn audience(message: &chat_api::Message, you: Option<Principal>) -> Option<String> {
    let to = message.to.as_ref()?;
    Some(if Some(to.id) == you {
        "direct, to you only".to_owned()
    } else {
        format!("direct, to {} only", to.name)
    })
}
