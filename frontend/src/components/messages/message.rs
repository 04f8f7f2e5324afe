//! A message: who, when, what, and what others make of it.

use std::rc::Rc;

use chat_api::{Address, Message, MessageNumber, Role};
use yew::prelude::*;

use super::{actions::Actions, reactions::reactions, row::Props, text::Markdown};
use crate::{
    clock,
    components::{Avatar, icon, names::name},
    intent::Intent,
    markdown,
    store::view::Open,
    words,
};

/// A message, which continues the one before it or not. What can be done with it is drawn when somebody comes near: it is
/// most of what there is to draw.
pub fn message_view(
    props: &Props,
    message: &Rc<Message>,
    continues: bool,
    is_near: &UseStateHandle<bool>,
    intents: &Callback<Intent>,
) -> Html {
    let Props { room, people, .. } = props;
    let come_near = is_near.setter();
    let onpointerover = Callback::from(move |_: PointerEvent| come_near.set(true));
    let author = people.get(message.author);
    let is_mine = Some(message.author) == props.me;
    let mentions: Vec<_> = message.mentions.iter().map(|id| people.name(*id)).collect();
    let mentions_me = props.me.is_some_and(|me| message.mentions.contains(&me));
    let author_name = people.name(message.author);
    html! {
        <article
            class={classes!("message", mentions_me.then_some("to-me"))}
            aria-label={format!("{author_name}, {}", clock::time_words(message.at))}
            data-author={author_name}
            {onpointerover}
        >
            <div class="message-side">
                if continues {
                    { time(message) }
                } else {
                    <Avatar person={author.cloned()} id={message.author} />
                }
            </div>
            <div>
                if !continues {
                    <header class="message-head">
                        { name(people, message.author, intents) }
                        { time(message) }
                    </header>
                }
                { message.reply_to.map(|number| replied(props, number, intents)) }
                if message.deleted {
                    <p class="deleted">{ icon::bin() }{ "This message was deleted." }</p>
                } else {
                    <div class="message-text">
                        <Markdown text={message.text.clone()} {mentions} />
                        { footnote(props, message, is_mine) }
                    </div>
                }
                { reactions(message, *room, people, props.role.is_some(), intents) }
            </div>
            if (**is_near || props.is_current) && props.role.is_some() && !message.deleted {
                <Actions
                    message={message.clone()}
                    room={*room}
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
fn footnote(props: &Props, message: &Message, is_mine: bool) -> Html {
    if !is_mine && message.edited_at.is_none() {
        // Even an empty one would take a line after a list.
        return Html::default();
    }
    let edited = message.edited_at.map(|at| {
        html! { <span class="edited" title={clock::full_words(at)}>{ "(edited)" }</span> }
    });
    let state = is_mine.then(|| match props.is_read_by_partner {
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

/// The message that one answers.
fn replied(props: &Props, number: MessageNumber, intents: &Callback<Intent>) -> Html {
    let place = Address::Room(props.room);
    let onclick =
        intents.reform(move |_: MouseEvent| Intent::Open(Open::Place(place, Some(number))));
    html! {
        <button type="button" class="replied" {onclick}>
            { icon::reply() }
            { match &props.replied {
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
