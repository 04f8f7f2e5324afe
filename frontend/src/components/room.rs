//! The room: who is here, the flow of messages, and what this person writes.

use super::composer::Composer;
use super::outbox::OutboxList;
use super::people::People;
use super::timeline::TimelineView;
use crate::intent::Intent;
use crate::store::Store;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub store: Store,
    pub on_intent: Callback<Intent>,
}

#[component]
pub fn Room(props: &Props) -> Html {
    let Props { store, on_intent } = props;
    let you = store.you.as_ref().map(|you| you.id);
    html! {
        <div class="room">
            <People
                people={store.people.clone()}
                {you}
                recipient={store.recipient.as_ref().map(|person| person.id)}
                {on_intent}
            />
            <main class="conversation">
                <TimelineView timeline={store.timeline.clone()} {you} />
                <OutboxList outbox={store.outbox.clone()} {on_intent} />
                <Composer
                    can_send={store.can_send()}
                    connection={store.connection.clone()}
                    recipient={store.recipient.clone()}
                    recipient_left={store.recipient_left()}
                    {on_intent}
                />
            </main>
        </div>
    }
}
