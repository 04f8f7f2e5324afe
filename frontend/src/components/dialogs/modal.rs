//! The frame of a dialog. The browser keeps the focus in it, and closes it by Escape.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use crate::{
    components::icon,
    intent::{Intent, use_intents},
    store::view::Open,
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub title: AttrValue,
    pub children: Html,
}

#[component]
pub fn Modal(props: &Props) -> Html {
    let intents = use_intents();
    let dialog = use_node_ref();
    {
        let dialog = dialog.clone();
        use_effect_with((), move |()| {
            let dialog = dialog.cast::<HtmlDialogElement>();
            if let Some(dialog) = &dialog {
                // Fails only where it is open already.
                let _ = dialog.show_modal();
            }
            // So that the focus goes back to where it was.
            move || {
                if let Some(dialog) = dialog {
                    dialog.close();
                }
            }
        });
    }
    let close = intents.reform(|()| Intent::Open(Open::CloseDialog));
    // What is beside the dialog belongs to it, too.
    let onclick = {
        let (close, dialog) = (close.clone(), dialog.clone());
        Callback::from(move |event: MouseEvent| {
            if event.target_dyn_into::<HtmlDialogElement>() == dialog.cast::<HtmlDialogElement>() {
                close.emit(());
            }
        })
    };
    html! {
        <dialog
            ref={dialog}
            class="modal"
            aria-label={props.title.clone()}
            oncancel={close.reform(|_: Event| ())}
            onclose={close.reform(|_: Event| ())}
            {onclick}
        >
            <div class="modal-content">
                <header class="head panel-head">
                    <h2>{ &props.title }</h2>
                    { icon::button("Close", icon::cross(), close.reform(|_: MouseEvent| ())) }
                </header>
                { props.children.clone() }
            </div>
        </dialog>
    }
}
