//! What is for sale, and a form to offer something.

use std::collections::BTreeMap;

use api::{Listing, Message};
use candid::Principal;
use ic_ws_yew::{Form, Inside, Known, Socket, new_id, use_socket};
use yew::prelude::*;

/// How many alerts are shown.
const MAX_ALERTS: usize = 5;

/// What the canister has told.
#[derive(Clone, Default)]
struct Told {
    listings: BTreeMap<u64, Listing>,
    watched: BTreeMap<u64, bool>,
    /// The last one first.
    alerts: Vec<String>,
}

impl Known for Told {
    type Message = Message;

    fn take(&mut self, message: Message) -> Result<(), String> {
        match message {
            Message::Market(market) => {
                self.watched = market
                    .iter()
                    .map(|(it, watched)| (it.id, *watched))
                    .collect();
                self.listings = market.into_iter().map(|(it, _)| (it.id, it)).collect();
            }
            Message::Listed(it) => drop(self.listings.insert(it.id, it)),
            Message::Close(id) => drop(self.listings.remove(&id)),
            Message::Watch(id, on) => drop(self.watched.insert(id, on)),
            Message::Alert(words) => {
                self.alerts.insert(0, words);
                self.alerts.truncate(MAX_ALERTS);
            }
            Message::Refused(reason) => return Err(reason),
            Message::Offer(..) | Message::Bid(..) => {}
        }
        Ok(())
    }
}

/// The page of somebody who buys and sells.
#[component]
pub fn Market(props: &Inside) -> Html {
    let (told, socket) = use_socket::<Told>(&props.visitor);
    let offer =
        socket.on_submit(|[title, price]| Ok(Message::Offer(new_id(), title, amount(&price)?)));
    let me = props.visitor.principal();
    let watched = |id| told.watched.get(&id) == Some(&true);
    html! {
        <main>
            { socket.status() }
            <ol class="cards" aria-label="Alerts" aria-live="polite">
                { for told.alerts.iter().map(|words| html! { <li class="card new">{ words }</li> }) }
            </ol>
            <section class="card">
                <Form<2> fields={["What you offer", "Lowest price"]} submit="Offer" on_submit={offer} />
            </section>
            <ol class="cards" aria-label="Listings">
                { for told.listings.values().map(|it| card(it, me, watched(it.id), &socket)) }
            </ol>
        </main>
    }
}

fn card(it: &Listing, me: Principal, watched: bool, socket: &Socket<Message>) -> Html {
    let id = it.id;
    let bid = socket.on_submit(move |[typed]| Ok(Message::Bid(id, amount(&typed)?)));
    let whose = (it.bidder == Some(me)).then_some(", the highest is yours");
    html! {
        <li key={id} class="card" aria-label={it.title.clone()}>
            <div class="bar">
                <h2>{ &it.title }</h2>
                <strong class="price">{ it.price }</strong>
                <button aria-pressed={watched.to_string()} onclick={socket.on_click(Message::Watch(id, !watched))}>{ "Watch" }</button>
            </div>
            <p class="fine">{ "Bids: " }{ it.bids }{ whose }</p>
            if it.seller == me {
                <button onclick={socket.on_click(Message::Close(id))}>{ if it.bids > 0 { "Sell" } else { "Take back" } }</button>
            } else {
                <Form<1> fields={["Your bid"]} submit="Bid" on_submit={bid} />
            }
        </li>
    }
}

fn amount(typed: &str) -> Result<u64, String> {
    typed
        .trim()
        .parse()
        .map_err(|_| format!("“{typed}” is not a whole number"))
}
