//! Where this person writes. Its text goes away only when the message was taken over for sending.

use super::icon;
use crate::intent::Intent;
use crate::store::Connection;
use chat_api::{MAX_TEXT_BYTES, Person};
use yew::TargetCast;
use yew::prelude::*;

/// From which part of the limit on the remaining length is shown.
const WARN_BYTES: usize = MAX_TEXT_BYTES / 10 * 9;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub can_send: bool,
    pub connection: Connection,
    pub recipient: Option<Person>,
    pub recipient_left: bool,
    pub on_intent: Callback<Intent>,
}

#[component]
pub fn Composer(props: &Props) -> Html {
    let input = use_node_ref();
    let text = use_state_eq(String::new);
    let bytes = text.trim().len();
    let ready = props.can_send && (1..=MAX_TEXT_BYTES).contains(&bytes);

    use_focus_on_change(&input, props.recipient.as_ref());
    let send = {
        let (text, on_intent) = (text.clone(), props.on_intent.clone());
        Callback::from(move |()| {
            if ready {
                on_intent.emit(Intent::Write(text.trim().to_owned()));
                text.set(String::new());
            }
        })
    };
    let onsubmit = {
        let (send, input) = (send.clone(), input.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            send.emit(());
            focus(&input);
        })
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        // While an input method composes a word, Enter belongs to it.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            send.emit(());
        }
    });
    let oninput = {
        let text = text.clone();
        Callback::from(move |event: InputEvent| {
            text.set(
                event
                    .target_unchecked_into::<web_sys::HtmlTextAreaElement>()
                    .value(),
            );
        })
    };
    let direct = props.recipient.is_some();
    html! {
        <form class={classes!("composer", direct.then_some("direct"))} {onsubmit}>
            { recipient(props) }
            <div class="composer-row">
                // The twin gives the field the height of its text; see the style sheet.
                <div class="composer-field">
                    <textarea
                        ref={input}
                        id="composer"
                        rows="1"
                        dir="auto"
                        placeholder={placeholder(props)}
                        aria-label="Message"
                        aria-describedby="composer-hint"
                        value={(*text).clone()}
                        {oninput}
                        {onkeydown}
                    />
                    <div class="composer-twin" aria-hidden="true">{ &*text }{ "\u{200b}" }</div>
                </div>
                <button
                    id="send-button"
                    type="submit"
                    class="primary"
                    aria-label="Send"
                    disabled={!ready}
                >
                    { icon::arrow_up() }
                </button>
            </div>
            <p id="composer-hint" class="fine">{ hint(props, bytes) }</p>
        </form>
    }
}

fn recipient(props: &Props) -> Html {
    let Some(person) = &props.recipient else {
        return Html::default();
    };
    let clear = props
        .on_intent
        .reform(|_: MouseEvent| Intent::Address(None));
    html! {
        <div id="recipient" class="recipient" data-name={person.name.clone()}>
            { icon::lock() }
            <span>
                { "Only " }<strong>{ &person.name }</strong>
                { if props.recipient_left { " will read this, once they are back" } else { " will read this" } }
            </span>
            <button
                type="button"
                id="clear-recipient"
                class="quiet"
                aria-label="Write to everyone again"
                onclick={clear}
            >
                { icon::cross() }
            </button>
        </div>
    }
}

fn placeholder(props: &Props) -> String {
    match &props.recipient {
        Some(person) => format!("Write to {} only", person.name),
        None => "Write to everyone".to_owned(),
    }
}

fn hint(props: &Props, bytes: usize) -> Html {
    if bytes > MAX_TEXT_BYTES {
        let over = bytes - MAX_TEXT_BYTES;
        return html! { <span class="problem">{ format!("{over} bytes too long to send") }</span> };
    }
    if bytes > WARN_BYTES {
        return html! { format!("{} bytes left", MAX_TEXT_BYTES - bytes) };
    }
    match (&props.connection, props.can_send) {
        (_, true) => html! {
            <span class="keys">
                <kbd>{ "Enter" }</kbd>{ " sends, " }<kbd>{ "Shift" }</kbd>{ " + " }<kbd>{ "Enter" }</kbd>{ " starts a new line" }
            </span>
        },
        (Connection::Open, false) => html! { "Your text stays here until it can be sent." },
        (Connection::Connecting, _) => html! { "Connecting; your text stays here." },
        (Connection::Closed(_), _) => html! { "Not connected; your text stays here." },
    }
}

#[hook]
fn use_focus_on_change(input: &NodeRef, recipient: Option<&Person>) {
    let input = input.clone();
    use_effect_with(recipient.map(|person| person.id), move |_| focus(&input));
}

fn focus(input: &NodeRef) {
    if let Some(input) = input.cast::<web_sys::HtmlElement>() {
        // Without focus the field still works; nothing to do about a refusal.
        let _ = input.focus();
    }
}
