//! All messages of a room, of which those are drawn that are seen.

use std::ops::Range;

use candid::Principal;
use chat_api::MessageNumber;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::{
    effects::{use_arrival, use_loading, use_resettling, use_seeing},
    pending::pending_messages,
    row::Row,
    scroller::{Elements, Scroller, Sight, clamp},
};
use crate::{
    components::icon,
    intent::use_intents,
    markdown,
    shared::Shared,
    store::{outbox::Outbox, people::People, rooms::RoomState, view::Jump},
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub room: Shared<RoomState>,
    pub people: Shared<People>,
    pub outbox: Shared<Outbox>,
    pub me: Option<Principal>,
    pub jump: Option<Jump>,
}

#[component]
pub fn MessageList(props: &Props) -> Html {
    let intents = use_intents();
    let elements = use_memo((), |()| Elements::default());
    let scroller = use_mut_ref(Scroller::default);
    let sight = use_state_eq(Sight::default);
    let current = use_state_eq(|| None::<MessageNumber>);
    let room = &props.room.room;
    let numbers = room.first..room.next;
    let addresses = props.room.addresses();
    let known = (props.room.clone(), props.people.clone(), props.me);
    let announcement = use_memo(known, |(room, people, me)| announcement(room, people, *me));
    use_arrival(&scroller, &elements, props);

    // After every drawing, as heights may be others than they were.
    {
        let (scroller, elements, sight) = (scroller.clone(), elements.clone(), sight.clone());
        let numbers = numbers.clone();
        let drawn = clamp(&sight.slice, &numbers);
        use_effect(move || {
            let mut scroller = scroller.borrow_mut();
            scroller.cover(numbers);
            sight.set(scroller.settle(&drawn, &elements));
        });
    }
    use_resettling(&elements, &scroller, &sight);
    use_loading(&intents, props, &sight);
    use_seeing(&intents, props, &sight);

    let onscroll = {
        let (scroller, elements, sight) = (scroller.clone(), elements.clone(), sight.clone());
        let drawn = clamp(&sight.slice, &numbers);
        Callback::from(move |_: Event| {
            let mut scroller = scroller.borrow_mut();
            scroller.scrolled(&elements);
            sight.set(scroller.settle(&drawn, &elements));
        })
    };
    let to_end = {
        let (scroller, elements, sight) = (scroller.clone(), elements.clone(), sight.clone());
        let drawn = clamp(&sight.slice, &numbers);
        Callback::from(move |_: MouseEvent| {
            let mut scroller = scroller.borrow_mut();
            scroller.go_to_end();
            sight.set(scroller.settle(&drawn, &elements));
        })
    };
    let onfocusin = {
        let current = current.clone();
        Callback::from(move |event: FocusEvent| {
            let row = event.target_dyn_into::<Element>();
            let row = row.and_then(|it| it.closest("[data-number]").ok().flatten());
            let number = row.and_then(|row| row.get_attribute("data-number"));
            current.set(number.and_then(|number| number.parse().ok()));
        })
    };
    let pending = props.outbox.said_to(&addresses);
    let you = props.me.and_then(|me| props.people.get(me));
    let below = room.next.saturating_sub(sight.seen.end);
    html! {
        <div class="messages-frame">
            <div
                ref={&elements.view}
                class="messages"
                role="region"
                aria-label="Messages"
                tabindex="0"
                {onscroll}
                {onfocusin}
                onkeydown={Callback::from(move_focus)}
            >
                <div ref={&elements.above} class="messages-start" />
                if room.first == room.next {
                    <p class="empty">{ "Nothing was said here yet. Begin!" }</p>
                }
                <ol ref={&elements.slice} class="message-rows">
                    { rows(props, clamp(&sight.slice, &numbers), *current) }
                </ol>
                <div ref={&elements.below} />
                { pending_messages(pending, you, &intents) }
            </div>
            if !sight.at_end {
                <button type="button" class="to-end" onclick={to_end}>
                    { icon::arrow_down() }
                    { if below > 0 { "Latest" } else { "Down" } }
                </button>
            }
            <p class="visually-hidden" aria-live="polite">{ (*announcement).clone() }</p>
        </div>
    }
}

fn rows(props: &Props, drawn: Range<MessageNumber>, current: Option<MessageNumber>) -> Html {
    let state = &props.room;
    let partner = state.partner.is_some().then(|| state.partner_read_up_to());
    drawn
        .map(|number| {
            let before = number.checked_sub(1).filter(|it| *it >= state.room.first);
            let message = state.messages.get(number).cloned();
            let replied = message.as_ref().and_then(|message| message.reply_to);
            html! {
                <Row
                    key={number}
                    {number}
                    position={number - state.room.first}
                    room={state.room.id}
                    previous={before.and_then(|it| state.messages.get(it).cloned())}
                    replied={replied.and_then(|it| state.messages.get(it).cloned())}
                    {message}
                    people={props.people.clone()}
                    me={props.me}
                    role={state.role()}
                    is_direct={state.is_direct()}
                    is_first={before.is_none()}
                    is_unread_from={state.unread_from == Some(number)}
                    is_read_by_partner={partner.is_some_and(|up_to| number < up_to)}
                    is_target={props.jump.is_some_and(|jump| jump.message == number)}
                    is_current={current == Some(number)}
                />
            }
        })
        .collect()
}

/// What is read out when somebody else says something.
fn announcement(room: &RoomState, people: &People, me: Option<Principal>) -> Option<String> {
    let latest = room.messages.get(room.room.next.checked_sub(1)?)?;
    (Some(latest.author) != me && !latest.deleted).then(|| {
        let name = people.name(latest.author);
        format!("{name}: {}", markdown::plain(&latest.text))
    })
}

/// Moves from message to message by the arrow keys.
fn move_focus(event: KeyboardEvent) {
    let Some(at) = event.target_dyn_into::<Element>() else {
        return;
    };
    let is_row = at.has_attribute("data-number");
    let next = match event.key().as_str() {
        "ArrowUp" if is_row => at.previous_element_sibling(),
        "ArrowDown" if is_row => at.next_element_sibling(),
        "ArrowUp" if at.get_attribute("role").as_deref() == Some("region") => {
            let rows = at.query_selector_all("[data-number]").ok();
            rows.and_then(|rows| rows.item(rows.length().wrapping_sub(1)))
                .and_then(|row| row.dyn_into::<Element>().ok())
        }
        _ => return,
    };
    if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        // Where focus is refused, it stays.
        let _ = next.focus();
    }
}
