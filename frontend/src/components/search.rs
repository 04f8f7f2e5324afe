//! Looking for something by typing its name.

use gloo_timers::callback::Timeout;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::icon;

/// How long typing must rest before it is looked for, in milliseconds.
const REST_MS: u32 = 200;

#[derive(Properties, PartialEq)]
pub struct Props {
    #[prop_or_default]
    pub id: Option<AttrValue>,
    /// What is looked for.
    pub label: AttrValue,
    pub on_change: Callback<String>,
}

/// A field for the name of what is looked for.
#[component]
pub fn SearchField(props: &Props) -> Html {
    let oninput = props
        .on_change
        .reform(|event: InputEvent| event.target_unchecked_into::<HtmlInputElement>().value());
    html! {
        <div class="search">
            { icon::search() }
            <input
                id={props.id.clone()}
                type="search"
                placeholder={props.label.clone()}
                aria-label={props.label.clone()}
                {oninput}
            />
        </div>
    }
}

/// Looks for what is sought, if anything, as soon as that has not changed for a while.
#[hook]
pub fn use_rested<T: Clone + PartialEq + 'static>(
    sought: Option<T>,
    look: impl FnOnce(T) + 'static,
) {
    use_effect_with(sought, move |sought| {
        let rest = sought
            .clone()
            .map(|sought| Timeout::new(REST_MS, move || look(sought)));
        move || drop(rest)
    });
}
