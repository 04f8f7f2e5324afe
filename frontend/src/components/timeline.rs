//! The flow of messages and notices. Follows the end while the reader is there, and stays put otherwise.

use super::icon;
use super::message::MessageView;
use crate::clock;
use crate::timeline::{Body, Entry, Timeline, continues};
use candid::Principal;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};
use yew::prelude::*;

/// How far from the end, in pixels, still counts as being there.
const END_MARGIN: i32 = 48;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub timeline: Timeline,
    pub you: Option<Principal>,
}

#[component]
pub fn TimelineView(props: &Props) -> Html {
    let view = use_node_ref();
    let at_end = use_state_eq(|| true);
    use_follow_end(&view, *at_end, props);
    let onscroll = {
        let (view, at_end) = (view.clone(), at_end.clone());
        Callback::from(move |_: Event| at_end.set(is_at_end(&view)))
    };
    let jump = {
        let view = view.clone();
        Callback::from(move |_: MouseEvent| scroll_to_end(&view))
    };
    html! {
        <div class="timeline-frame">
            <div
                ref={view}
                class="timeline"
                role="log"
                aria-live="polite"
                aria-label="Messages"
                tabindex="0"
                {onscroll}
            >
                if props.timeline.is_empty() {
                    <p class="empty">
                        { "Nothing has been said yet." }
                        <br />
                        { "Say hello, and everyone here will see it." }
                    </p>
                } else {
                    { entries(props) }
                }
            </div>
            if !*at_end {
                <button type="button" class="jump" onclick={jump}>
                    { icon::arrow_down() }
                    { "Latest" }
                </button>
            }
        </div>
    }
}

fn entries(props: &Props) -> Html {
    let mut previous: Option<&Rc<Entry>> = None;
    let mut day = None;
    let mut nodes = Vec::new();
    for entry in props.timeline.iter() {
        match &entry.body {
            Body::Message(message) => {
                let local = clock::local_day(message.at);
                let new_day = day.replace(local) != Some(local);
                if new_day {
                    nodes.push(html! {
                        <h3 key={format!("day-{}", entry.key)} class="day">
                            <span>{ clock::day_words(message.at) }</span>
                        </h3>
                    });
                }
                let previous = previous.filter(|_| !new_day).map(Rc::as_ref);
                nodes.push(html! {
                    <MessageView
                        key={entry.key}
                        message={message.clone()}
                        you={props.you}
                        continued={continues(previous, message)}
                    />
                });
            }
            Body::Notice(notice) => nodes.push(html! {
                <p key={entry.key} class="notice" data-testid="notice">{ notice.words() }</p>
            }),
        }
        previous = Some(entry);
    }
    nodes.into_iter().collect()
}

/// Keeps the end in view as the flow grows and as the view shrinks, unless the reader went up; one's own
/// message brings them back.
#[hook]
fn use_follow_end(view: &NodeRef, at_end: bool, props: &Props) {
    let own_last = props.timeline.iter().next_back().is_some_and(|entry| {
        matches!(&entry.body, Body::Message(message) if Some(message.author.id) == props.you)
    });
    {
        let view = view.clone();
        use_effect_with(props.timeline.version(), move |_| {
            if at_end || own_last {
                scroll_to_end(&view);
            }
        });
    }
    let view = view.clone();
    use_effect_with(at_end, move |at_end| {
        let observer = at_end.then(|| EndKeeper::new(view));
        move || drop(observer)
    });
}

/// Scrolls to the end whenever the view changes its size, until it is dropped.
struct EndKeeper {
    observer: Option<ResizeObserver>,
    _on_resize: Closure<dyn FnMut()>,
}

impl EndKeeper {
    fn new(view: NodeRef) -> Self {
        let element = view.cast::<Element>();
        let on_resize = Closure::new(move || scroll_to_end(&view));
        let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(element)) = (&observer, &element) {
            observer.observe(element);
        }
        Self {
            observer,
            _on_resize: on_resize,
        }
    }
}

impl Drop for EndKeeper {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
    }
}

fn is_at_end(view: &NodeRef) -> bool {
    view.cast::<Element>().is_none_or(|view| {
        view.scroll_height() - view.scroll_top() - view.client_height() <= END_MARGIN
    })
}

fn scroll_to_end(view: &NodeRef) {
    if let Some(view) = view.cast::<Element>() {
        view.set_scroll_top(view.scroll_height());
    }
}
