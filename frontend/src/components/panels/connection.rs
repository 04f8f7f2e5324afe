//! How the page is connected, for the curious: the stack explains itself.

use candid::Principal;
use ic_ws_yew::Env;
use sha2::{Digest, Sha256};
use yew::prelude::*;

use super::chart::{latency_chart, median};
use crate::{
    clock,
    intent::{Intent, use_intents},
    shared::Shared,
    store::{
        Connection,
        trace::{Frame, Trace},
    },
};

/// How much of a hash is shown, in bytes.
const SHOWN_BYTES: usize = 8;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub env: Env,
    pub trace: Shared<Trace>,
    pub state: Connection,
    pub me: Option<Principal>,
    pub up_to: Option<u64>,
}

#[component]
pub fn ConnectionPanel(props: &Props) -> Html {
    let intents = use_intents();
    let Props { env, trace, .. } = props;
    let root_key = use_memo(env.root_key.clone(), |key| {
        let digest = Sha256::digest(key);
        hex::encode(digest.get(..SHOWN_BYTES).unwrap_or_default())
    });
    let state = match &props.state {
        Connection::None | Connection::Connecting => "Connecting".to_owned(),
        Connection::Open => "Open".to_owned(),
        Connection::Reconnecting(why) => format!("Reconnecting: {why}"),
        Connection::Closed(why) => format!("Closed: {why}"),
    };
    let reconnect = intents.reform(|_: MouseEvent| Intent::Reconnect);
    html! {
        <>
            <dl class="facts">
                { fact("State", state) }
                { fact("You", props.me.map(|me| me.to_text()).unwrap_or_default()) }
                { fact("Canister", env.backend.to_text()) }
                { fact("Gateways", env.gateways.join(", ")) }
                { trace.gateway.clone().map(|gateway| fact("Gateway’s principal", gateway)) }
                { fact("Root key (SHA-256)", format!("{}…", *root_key)) }
                { protocol(trace) }
                { fact("Changes applied up to", props.up_to.map(|it| it.to_string()).unwrap_or_default()) }
                { fact("Times opened", trace.opened.to_string()) }
                { trace.lost.clone().map(|why| fact("Lost last because", why)) }
            </dl>
            <p class="fine">
                { "The gateway only relays. What the canister says comes with a certificate that chains up to the \
                   root key; what you say is signed by you. A gateway that alters, repeats, reorders or holds back \
                   anything is found out, and left for the next one." }
            </p>
            <h3>
                { "From Enter to settled" }
                if let Some(median) = median(&trace.latencies) {
                    <small>{ format!(" median {median} ms") }</small>
                }
            </h3>
            { latency_chart(&trace.latencies) }
            <h3>{ "Latest messages" }</h3>
            <ol class="frames" reversed=true>
                { for trace.frames.iter().rev().map(frame) }
            </ol>
            <button type="button" onclick={reconnect}>{ "Connect anew" }</button>
        </>
    }
}

fn protocol(trace: &Trace) -> Html {
    let Some(protocol) = trace.protocol else {
        return Html::default();
    };
    html! {
        <>
            { fact("Certificate of", clock::full_words(protocol.certified_at)) }
            { fact("Messages sent", protocol.sent.to_string()) }
            { fact("Messages received", protocol.received.to_string()) }
            { fact("Receipts", if protocol.has_receipts { "Certified, for each message" } else { "No" }.to_owned()) }
        </>
    }
}

fn fact(what: &'static str, value: String) -> Html {
    html! {
        <>
            <dt>{ what }</dt>
            <dd>{ value }</dd>
        </>
    }
}

fn frame(frame: &Frame) -> Html {
    let (class, sign, label) = match frame.is_incoming {
        true => ("incoming", "↓", "from the canister"),
        false => ("outgoing", "↑", "to the canister"),
    };
    html! {
        <li {class}>
            <details>
                <summary>
                    <span role="img" aria-label={label}>{ sign }</span>
                    { " " }{ frame.content.chars().take(48).collect::<String>() }
                </summary>
                <pre tabindex="0"><code>{ &frame.content }</code></pre>
            </details>
        </li>
    }
}
