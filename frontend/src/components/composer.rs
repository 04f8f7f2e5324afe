//! Where this person writes. Its text goes away only when the message was taken over for sending.

use super::icon;
use crate::intent::Intent;
use crate::store::Connection;
use chat_api::{MAX_TEXT_BYTES, Person};
use web_sys::HtmlTextAreaElement;
use yew::TargetCast;
use yew::prelude::*;

/// The length from which on the writer is told that the limit is near.
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
    // The field itself is the truth about the text: what is typed and sent faster than the page is drawn
    // must not get mixed up. The state follows, for what depends on the text.
    let field = use_node_ref();
    let text = use_state_eq(String::new);
    let bytes = text.trim().len();
    let ready = props.can_send && sendable(bytes);

    use_focus_on_change(&field, props.recipient.as_ref());
    let send = {
        let (field, text) = (field.clone(), text.clone());
        let (can_send, to) = (props.can_send, props.recipient.clone());
        props.on_intent.filter_reform(move |()| {
            let field = field.cast::<HtmlTextAreaElement>()?;
            let written = field.value().trim().to_owned();
            if !can_send || !sendable(written.len()) {
                return None;
            }
            field.set_value("");
            text.set(String::new());
            Some(Intent::Write {
                to: to.clone(),
                text: written,
            })
        })
    };
    let onsubmit = {
        let (send, field) = (send.clone(), field.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            send.emit(());
            focus(&field);
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
            text.set(event.target_unchecked_into::<HtmlTextAreaElement>().value());
        })
    };
    let direct = props.recipient.is_some();
    let length_warning = length_warning(bytes);
    html! {
        <form class={classes!("composer", direct.then_some("direct"))} {onsubmit}>
            { recipient(props) }
            <div class="composer-row">
                // The twin gives the field the height of its text; see the style sheet.
                <div class="composer-field">
                    <textarea
                        ref={field}
                        id="composer"
                        rows="1"
                        dir="auto"
                        placeholder={placeholder(props)}
                        aria-label={placeholder(props)}
                        aria-describedby="recipient composer-hint"
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
            <p id="composer-hint" class="fine">
                // Always there, because a live region announces only what changes inside it.
                <span class={classes!((bytes > MAX_TEXT_BYTES).then_some("problem"))} role="status">
                    { length_warning }
                </span>
                if length_warning.is_none() {
                    { hint(props) }
                }
            </p>
        </form>
    }
}

fn sendable(bytes: usize) -> bool {
    (1..=MAX_TEXT_BYTES).contains(&bytes)
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

fn length_warning(bytes: usize) -> Option<&'static str> {
    if bytes > MAX_TEXT_BYTES {
        Some("This message is too long; shorten it a little.")
    } else if bytes > WARN_BYTES {
        Some("This message is getting long.")
    } else {
        None
    }
}

fn hint(props: &Props) -> Html {
    match (&props.connection, props.can_send) {
        (_, true) => html! {
            <span class="keys">
                <kbd>{ "Enter" }</kbd>{ " sends, " }<kbd>{ "Shift" }</kbd>{ " + " }<kbd>{ "Enter" }</kbd>{ " starts a new line" }
            </span>
        },
        (Connection::Open, false) => html! { "Your text stays here until it can be sent." },
        (Connection::Connecting, _) => html! { "Connecting; your text stays here." },
        (Connection::Reconnecting(_), _) => html! { "Reconnecting; your text stays here." },
        (Connection::Closed(_), _) => html! { "Not connected; your text stays here." },
    }
}

#[hook]
fn use_focus_on_change(field: &NodeRef, recipient: Option<&Person>) {
    let field = field.clone();
    use_effect_with(recipient.map(|person| person.id), move |_| focus(&field));
}

fn focus(field: &NodeRef) {
    if let Some(field) = field.cast::<web_sys::HtmlElement>() {
        // Without focus the field still works; nothing to do about a refusal.
        let _ = field.focus();
    }
}
