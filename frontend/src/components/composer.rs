//! Where this person writes. Its text goes away only when the message was taken over for sending.

mod draft;

use candid::Principal;
use chat_api::{Address, Command, MAX_MENTIONS, MAX_TEXT_BYTES, MessageNumber};
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

pub use self::draft::Drafts;
use self::draft::{Draft, focus};
use super::{
    completion::{Beginning, CompletionList},
    icon,
    messages::{EmojiPicker, Markdown},
};
use crate::{
    intent::{Intent, use_intents},
    markdown,
    shared::Shared,
    store::{
        people::People,
        rooms::RoomState,
        view::{Open, Writing},
    },
    words,
};

/// The length from which on the writer is told that the limit is near.
const WARN_BYTES: usize = MAX_TEXT_BYTES / 10 * 9;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub address: Address,
    pub name: String,
    /// Nothing where the conversation has not begun.
    pub room: Option<Shared<RoomState>>,
    pub people: Shared<People>,
    pub me: Option<Principal>,
    pub writing: Writing,
    pub drafts: Drafts,
}

#[component]
pub fn Composer(props: &Props) -> Html {
    let intents = use_intents();
    // The field itself is the truth about the text: what is typed and sent faster than the page is drawn
    // must not get mixed up. The state follows, for what depends on the text.
    let field = use_node_ref();
    let draft = use_state_eq(|| props.drafts.of(props.address));
    let previewing = use_state_eq(|| false);
    let picking = use_state_eq(|| false);
    use_draft(&field, &draft, props);
    use_writing(&field, &draft, props);

    let beginning = (!*previewing)
        .then(|| Beginning::of(draft.before_cursor()))
        .flatten();
    let completions = match &beginning {
        Some(beginning) if !draft.completed => {
            beginning.completions(&props.people, props.room.as_deref())
        }
        _ => Vec::new(),
    };
    let chosen = draft.chosen.min(completions.len().saturating_sub(1));
    let choose = {
        let (field, draft) = (field.clone(), draft.clone());
        let (completions, beginning) = (completions.clone(), beginning.clone());
        Callback::from(move |index: usize| {
            if let (Some(completion), Some(beginning)) = (completions.get(index), &beginning) {
                draft.set(draft.complete(&field, beginning, completion));
            }
        })
    };
    let send = {
        let (intents, field, draft) = (intents.clone(), field.clone(), draft.clone());
        let (address, writing, me) = (props.address, props.writing, props.me);
        let (previewing, room) = (previewing.clone(), props.room.clone());
        Callback::from(move |()| {
            let Some(area) = field.cast::<HtmlTextAreaElement>() else {
                return;
            };
            let text = area.value().trim().to_owned();
            if !(1..=MAX_TEXT_BYTES).contains(&text.len()) {
                return;
            }
            let mentions = mentions(&draft, &text, me, room.as_deref(), writing);
            intents.emit(Intent::Do(command(address, writing, text, mentions)));
            intents.emit(Intent::Open(Open::Writing(Writing::New)));
            area.set_value("");
            draft.set(Draft::default());
            previewing.set(false);
        })
    };
    let cancel = intents.reform(|()| Intent::Open(Open::Writing(Writing::New)));
    let onkeydown = {
        let (draft, send, choose, cancel) =
            (draft.clone(), send.clone(), choose.clone(), cancel.clone());
        let (intents, offered) = (intents.clone(), completions.len());
        let last_own = last_own(props);
        let writing = props.writing;
        Callback::from(move |event: KeyboardEvent| {
            // While an input method composes a word, the keys belong to it.
            if event.is_composing() {
                return;
            }
            match event.key().as_str() {
                "ArrowDown" if offered > 0 => draft.set(draft.choosing((chosen + 1) % offered)),
                "ArrowUp" if offered > 0 => {
                    draft.set(draft.choosing((chosen + offered - 1) % offered));
                }
                "Enter" | "Tab" if offered > 0 => choose.emit(chosen),
                "Escape" if offered > 0 => draft.set(draft.without_completions()),
                "Enter" if !event.shift_key() => send.emit(()),
                "Escape" if writing != Writing::New => cancel.emit(()),
                "ArrowUp" if draft.is_empty() && writing == Writing::New => match last_own {
                    Some(number) => {
                        intents.emit(Intent::Open(Open::Writing(Writing::Edit(number))));
                    }
                    None => return,
                },
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let oninput = {
        let (field, draft, intents) = (field.clone(), draft.clone(), intents.clone());
        let address = props.address;
        Callback::from(move |_: InputEvent| {
            let typed = draft.typed(&field);
            if let Address::Room(room) = address
                && !typed.is_empty()
            {
                intents.emit(Intent::Type(room));
            }
            draft.set(typed);
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
    let pick = {
        let (field, draft, picking) = (field.clone(), draft.clone(), picking.clone());
        Callback::from(move |emoji: String| {
            picking.set(false);
            draft.set(draft.insert(&field, &emoji));
        })
    };
    let toggle = |state: &UseStateHandle<bool>| {
        let state = state.clone();
        Callback::from(move |_: MouseEvent| state.set(!*state))
    };
    let close_picker = {
        let (picking, field) = (picking.clone(), field.clone());
        Callback::from(move |()| {
            picking.set(false);
            focus(&field);
        })
    };
    let bytes = draft.text.trim().len();
    let label = format!("Message {}", props.name);
    html! {
        <form class="composer" {onsubmit}>
            { about(props, &cancel) }
            if !completions.is_empty() {
                <CompletionList
                    people={props.people.clone()}
                    completions={completions.clone()}
                    {chosen}
                    on_choose={choose}
                />
            }
            if *picking {
                <EmojiPicker on_pick={pick} on_close={close_picker} />
            }
            <div class="composer-row">
                <button
                    type="button"
                    class="quiet square"
                    title="Emoji"
                    aria-label="Emoji"
                    aria-expanded={picking.to_string()}
                    onclick={toggle(&picking)}
                >
                    { icon::smile() }
                </button>
                // The twin gives the field the height of its text; see the style sheet.
                <div class={classes!("composer-field", previewing.then_some("previewing"))}>
                    <textarea
                        ref={field}
                        id="composer"
                        rows="1"
                        dir="auto"
                        placeholder={label.clone()}
                        aria-label={label}
                        aria-describedby="composer-hint"
                        aria-autocomplete="list"
                        aria-controls="completions"
                        aria-activedescendant={(!completions.is_empty()).then(|| format!("completion-{chosen}"))}
                        {oninput}
                        {onkeydown}
                    />
                    <div class="composer-twin" aria-hidden="true">{ &draft.text }{ "\u{200b}" }</div>
                    if *previewing {
                        <div class="composer-preview" aria-label="Preview">
                            <Markdown text={draft.text.clone()} mentions={draft.names()} />
                        </div>
                    }
                </div>
                <button
                    type="button"
                    class="quiet square"
                    title="Preview"
                    aria-label="Preview"
                    aria-pressed={previewing.to_string()}
                    disabled={bytes == 0 && !*previewing}
                    onclick={toggle(&previewing)}
                >
                    { icon::eye() }
                </button>
                <button
                    id="send-button"
                    type="submit"
                    class="primary square"
                    title="Send"
                    aria-label="Send"
                    disabled={!(1..=MAX_TEXT_BYTES).contains(&bytes)}
                >
                    { icon::arrow_up() }
                </button>
            </div>
            <p id="composer-hint" class="fine" role="status">{ length_warning(bytes) }</p>
        </form>
    }
}

fn command(address: Address, writing: Writing, text: String, mentions: Vec<Principal>) -> Command {
    match (writing, address) {
        (Writing::Edit(message), Address::Room(room)) => Command::Edit {
            room,
            message,
            text,
            mentions,
        },
        (Writing::Reply(message), to) => Command::Say {
            to,
            text,
            reply_to: Some(message),
            mentions,
        },
        (_, to) => Command::Say {
            to,
            text,
            reply_to: None,
            mentions,
        },
    }
}

/// Whom a text mentions: who was chosen and is still in it; and who the edited message mentioned.
fn mentions(
    draft: &Draft,
    text: &str,
    me: Option<Principal>,
    room: Option<&RoomState>,
    writing: Writing,
) -> Vec<Principal> {
    let chosen = draft.mentions.iter();
    let chosen = chosen.filter(|(name, _)| text.contains(&format!("@{name}")));
    let mut all: Vec<_> = chosen.map(|(_, id)| *id).collect();
    if let (Writing::Edit(number), Some(room)) = (writing, room)
        && let Some(message) = room.messages.get(number)
    {
        all.extend(&message.mentions);
    }
    all.retain(|id| Some(*id) != me);
    all.sort();
    all.dedup();
    all.truncate(MAX_MENTIONS);
    all
}

fn last_own(props: &Props) -> Option<MessageNumber> {
    let room = props.room.as_ref()?;
    let is_own = |message: &&std::rc::Rc<chat_api::Message>| {
        Some(message.author) == props.me && !message.deleted
    };
    room.messages.iter().rev().find(is_own).map(|it| it.number)
}

/// What is written about, if it is more than a new message.
fn about(props: &Props, cancel: &Callback<()>) -> Html {
    let (what, number) = match props.writing {
        Writing::New => return Html::default(),
        Writing::Reply(number) => ("Answering", number),
        Writing::Edit(number) => ("Editing", number),
    };
    let message = props
        .room
        .as_ref()
        .and_then(|room| room.messages.get(number));
    let message = message.map(|message| {
        html! {
            <>
                <bdi class="replied-name">{ props.people.name(message.author) }</bdi>
                <bdi class="replied-text">{ words::clipped(&markdown::plain(&message.text)) }</bdi>
            </>
        }
    });
    html! {
        <div class="writing-about">
            <strong>{ what }</strong>
            { message }
            <button
                type="button"
                class="quiet square"
                title="Cancel"
                aria-label="Cancel"
                onclick={cancel.reform(|_: MouseEvent| ())}
            >
                { icon::cross() }
            </button>
        </div>
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

/// Goes on with the text that waits, and has this one wait while others are written.
#[hook]
fn use_draft(field: &NodeRef, draft: &UseStateHandle<Draft>, props: &Props) {
    {
        let (field, text) = (field.clone(), draft.text.clone());
        use_effect_with((), move |()| {
            if let Some(area) = field.cast::<HtmlTextAreaElement>() {
                area.set_value(&text);
            }
        });
    }
    let (drafts, address) = (props.drafts.clone(), props.address);
    let is_edit = matches!(props.writing, Writing::Edit(_));
    use_effect_with((**draft).clone(), move |draft| {
        if !is_edit {
            drafts.keep(address, draft);
        }
    });
}

/// Begins with the text that is edited, and where the writer is to be.
#[hook]
fn use_writing(field: &NodeRef, draft: &UseStateHandle<Draft>, props: &Props) {
    let (field, draft) = (field.clone(), draft.clone());
    let edited = match (props.writing, &props.room) {
        (Writing::Edit(number), Some(room)) => room
            .messages
            .get(number)
            .map(|message| message.text.clone()),
        _ => None,
    };
    let was_editing = use_mut_ref(|| false);
    use_effect_with(props.writing, move |_| {
        if let (Some(area), Some(text)) = (field.cast::<HtmlTextAreaElement>(), edited) {
            area.set_value(&text);
            draft.set(draft.typed(&field).without_completions());
            was_editing.replace(true);
        } else if was_editing.replace(false) {
            if let Some(area) = field.cast::<HtmlTextAreaElement>() {
                area.set_value("");
            }
            draft.set(Draft::default());
        }
        focus(&field);
    });
}
