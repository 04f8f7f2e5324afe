//! Asks the canister, and tells the store what it answered.

use std::{future::Future, rc::Rc, time::Duration};

use candid::Principal;
use chat_api::{FoundRooms, PeoplePage, Person, RoomId, RoomsAfter, Span};
use gloo_timers::future::sleep;
use yew::platform::spawn_local;

use super::{
    Actor,
    queries::{AskError, Queries},
};
use crate::{
    intent::Answer,
    store::{Action, sync::Inquiry, view::List},
    words::sentence,
};

/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const MAX_DOUBLINGS: u32 = 6;

/// How often an image is asked for while there is no answer.
const IMAGE_TRIES: u32 = 6;

/// How many results a search shows at once.
const FOUND: u32 = 30;

/// How long to wait after so many failures.
async fn pause(failures: u32) {
    if let Some(doublings) = failures.checked_sub(1) {
        sleep(FIRST_PAUSE * 2u32.pow(doublings.min(MAX_DOUBLINGS))).await;
    }
}

impl Actor {
    /// Asks what there is, or what has changed.
    pub fn inquire(self: &Rc<Self>, inquiry: Inquiry) {
        let Inquiry {
            after,
            seen,
            failures,
        } = inquiry;
        let device = Some(self.sending.device());
        self.ask(failures, async move |queries| {
            let action = match after {
                None => queries
                    .overview(device)
                    .await
                    .map(|overview| Action::Overview(Box::new(overview), device)),
                Some(after) => queries
                    .since(after, device, seen)
                    .await
                    .map(|since| Action::Since(since, device)),
            };
            action.unwrap_or(Action::InquiryFailed)
        });
    }

    pub(super) fn load(self: &Rc<Self>, room: RoomId, span: Span, failures: u32) {
        self.ask(failures, async move |queries| {
            match queries.history(room, span).await {
                Ok(history) => Action::History(room, Box::new(history)),
                Err(_) => Action::HistoryFailed(room),
            }
        });
    }

    pub(super) fn load_members(self: &Rc<Self>, room: RoomId, after: Option<Principal>) {
        self.ask(0, async move |queries| {
            match queries.members(room, after).await {
                Ok(members) => Action::Members(room, members),
                Err(error) => Action::Note(sentence(&error)),
            }
        });
    }

    pub(super) fn load_image(self: &Rc<Self>, person: Principal, version: u64) {
        let Some(queries) = self.queries.borrow().clone() else {
            return;
        };
        if !self.images.borrow_mut().ask(person, version) {
            return;
        }
        let actor = Rc::clone(self);
        spawn_local(async move {
            for failures in 0..IMAGE_TRIES {
                pause(failures).await;
                let image = queries.image(person).await;
                if !actor.asks_as(&queries) {
                    return;
                }
                if let Ok(image) = image {
                    actor.act.emit(Action::Image(person, version, image));
                    break;
                }
            }
            // Without an answer, their initial stands for them until somebody sees them next.
            actor.images.borrow_mut().answered(person);
        });
    }

    pub(super) fn find_rooms(
        &self,
        prefix: String,
        after: Option<RoomsAfter>,
        answer: Answer<FoundRooms>,
    ) {
        self.find(answer, async move |queries| {
            queries.find_rooms(&prefix, after, FOUND).await
        });
    }

    pub(super) fn find_people(
        &self,
        prefix: String,
        room: Option<RoomId>,
        answer: Answer<Vec<Person>>,
    ) {
        self.find(answer, async move |queries| {
            queries.find_people(&prefix, room, FOUND).await
        });
    }

    pub(super) fn find_listed(
        &self,
        list: List,
        room: RoomId,
        after: Option<Principal>,
        answer: Answer<PeoplePage>,
    ) {
        self.find(answer, async move |queries| {
            queries.listed(list, room, after, FOUND).await
        });
    }

    /// Asks, and acts on the answer, unless this person is somebody else by then.
    fn ask<F: Future<Output = Action>>(
        self: &Rc<Self>,
        failures: u32,
        question: impl FnOnce(Rc<Queries>) -> F + 'static,
    ) {
        let Some(queries) = self.queries.borrow().clone() else {
            return;
        };
        let actor = Rc::clone(self);
        spawn_local(async move {
            pause(failures).await;
            let action = question(Rc::clone(&queries)).await;
            if actor.asks_as(&queries) {
                actor.act.emit(action);
            }
        });
    }

    /// Whether this person is still who they were when they asked.
    fn asks_as(&self, queries: &Queries) -> bool {
        let now = self.queries.borrow();
        now.as_ref().is_some_and(|now| now.is_same_person(queries))
    }

    fn find<T: 'static, F: Future<Output = Result<T, AskError>>>(
        &self,
        answer: Answer<T>,
        question: impl FnOnce(Rc<Queries>) -> F + 'static,
    ) {
        let Some(queries) = self.queries.borrow().clone() else {
            return answer.emit(Err("You are not connected.".to_owned()));
        };
        spawn_local(async move {
            let found = question(queries).await;
            answer.emit(found.map_err(|error| sentence(&error)));
        });
    }
}
