//! All messages of a room, of which those are drawn that are seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use candid::Principal;
use chat_api::{Address, MessageNumber, RoomId, Span};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, HtmlElement, ResizeObserver};
use yew::prelude::*;

use super::{
    pending::PendingMessages,
    row::Row,
    scroller::{Elements, Scroller, Sight},
};
use crate::{
    components::icon,
    intent::{Intent, use_intents},
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
    let below = room.next.saturating_sub(sight.seen.end);
    let address = Address::Room(room.id);
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
                <ol ref={&elements.slice} class="message-rows">
                    { rows(props, clamp(&sight.slice, &numbers), *current) }
                </ol>
                <div ref={&elements.below} />
                <PendingMessages
                    outbox={props.outbox.clone()}
                    {address}
                    you={props.me.and_then(|me| props.people.get(me).cloned())}
                />
            </div>
            if !sight.at_end {
                <button type="button" class="to-end" onclick={to_end}>
                    { icon::arrow_down() }
                    { if below > 0 { "Latest" } else { "Down" } }
                </button>
            }
            <p class="visually-hidden" aria-live="polite">{ announcement(props) }</p>
        </div>
    }
}

fn clamp(
    slice: &std::ops::Range<MessageNumber>,
    numbers: &std::ops::Range<MessageNumber>,
) -> std::ops::Range<MessageNumber> {
    let within = |number: MessageNumber| number.clamp(numbers.start, numbers.end);
    within(slice.start)..within(slice.end)
}

fn rows(
    props: &Props,
    drawn: std::ops::Range<MessageNumber>,
    current: Option<MessageNumber>,
) -> Html {
    let twins = twins(props);
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
                    total={state.room.next - state.room.first}
                    room={state.room.id}
                    previous={before.and_then(|it| state.messages.get(it).cloned())}
                    replied={replied.and_then(|it| state.messages.get(it).cloned())}
                    {message}
                    people={props.people.clone()}
                    twins={twins.clone()}
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

/// Who has written here under a name that another one has, too.
fn twins(props: &Props) -> Rc<BTreeSet<Principal>> {
    let authors: BTreeSet<_> = props.room.messages.iter().map(|it| it.author).collect();
    let mut named = BTreeMap::<String, Vec<Principal>>::new();
    for id in authors {
        let name = props.people.name(id).to_lowercase();
        named.entry(name).or_default().push(id);
    }
    let shared = named.into_values().filter(|ids| ids.len() > 1);
    Rc::new(shared.flatten().collect())
}

/// What is read out when somebody else says something.
fn announcement(props: &Props) -> Option<String> {
    let latest = props
        .room
        .messages
        .get(props.room.room.next.checked_sub(1)?)?;
    (Some(latest.author) != props.me && !latest.deleted).then(|| {
        format!(
            "{}: {}",
            props.people.name(latest.author),
            markdown::plain(&latest.text)
        )
    })
}

/// Brings the reader to where they want to be: to what is unread at first, then wherever they jump, and to what they say.
#[hook]
fn use_arrival(
    scroller: &Rc<std::cell::RefCell<Scroller>>,
    elements: &Rc<Elements>,
    props: &Props,
) {
    {
        let (scroller, elements) = (scroller.clone(), elements.clone());
        let (unread_from, next) = (props.room.unread_from, props.room.room.next);
        use_effect_with(unread_from, move |unread_from| {
            if let Some(number) = unread_from.filter(|number| number + 3 < next) {
                scroller.borrow_mut().go_to(number, &elements);
            }
        });
    }
    {
        let (scroller, elements) = (scroller.clone(), elements.clone());
        use_effect_with(props.jump, move |jump| {
            if let Some(jump) = jump {
                scroller.borrow_mut().go_to(jump.message, &elements);
            }
        });
    }
    let scroller = scroller.clone();
    let address = Address::Room(props.room.room.id);
    let said = props.outbox.said_to(address).last().map(|it| it.request.id);
    use_effect_with(said, move |said| {
        if said.is_some() {
            scroller.borrow_mut().go_to_end();
        }
    });
}

/// Settles again when the view changes its size.
#[hook]
fn use_resettling(
    elements: &Rc<Elements>,
    scroller: &Rc<std::cell::RefCell<Scroller>>,
    sight: &UseStateHandle<Sight>,
) {
    let drawn = use_mut_ref(std::ops::Range::<MessageNumber>::default);
    drawn.borrow_mut().clone_from(&sight.slice);
    let (elements, scroller, sight) = (elements.clone(), scroller.clone(), sight.setter());
    use_effect_with((), move |()| {
        let view = elements.view.cast::<Element>();
        let on_resize = Closure::<dyn FnMut()>::new(move || {
            let drawn = drawn.borrow().clone();
            if let Ok(mut scroller) = scroller.try_borrow_mut() {
                sight.set(scroller.settle(&drawn, &elements));
            }
        });
        let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(view)) = (&observer, &view) {
            observer.observe(view);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(on_resize);
        }
    });
}

/// Asks for what is to be drawn and is not there.
#[hook]
fn use_loading(intents: &Callback<Intent>, props: &Props, sight: &Sight) {
    let intents = intents.clone();
    let room = &props.room.room;
    let gap = props
        .room
        .messages
        .gap(clamp(&sight.slice, &(room.first..room.next)));
    let due: (RoomId, Option<Span>, u32) = (room.id, gap, props.room.load_failures);
    use_effect_with(due, move |(room, gap, failures)| {
        if let Some(span) = gap {
            intents.emit(Intent::Load(*room, *span, *failures));
        }
    });
}

/// Tells how far this person has read.
#[hook]
fn use_seeing(intents: &Callback<Intent>, props: &Props, sight: &Sight) {
    let intents = intents.clone();
    let room = props.room.room.id;
    let read = props.room.membership.map(|it| it.read_up_to);
    let last = sight.seen.end.min(props.room.room.next);
    let is_there = last > 0 && props.room.messages.get(last - 1).is_some();
    let due = read.filter(|read| is_there && *read < last).map(|_| last);
    use_effect_with((room, due), move |(room, due)| {
        if let Some(up_to) = due {
            intents.emit(Intent::Seen(*room, *up_to));
        }
    });
}

/// Moves from message to message by the arrow keys.
fn move_focus(event: KeyboardEvent) {
    let Some(at) = event.target_dyn_into::<Element>() else {
        return;
    };
    let Ok(view) = event
        .current_target()
        .ok_or(())
        .and_then(|view| view.dyn_into::<Element>().map_err(drop))
    else {
        return;
    };
    let is_row = at.has_attribute("data-number");
    let next = match event.key().as_str() {
        "ArrowUp" if is_row => at.previous_element_sibling(),
        "ArrowDown" if is_row => at.next_element_sibling(),
        "ArrowUp" if at == view => {
            let rows = view.query_selector_all("[data-number]").ok();
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
