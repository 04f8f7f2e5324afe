//! A field of a form, and what is done with any field.

use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

/// What stands in a field after something was typed.
pub fn typed(event: InputEvent) -> String {
    event.target_unchecked_into::<HtmlInputElement>().value()
}

/// Puts the cursor into a field.
pub fn focus(field: &NodeRef) {
    if let Some(field) = field.cast::<HtmlElement>() {
        // Without focus the field still works; nothing to do about a refusal.
        let _ = field.focus();
    }
}

/// Properties of [`TextField`].
#[derive(Properties, PartialEq)]
pub struct TextFieldProps {
    /// Names it on the page.
    pub id: AttrValue,
    /// What it is called.
    pub label: AttrValue,
    /// What it holds.
    pub value: String,
    /// Told what is typed.
    pub on_change: Callback<String>,
    /// What is wrong with what it holds.
    #[prop_or_default]
    pub problem: Option<String>,
    /// What it says while it is empty.
    #[prop_or_default]
    pub placeholder: AttrValue,
    /// What the browser may offer, as in HTML.
    #[prop_or_default]
    pub autocomplete: AttrValue,
    /// Whether it has the focus as soon as it is there.
    #[prop_or_default]
    pub autofocus: bool,
    /// The type of the input, as in HTML.
    #[prop_or("text".into())]
    pub kind: AttrValue,
}

/// One line of text with its label.
#[component]
pub fn TextField(props: &TextFieldProps) -> Html {
    let field = use_node_ref();
    {
        let field = field.clone();
        use_effect_with(props.autofocus, move |wanted| {
            if *wanted {
                focus(&field);
            }
        });
    }
    let oninput = props.on_change.reform(typed);
    let problem_id = format!("{}-problem", props.id);
    html! {
        <div class="field">
            <label for={props.id.clone()}>{ &props.label }</label>
            <input
                ref={field}
                id={props.id.clone()}
                type={props.kind.clone()}
                dir="auto"
                value={props.value.clone()}
                placeholder={props.placeholder.clone()}
                autocomplete={props.autocomplete.clone()}
                aria-invalid={props.problem.is_some().then_some("true")}
                aria-describedby={problem_id.clone()}
                {oninput}
            />
            <p id={problem_id} class="problem" role="alert">{ props.problem.clone() }</p>
        </div>
    }
}
