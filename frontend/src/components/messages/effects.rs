//! What the list of messages does beside being drawn: it takes the reader where they want to be, asks for what is missing,
//! and tells how far was read.

use std::{cell::RefCell, ops::Range, rc::Rc};

use chat_api::{MessageNumber, RoomId, Span};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, ResizeObserver};
use yew::prelude::*;

use super::{
    list::Props,
    scroller::{Elements, Scroller, Sight, clamp},
};
use crate::intent::Intent;

/// Brings the reader to where they want to be: to what is unread at first, then wherever they jump, and to what they say.
#[hook]
pub fn use_arrival(scroller: &Rc<RefCell<Scroller>>, elements: &Rc<Elements>, props: &Props) {
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
    let said = props.outbox.said_to(&props.room.addresses()).last();
    let said = said.map(|it| it.request.id);
    use_effect_with(said, move |said| {
        if said.is_some() {
            scroller.borrow_mut().go_to_end();
        }
    });
}

/// Settles again when the view changes its size.
#[hook]
pub fn use_resettling(
    elements: &Rc<Elements>,
    scroller: &Rc<RefCell<Scroller>>,
    sight: &UseStateHandle<Sight>,
) {
    let drawn = use_mut_ref(Range::<MessageNumber>::default);
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
pub fn use_loading(intents: &Callback<Intent>, props: &Props, sight: &Sight) {
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
pub fn use_seeing(intents: &Callback<Intent>, props: &Props, sight: &Sight) {
    let intents = intents.clone();
    let room = props.room.room.id;
    let read = props.room.membership.map(|it| it.read_up_to);
    let last = sight.seen.end.min(props.room.room.next);
    let is_there = last > 0 && props.room.messages.get(last - 1).is_some();
    let due = read.filter(|read| is_there && *read < last).map(|_| last);
    let due = (room, due, props.room.read_failures);
    use_effect_with(due, move |(room, due, failures)| {
        if let Some(up_to) = due {
            intents.emit(Intent::Seen(*room, *up_to, *failures));
        }
    });
}
