//! A button that sends a ping, and how long each took to come back.

use api::Message;
use ic_ws_yew::{Inside, Known, use_socket};
use yew::prelude::*;

/// How many round trips are shown.
const SHOWN: usize = 10;

/// How long the latest round trips took, in milliseconds, the last one first.
#[derive(Clone, Default)]
struct RoundTrips(Vec<u64>);

impl Known for RoundTrips {
    type Message = Message;

    fn take(&mut self, message: Message) -> Result<(), String> {
        // A ping's number is when it was sent.
        if let Message::Pong(sent) = message {
            self.0.insert(0, now_ms().saturating_sub(sent));
            self.0.truncate(SHOWN);
        }
        Ok(())
    }
}

/// The page of somebody who plays.
#[component]
pub fn Rally(props: &Inside) -> Html {
    let (round_trips, socket) = use_socket::<RoundTrips>(&props.visitor);
    let ping = {
        let socket = socket.clone();
        move |_: MouseEvent| socket.send(&Message::Ping(now_ms()))
    };
    html! {
        <main>
            { socket.status() }
            <button class="primary" onclick={ping}>{ "Ping" }</button>
            <ol class="cards" aria-label="Pongs">
                { for round_trips.0.iter().map(|took| html! {
                    <li class="card">{ format!("Pong, after {took} ms") }</li>
                }) }
            </ol>
        </main>
    }
}

fn now_ms() -> u64 {
    js_sys::Date::now() as u64
}
