//! The flow of messages and notices. Follows the end while the reader is there, and stays put otherwise.

use super::icon;
use super::message::MessageView;
use crate::clock;
use crate::timeline::{Body, Entry, Timeline, continues};
use candid::Principal;
use std::rc::Rc;
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
    {
        let (view, at_end) = (view.clone(), *at_end);
        use_effect_with(props.timeline.version(), move |_| {
            if at_end {
                scroll_to_end(&view);
            }
        });
    }
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

fn is_at_end(view: &NodeRef) -> bool {
    view.cast::<web_sys::Element>().is_none_or(|view| {
        view.scroll_height() - view.scroll_top() - view.client_height() <= END_MARGIN
    })
}

fn scroll_to_end(view: &NodeRef) {
    if let Some(view) = view.cast::<web_sys::Element>() {
        view.set_scroll_top(view.scroll_height());
    }
}
