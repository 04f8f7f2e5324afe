//! One's own messages that are not in the room yet.

use chat_api::{Command, Person};
use yew::prelude::*;

use super::text::Markdown;
use crate::{
    components::{Avatar, icon},
    intent::Intent,
    store::outbox::{Pending, State},
};

/// One's own messages that are not in the room yet, oldest first.
pub fn pending_messages<'a>(
    pending: impl Iterator<Item = &'a Pending>,
    you: Option<&Person>,
    intents: &Callback<Intent>,
) -> Html {
    html! {
        <ol class="pending" aria-label="Being sent">
            { for pending.map(|pending| one(pending, you, intents)) }
        </ol>
    }
}

fn one(pending: &Pending, you: Option<&Person>, intents: &Callback<Intent>) -> Html {
    let Command::Say { text, .. } = &pending.request.command else {
        return Html::default();
    };
    let id = pending.request.id;
    let command = pending.request.command.clone();
    let retry = intents.reform(move |_: MouseEvent| Intent::Retry(id, command.clone()));
    let discard = intents.reform(move |_: MouseEvent| Intent::Discard(id));
    html! {
        <li key={format!("{}-{}", id.device, id.number)} class="message-row">
            <article class="message" aria-label="Your message">
                <div class="message-side">
                    if let Some(you) = you {
                        <Avatar person={you.clone()} id={you.id} />
                    }
                </div>
                <div>
                    <div class="message-text">
                        <Markdown text={text.clone()} />
                        <span class="footnote">{ state(&pending.state) }</span>
                    </div>
                    if let State::Failed(reason) = &pending.state {
                        <p class="send-failed" role="alert">
                            { icon::warning() }
                            <span>{ "Not sent: " }{ reason }</span>
                            <button type="button" onclick={retry}>{ "Send again" }</button>
                            <button type="button" class="quiet" onclick={discard}>{ "Discard" }</button>
                        </p>
                    }
                </div>
            </article>
        </li>
    }
}

fn state(state: &State) -> Html {
    let (label, picture) = match state {
        State::Sending => ("Sending", icon::clock()),
        State::Accepted => ("Accepted by the canister", icon::check()),
        State::Failed(_) => return Html::default(),
    };
    html! {
        <span class="send-state" title={label} role="img" aria-label={label}>{ picture }</span>
    }
}
