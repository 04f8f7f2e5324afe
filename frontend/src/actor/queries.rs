//! What is asked beside the socket.

use candid::{Principal, utils::ArgumentEncoder};
use chat_api::{
    ChangeId, FoundRooms, History, Image, MAX_PAGE, Members, Overview, PeoplePage, Person,
    QueryError, RoomId, RoomsAfter, Since, Span,
};
use ic_ws_client::{Agent, CallError, Signer};
use ic_ws_yew::{Env, Identity};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::store::view::List;

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum AskError {
    /// The canister has none for this person.
    #[error("{}", words(*.0))]
    Canister(QueryError),
    /// The network did not answer.
    #[error("the network did not answer: {0}")]
    Call(#[from] CallError),
    /// The answer is in another version of the language.
    #[error("the answer cannot be understood: {0}")]
    Candid(#[from] candid::Error),
}

impl From<QueryError> for AskError {
    fn from(error: QueryError) -> Self {
        Self::Canister(error)
    }
}

fn words(error: QueryError) -> &'static str {
    match error {
        QueryError::NoSuchRoom => "there is no such room",
        QueryError::NotAllowed => "you may not see this",
        QueryError::NoProfile => "you have no name yet",
    }
}

type Answered<T> = Result<T, AskError>;

/// Asks the chat canister as one person.
pub struct Queries {
    agent: Agent<Identity>,
    person: Principal,
    canister: Principal,
}

impl Queries {
    pub fn new(env: &Env, identity: Identity) -> Self {
        Self {
            person: identity.principal(),
            agent: Agent::new(env.network_url(), env.root_key.as_slice(), identity),
            canister: env.backend,
        }
    }

    /// Whether both ask as the same person.
    pub fn is_same_person(&self, other: &Self) -> bool {
        self.person == other.person
    }

    pub async fn overview(&self, device: Option<u64>) -> Answered<Overview> {
        self.ask("overview", (device,)).await
    }

    pub async fn since(
        &self,
        after: u64,
        device: Option<u64>,
        seen: Option<ChangeId>,
    ) -> Answered<Since> {
        self.ask("since", (after, device, seen)).await
    }

    pub async fn history(&self, room: RoomId, span: Span) -> Answered<History> {
        self.try_ask("history", (room, span, MAX_PAGE)).await
    }

    pub async fn members(&self, room: RoomId, after: Option<Principal>) -> Answered<Members> {
        self.try_ask("members", (room, after, MAX_PAGE)).await
    }

    pub async fn listed(
        &self,
        list: List,
        room: RoomId,
        after: Option<Principal>,
        limit: u32,
    ) -> Answered<PeoplePage> {
        let method = match list {
            List::Banned => "banned",
            List::Invited => "invited",
        };
        self.try_ask(method, (room, after, limit)).await
    }

    pub async fn image(&self, person: Principal) -> Answered<Option<Image>> {
        self.ask("image", (person,)).await
    }

    pub async fn find_rooms(
        &self,
        prefix: &str,
        after: Option<RoomsAfter>,
        limit: u32,
    ) -> Answered<FoundRooms> {
        self.ask("find_rooms", (prefix, after, limit)).await
    }

    pub async fn find_people(
        &self,
        prefix: &str,
        room: Option<RoomId>,
        limit: u32,
    ) -> Answered<Vec<Person>> {
        self.try_ask("find_people", (prefix, room, limit)).await
    }

    async fn try_ask<T>(&self, method: &str, args: impl ArgumentEncoder) -> Answered<T>
    where
        Result<T, QueryError>: candid::CandidType + DeserializeOwned,
    {
        Ok(self.ask::<Result<T, QueryError>>(method, args).await??)
    }

    async fn ask<T: candid::CandidType + DeserializeOwned>(
        &self,
        method: &str,
        args: impl ArgumentEncoder,
    ) -> Answered<T> {
        let args = candid::encode_args(args)?;
        let reply = self.agent.query(self.canister, method, args).await?;
        Ok(candid::decode_one(&reply)?)
    }
}
