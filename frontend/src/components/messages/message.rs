//! A message: who, when, what, and what others make of it.

use std::rc::Rc;

use candid::Principal;
use chat_api::{Address, Message, Role, RoomId};
use yew::prelude::*;

use super::{actions::Actions, reactions::Reactions, text::Markdown};
use crate::{
    clock,
    components::{Avatar, Name, icon},
    intent::{Intent, use_intents},
    markdown,
    shared::Shared,
    store::{people::People, view::Open},
    words,
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub message: Rc<Message>,
    pub room: RoomId,
    pub replied: Option<Rc<Message>>,
    pub people: Shared<People>,
    pub is_twin: bool,
    pub me: Option<Principal>,
    pub role: Option<Role>,
    pub is_direct: bool,
    pub is_read_by_partner: bool,
    pub is_current: bool,
    pub continues: bool,
}

#[component]
pub fn MessageView(props: &Props) -> Html {
    let message = &props.message;
    // What can be done with it is drawn when somebody comes near: it is most of what there is to draw.
    let is_near = use_state_eq(|| false);
    let come_near = {
        let is_near = is_near.setter();
        Callback::from(move |()| is_near.set(true))
    };
    let author = props.people.get(message.author).cloned();
    let is_mine = Some(message.author) == props.me;
    let mentions: Vec<_> = message
        .mentions
        .iter()
        .map(|id| props.people.name(*id))
        .collect();
    let mentions_me = props.me.is_some_and(|me| message.mentions.contains(&me));
    let name = props.people.name(message.author);
    html! {
        <article
            class={classes!("message", mentions_me.then_some("to-me"))}
            aria-label={format!("{name}, {}", clock::time_words(message.at))}
            data-author={name.clone()}
            onpointerover={come_near.reform(|_: PointerEvent| ())}
        >
            <div class="message-side">
                if props.continues {
                    { time(message) }
                } else {
                    <Avatar person={author.clone()} id={message.author} />
                }
            </div>
            <div class="message-body">
                if !props.continues {
                    <header class="message-head">
                        <Name person={author} id={message.author} is_twin={props.is_twin} />
                        { time(message) }
                    </header>
                }
                { reply(props) }
                if message.deleted {
                    <p class="deleted">{ icon::bin() }{ "This message was deleted." }</p>
                } else {
                    <div class="message-text">
                        <Markdown text={message.text.clone()} {mentions} />
                        { footnote(props, is_mine) }
                    </div>
                }
                if !message.reactions.is_empty() {
                    <Reactions
                        message={message.clone()}
                        room={props.room}
                        people={props.people.clone()}
                        may_react={props.role.is_some()}
                    />
                }
            </div>
            if (*is_near || props.is_current) && props.role.is_some() && !message.deleted {
                <Actions
                    message={message.clone()}
                    room={props.room}
                    {is_mine}
                    may_delete={is_mine || may_moderate(props)}
                    is_current={props.is_current}
                />
            }
        </article>
    }
}

fn may_moderate(props: &Props) -> bool {
    !props.is_direct && props.role >= Some(Role::Moderator)
}

fn time(message: &Message) -> Html {
    html! {
        <time datetime={clock::machine_time(message.at)} title={clock::full_words(message.at)}>
            { clock::time_words(message.at) }
        </time>
    }
}

/// Whether it was edited and how far one's own has come, at the end of the text.
fn footnote(props: &Props, is_mine: bool) -> Html {
    if !is_mine && props.message.edited_at.is_none() {
        // Even an empty one would take a line after a list.
        return Html::default();
    }
    let edited = props.message.edited_at.map(|at| {
        html! { <span class="edited" title={clock::full_words(at)}>{ "(edited)" }</span> }
    });
    let state = is_mine.then(|| match props.is_direct && props.is_read_by_partner {
        true => html! {
            <span class="send-state read" title="Read" role="img" aria-label="Read">
                { icon::double_check() }
            </span>
        },
        false => html! {
            <span class="send-state" title="Delivered" role="img" aria-label="Delivered">
                { icon::check() }
            </span>
        },
    });
    html! { <span class="footnote">{ edited }{ state }</span> }
}

/// What it answers.
fn reply(props: &Props) -> Html {
    let Some(number) = props.message.reply_to else {
        return Html::default();
    };
    html! { <Replied
        {number}
        room={props.room}
        message={props.replied.clone()}
        people={props.people.clone()}
    /> }
}

#[derive(Properties, PartialEq)]
struct RepliedProps {
    number: u64,
    room: RoomId,
    message: Option<Rc<Message>>,
    people: Shared<People>,
}

#[component]
fn Replied(props: &RepliedProps) -> Html {
    let intents = use_intents();
    let (room, number) = (props.room, props.number);
    let onclick = intents
        .reform(move |_: MouseEvent| Intent::Open(Open::Place(Address::Room(room), Some(number))));
    html! {
        <button type="button" class="replied" {onclick}>
            { icon::reply() }
            { match &props.message {
                Some(message) if message.deleted => html! { <span>{ "A deleted message" }</span> },
                Some(message) => html! {
                    <>
                        <bdi class="replied-name">{ props.people.name(message.author) }</bdi>
                        <bdi class="replied-text">{ words::clipped(&markdown::plain(&message.text)) }</bdi>
                    </>
                },
                None => html! { <span>{ "An earlier message" }</span> },
            } }
        </button>
    }
}
