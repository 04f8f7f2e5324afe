//! Emojis to choose from.

use yew::prelude::*;

use crate::{
    components::fields::{focus, typed},
    emoji,
};

/// How many are shown at once.
const SHOWN: usize = 96;

#[derive(Properties, PartialEq)]
pub struct Props {
    /// Whether it opens upwards.
    pub is_above: bool,
    pub on_pick: Callback<String>,
    pub on_close: Callback<()>,
}

#[component]
pub fn EmojiPicker(props: &Props) -> Html {
    let prefix = use_state_eq(String::new);
    let field = use_node_ref();
    {
        let field = field.clone();
        use_effect_with((), move |()| focus(&field));
    }
    let oninput = {
        let prefix = prefix.clone();
        Callback::from(move |event: InputEvent| {
            prefix.set(typed(event).trim().to_ascii_lowercase());
        })
    };
    let onkeydown = {
        let on_close = props.on_close.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                event.stop_propagation();
                on_close.emit(());
            }
        })
    };
    html! {
        <div class={classes!("picker", props.is_above.then_some("above"))} role="dialog" aria-label="Choose an emoji" {onkeydown}>
            <input
                ref={field}
                type="search"
                placeholder="Find an emoji"
                aria-label="Find an emoji"
                {oninput}
            />
            <div class="picker-grid">
                { for emoji::find(&prefix, SHOWN).into_iter().map(|(name, emoji)| {
                    let onclick = props.on_pick.reform(move |_: MouseEvent| emoji.to_owned());
                    html! {
                        <button key={name} type="button" class="quiet emoji" title={name} aria-label={name} {onclick}>
                            { emoji }
                        </button>
                    }
                }) }
            </div>
        </div>
    }
}
