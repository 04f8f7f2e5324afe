//! What this person wrote and others cannot see yet, with a way on for what was not delivered.

use crate::intent::Intent;
use crate::outbox::{Delivery, Outbox, Outgoing};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub outbox: Outbox,
    pub on_intent: Callback<Intent>,
}

#[component]
pub fn OutboxList(props: &Props) -> Html {
    html! {
        <ul class="outbox" aria-label="Not delivered yet">
            { for props.outbox.iter().map(|outgoing| {
                let sending = outgoing.state == Delivery::Sending;
                html! {
                    <li
                        key={outgoing.id}
                        class={classes!(sending.then_some("sending"))}
                        data-testid="outgoing"
                    >
                        { entry(outgoing, &props.on_intent) }
                    </li>
                }
            }) }
        </ul>
    }
}

fn entry(outgoing: &Rc<Outgoing>, on_intent: &Callback<Intent>) -> Html {
    let to = outgoing.to.as_ref().map(
        |person| html! { <span class="outgoing-to">{ format!("To {}: ", person.name) }</span> },
    );
    let text = html! { <span class="outgoing-text" dir="auto">{ to }{ &outgoing.text }</span> };
    match &outgoing.state {
        Delivery::Sending => html! {
            <>{ text }<span class="outgoing-state">{ "Sending…" }</span></>
        },
        Delivery::Failed(reason) => html! {
            <>
                { text }
                <span class="outgoing-state failed" role="alert">{ format!("Not sent: {reason}") }</span>
                <span class="outgoing-actions">
                    <button type="button" onclick={retry(outgoing, on_intent)}>{ "Try again" }</button>
                    <button type="button" class="quiet" onclick={discard(outgoing.id, on_intent)}>
                        { "Discard" }
                    </button>
                </span>
            </>
        },
    }
}

fn retry(outgoing: &Rc<Outgoing>, on_intent: &Callback<Intent>) -> Callback<MouseEvent> {
    let outgoing = outgoing.clone();
    on_intent.reform(move |_| Intent::Retry(outgoing.clone()))
}

fn discard(id: u64, on_intent: &Callback<Intent>) -> Callback<MouseEvent> {
    on_intent.reform(move |_| Intent::Discard(id))
}
