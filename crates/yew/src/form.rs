//! Forms of a few lines of text.

use yew::prelude::*;

use crate::{TextField, words::new_id};

/// Properties of [`Form`].
#[derive(Properties, PartialEq)]
pub struct FormProps<const N: usize> {
    /// What the fields are called.
    pub fields: [&'static str; N],
    /// What they hold at first.
    #[prop_or_else(|| [const { String::new() }; N])]
    pub first: [String; N],
    /// What the button is called.
    pub submit: AttrValue,
    /// Takes what is typed, or says what is wrong with it.
    pub on_submit: Callback<[String; N], Result<(), String>>,
}

/// A form. It is as at first again when what was typed is taken.
#[component]
pub fn Form<const N: usize>(props: &FormProps<N>) -> Html {
    let id = *use_memo((), |()| new_id());
    let typed = use_state_eq(|| props.first.clone());
    let problem = use_state_eq(|| None);
    let onsubmit = {
        let (typed, problem) = (typed.clone(), problem.clone());
        let (first, on_submit) = (props.first.clone(), props.on_submit.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            let outcome = on_submit.emit((*typed).clone());
            if outcome.is_ok() {
                typed.set(first.clone());
            }
            problem.set(outcome.err());
        }
    };
    let fields = props.fields.iter().zip(typed.iter()).enumerate();
    let fields = fields.map(|(index, (label, value))| {
        let on_change = {
            let typed = typed.clone();
            Callback::from(move |value| {
                let mut all = (*typed).clone();
                if let Some(field) = all.get_mut(index) {
                    *field = value;
                }
                typed.set(all);
            })
        };
        html! {
            <TextField id={format!("field-{id}-{index}")} label={*label} value={value.clone()} {on_change} />
        }
    });
    html! {
        <form {onsubmit}>
            { for fields }
            <button class="primary">{ &props.submit }</button>
            <p class="problem" role="alert">{ (*problem).clone() }</p>
        </form>
    }
}
