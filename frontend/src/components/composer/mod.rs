//! Where this person writes. Its text goes away only when the message was taken over for sending.

mod about;
mod command;
mod completion;
mod draft;
mod effects;
mod keys;
mod offers;

use candid::Principal;
use chat_api::{Address, MAX_TEXT_BYTES};
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

pub use self::draft::Drafts;
use self::{
    about::about,
    command::{command, last_own, mentions},
    completion::Beginning,
    draft::Draft,
    effects::{use_draft, use_writing},
    keys::{Deed, Situation},
    offers::{completion_list, use_found_members},
};
use super::{
    fields::focus,
    icon,
    messages::{EmojiPicker, Markdown},
};
use crate::{
    intent::{Intent, use_intents},
    shared::Shared,
    store::{
        people::People,
        rooms::RoomState,
        view::{Open, Writing},
    },
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
    /// Whether not too much waits to be sent already.
    pub can_send: bool,
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
    let beginning = beginning.filter(|_| !draft.completed);
    let found = use_found_members(beginning.as_ref(), props.room.as_deref());
    let completions = beginning.as_ref().map_or_else(Vec::new, |beginning| {
        beginning.completions(&props.people, props.room.as_deref(), &found)
    });
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
        let can_send = props.can_send;
        Callback::from(move |()| {
            let Some(area) = field.cast::<HtmlTextAreaElement>() else {
                return;
            };
            let text = area.value().trim().to_owned();
            if !can_send || !(1..=MAX_TEXT_BYTES).contains(&text.len()) {
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
    let situation = Situation {
        offered: completions.len(),
        chosen,
        is_empty: draft.is_empty(),
        writing: props.writing,
        last_own: last_own(props.room.as_deref(), props.me),
    };
    let onkeydown = {
        let (draft, send, choose) = (draft.clone(), send.clone(), choose.clone());
        let (cancel, intents) = (cancel.clone(), intents.clone());
        Callback::from(move |event: KeyboardEvent| {
            // While an input method composes a word, the keys belong to it.
            let deed = match event.is_composing() {
                true => None,
                false => situation.deed(&event.key(), event.shift_key()),
            };
            match deed {
                Some(Deed::Choose(index)) => draft.set(draft.choosing(index)),
                Some(Deed::Complete) => choose.emit(situation.chosen),
                Some(Deed::Dismiss) => draft.set(draft.without_completions()),
                Some(Deed::Send) => send.emit(()),
                Some(Deed::Cancel) => cancel.emit(()),
                Some(Deed::Edit(number)) => {
                    intents.emit(Intent::Open(Open::Writing(Writing::Edit(number))));
                }
                None => return,
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
    let about = |what, number| {
        let message = props
            .room
            .as_ref()
            .and_then(|room| room.messages.get(number));
        about(what, message, &props.people, &cancel)
    };
    let about = match props.writing {
        Writing::New => Html::default(),
        Writing::Reply(number) => about("Answering", number),
        Writing::Edit(number) => about("Editing", number),
    };
    let bytes = draft.text.trim().len();
    let label = format!("Message {}", props.name);
    html! {
        <form class="composer" {onsubmit}>
            { about }
            { completion_list(&completions, &props.people, &found, chosen, &choose) }
            if *picking {
                <EmojiPicker is_above=true on_pick={pick} on_close={close_picker} />
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
                        aria-controls={(!completions.is_empty()).then_some("completions")}
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
                    disabled={!props.can_send || !(1..=MAX_TEXT_BYTES).contains(&bytes)}
                >
                    { icon::arrow_up() }
                </button>
            </div>
            <p id="composer-hint" class="fine" role="status">{ warning(bytes, props.can_send) }</p>
        </form>
    }
}

fn warning(bytes: usize, can_send: bool) -> Option<&'static str> {
    if !can_send {
        Some("Too much is waiting to be sent. You can send this when it is.")
    } else if bytes > MAX_TEXT_BYTES {
        Some("This message is too long; shorten it a little.")
    } else if bytes > WARN_BYTES {
        Some("This message is getting long.")
    } else {
        None
    }
}
