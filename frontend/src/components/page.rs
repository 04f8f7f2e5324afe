//! The whole page as a function of the store.

use super::entrance::Entrance;
use super::header::Header;
use super::room::Room;
use crate::intent::Intent;
use crate::store::Store;
use yew::prelude::*;

/// Properties of [`Page`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What to show.
    pub store: Store,
    /// The name that this person used last.
    pub last_name: AttrValue,
    /// Told what this person wants.
    pub on_intent: Callback<Intent>,
}

/// The whole page: the entrance, or the room once a name is chosen.
#[component]
pub fn Page(props: &Props) -> Html {
    let Props {
        store,
        last_name,
        on_intent,
    } = props;
    let inside = store.name.is_some();
    html! {
        <div class={classes!("page", (!inside).then_some("at-entrance"))}>
            <Header
                connection={store.connection.clone()}
                name={store.name.clone()}
                account={store.account.clone()}
                {on_intent}
            />
            if inside {
                <Room store={store.clone()} {on_intent} />
            } else {
                <Entrance
                    {last_name}
                    account={store.account.clone()}
                    refused={store.entry_refused.clone()}
                    {on_intent}
                />
            }
        </div>
    }
}
