//! How the field follows what is to be written in it.

use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::{Props, draft::Draft};
use crate::{components::fields::focus, store::view::Writing};

/// Goes on with the text that waits, and has this one wait while others are written.
#[hook]
pub fn use_draft(field: &NodeRef, draft: &UseStateHandle<Draft>, props: &Props) {
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
pub fn use_writing(field: &NodeRef, draft: &UseStateHandle<Draft>, props: &Props) {
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
