//! The IC's HTTP interface with faults that the real one has only sometimes: slow, unavailable, unordered,
//! forgetful. Certificates are not signed, which a gateway does not look at.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use candid::Principal;
use futures::{StreamExt, stream};
use ic_certification::{HashTree, RbTree, empty, fork, labeled, leaf};
use ic_transport_types::{
    Envelope, EnvelopeContent, QueryResponse, RejectCode, RejectResponse, ReplyResponse, RequestId,
    TransportCallResponse,
};
use ic_ws_protocol::{
    CanisterOutputCertifiedMessages, CanisterOutputMessage, CanisterWsGetMessagesArguments,
    CanisterWsGetMessagesResult, ClientKey, MessageKey, WebsocketMessage, cbor,
    message_key::WEBSOCKET_LABEL,
};
use reqwest::Url;
use tokio::{net::TcpListener, sync::watch, time::sleep};

/// How a call ends.
#[derive(Clone)]
pub enum Answer {
    /// The canister replies.
    Reply(Result<(), String>),
    /// The canister rejects, certified.
    Reject(String),
    /// The network rejects before execution.
    NonReplicatedReject(String),
    /// So it does because the canister is stopped.
    Stopped,
    /// The network answers a client error.
    BadRequest(String),
    /// The network accepts, and says no more.
    Accepted,
}

/// How a canister answers polls that does not answer as it should.
#[derive(Clone, Copy)]
pub enum Spoiled {
    /// With status 503.
    Unavailable,
    /// With a body that goes on for ever.
    Endless,
    /// With such a body, of which little comes at a time.
    Dripping,
    /// With what is no answer at all.
    Garbage,
    /// With messages, and a witness that is none.
    Witness,
}

/// A call as it was accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    pub sender: Principal,
    pub method: String,
    pub arg: Vec<u8>,
}

pub struct FakeNetwork {
    pub url: Url,
    state: Arc<Shared>,
}

struct Shared {
    /// By method; who is not in here says yes.
    answers: Mutex<HashMap<String, Answer>>,
    spoiled: Mutex<HashMap<Principal, Spoiled>>,
    poll_delay: Mutex<Duration>,
    accepted: Mutex<Vec<Accepted>>,
    known: Mutex<HashSet<RequestId>>,
    queue: Mutex<Vec<CanisterOutputMessage>>,
    page: AtomicUsize,
    failures: AtomicUsize,
    requests: AtomicUsize,
    polls: AtomicUsize,
    deciding: watch::Sender<bool>,
}

impl FakeNetwork {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Shared {
            answers: Mutex::default(),
            spoiled: Mutex::default(),
            poll_delay: Mutex::default(),
            accepted: Mutex::default(),
            known: Mutex::default(),
            queue: Mutex::default(),
            page: AtomicUsize::new(50),
            failures: AtomicUsize::default(),
            requests: AtomicUsize::default(),
            polls: AtomicUsize::default(),
            deciding: watch::Sender::new(true),
        });
        let router = Router::new()
            .route("/api/{version}/canister/{id}/call", post(call))
            .route("/api/{version}/canister/{id}/query", post(query))
            .route("/api/v2/status", get(status))
            .with_state(state.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        Self {
            url: url.parse().unwrap(),
            state,
        }
    }

    /// How calls of `method` end from now on.
    pub fn answer(&self, method: &str, answer: Answer) {
        let mut answers = self.state.answers.lock().unwrap();
        answers.insert(method.to_owned(), answer);
    }

    /// How polls of `canister` are answered from now on.
    pub fn spoil_polls_of(&self, canister: Principal, how: Spoiled) {
        self.state.spoiled.lock().unwrap().insert(canister, how);
    }

    /// Polls take this long from now on.
    pub fn delay_polls(&self, by: Duration) {
        *self.state.poll_delay.lock().unwrap() = by;
    }

    /// The next `n` requests are answered with status 503.
    pub fn fail(&self, n: usize) {
        self.state.failures.store(n, Ordering::SeqCst);
    }

    /// Whether calls are decided once accepted, or only later.
    pub fn decide(&self, deciding: bool) {
        self.state.deciding.send_replace(deciding);
    }

    /// How many messages a poll gives at most.
    pub fn page(&self, messages: usize) {
        self.state.page.store(messages, Ordering::SeqCst);
    }

    /// How many calls were posted, again or anew.
    pub fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// How many polls there have been.
    pub fn polls(&self) -> usize {
        self.state.polls.load(Ordering::SeqCst)
    }

    /// The calls of `method`, in the order in which they were accepted.
    pub fn accepted(&self, method: &str) -> Vec<Accepted> {
        let mut accepted = self.state.accepted.lock().unwrap().clone();
        accepted.retain(|call| call.method == method);
        accepted
    }

    /// Forgets all messages, so that they are counted from 0 again.
    pub fn forget_queue(&self) {
        self.state.queue.lock().unwrap().clear();
    }

    /// Queues a message.
    pub fn queue(&self, gateway: Principal, client_key: ClientKey, sequence_num: u64, size: usize) {
        let mut queue = self.state.queue.lock().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let content = WebsocketMessage {
            client_key,
            sequence_num,
            timestamp: now.as_nanos() as u64,
            is_service_message: false,
            content: vec![0; size],
        };
        let key = MessageKey {
            gateway,
            nonce: queue.len() as u64,
        };
        queue.push(CanisterOutputMessage {
            client_key,
            key: key.to_string(),
            content: content.to_cbor().unwrap(),
        });
    }
}

fn unavailable(state: &Shared) -> bool {
    state
        .failures
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
        .is_ok()
}

async fn call(
    State(state): State<Arc<Shared>>,
    Path((version, _)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    if unavailable(&state) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    // Every other request is slow to be accepted, so that the next one would overtake it.
    if state
        .requests
        .fetch_add(1, Ordering::SeqCst)
        .is_multiple_of(2)
    {
        sleep(Duration::from_millis(20)).await;
    }
    let envelope: Envelope = cbor::from_slice(&body).unwrap();
    let id = envelope.content.to_request_id();
    let EnvelopeContent::Call {
        sender,
        method_name,
        arg,
        ..
    } = envelope.content.into_owned()
    else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let answer = state.answers.lock().unwrap().get(&method_name).cloned();
    let answer = answer.unwrap_or(Answer::Reply(Ok(())));
    match answer {
        Answer::BadRequest(text) => return (StatusCode::BAD_REQUEST, text).into_response(),
        Answer::NonReplicatedReject(text) => {
            return respond(&TransportCallResponse::NonReplicatedRejection(reject(text)));
        }
        Answer::Stopped => {
            let reject = RejectResponse {
                reject_code: RejectCode::CanisterError,
                reject_message: "stopped".to_owned(),
                error_code: Some("IC0508".to_owned()),
            };
            return respond(&TransportCallResponse::NonReplicatedRejection(reject));
        }
        Answer::Reply(_) | Answer::Reject(_) | Answer::Accepted => {}
    }
    if state.known.lock().unwrap().insert(id) {
        state.accepted.lock().unwrap().push(Accepted {
            sender,
            method: method_name,
            arg,
        });
    }
    if version == "v2" || matches!(answer, Answer::Accepted) {
        return StatusCode::ACCEPTED.into_response();
    }
    state.deciding.subscribe().wait_for(|d| *d).await.unwrap();
    respond(&TransportCallResponse::Replied {
        certificate: certificate(id, answer),
    })
}

async fn status(State(state): State<Arc<Shared>>) -> StatusCode {
    match unavailable(&state) {
        true => StatusCode::SERVICE_UNAVAILABLE,
        false => StatusCode::OK,
    }
}

async fn query(State(state): State<Arc<Shared>>, body: Bytes) -> Response {
    if unavailable(&state) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    state.polls.fetch_add(1, Ordering::SeqCst);
    let delay = *state.poll_delay.lock().unwrap();
    sleep(delay).await;
    let envelope: Envelope = cbor::from_slice(&body).unwrap();
    let EnvelopeContent::Query {
        arg, canister_id, ..
    } = envelope.content.into_owned()
    else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let spoiled = state.spoiled.lock().unwrap().get(&canister_id).copied();
    match spoiled {
        Some(Spoiled::Unavailable) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(Spoiled::Endless) => return endless(Duration::ZERO),
        Some(Spoiled::Dripping) => return endless(Duration::from_millis(10)),
        Some(Spoiled::Garbage) => return "garbage".into_response(),
        Some(Spoiled::Witness) | None => {}
    }
    let CanisterWsGetMessagesArguments { nonce } = candid::decode_one(&arg).unwrap();
    let queue = state.queue.lock().unwrap();
    let rest = queue.get(nonce as usize..).unwrap_or_default();
    let messages: Vec<_> = rest
        .iter()
        .take(state.page.load(Ordering::SeqCst))
        .cloned()
        .collect();
    let mut tree = RbTree::<String, Vec<u8>>::new();
    for message in &messages {
        tree.insert(message.key.clone(), vec![0; 32]);
    }
    let witness = match (messages.first(), messages.last()) {
        (Some(first), Some(last)) => tree.value_range(first.key.as_bytes(), last.key.as_bytes()),
        _ => empty(),
    };
    let result: CanisterWsGetMessagesResult = Ok(CanisterOutputCertifiedMessages {
        is_end_of_queue: messages.len() == rest.len(),
        messages,
        cert: b"certificate".to_vec(),
        tree: match spoiled {
            Some(_) => b"nothing".to_vec(),
            None => cbor::to_vec(&labeled(WEBSOCKET_LABEL, witness)).unwrap(),
        },
    });
    respond(&QueryResponse::Replied {
        reply: ReplyResponse {
            arg: candid::encode_one(result).unwrap(),
        },
        signatures: vec![],
    })
}

/// A body without end, with `pause` after each byte; without one, in large pieces.
fn endless(pause: Duration) -> Response {
    let piece = if pause.is_zero() { 100_000 } else { 1 };
    let pieces = stream::repeat(vec![0; piece]).then(move |piece| async move {
        sleep(pause).await;
        Ok::<_, Infallible>(piece)
    });
    Body::from_stream(pieces).into_response()
}

fn respond(body: &impl serde::Serialize) -> Response {
    cbor::to_vec(body).unwrap().into_response()
}

fn reject(reject_message: String) -> RejectResponse {
    RejectResponse {
        reject_code: RejectCode::CanisterReject,
        reject_message,
        error_code: None,
    }
}

/// A certificate of the call's outcome, without a signature.
fn certificate(id: RequestId, answer: Answer) -> Vec<u8> {
    let status = match answer {
        Answer::Reply(result) => fork(
            labeled(b"reply", leaf(candid::encode_one(result).unwrap())),
            labeled(b"status", leaf(b"replied")),
        ),
        Answer::Reject(text) => fork(
            fork(
                labeled(b"reject_code", leaf([4])),
                labeled(b"reject_message", leaf(text)),
            ),
            labeled(b"status", leaf(b"rejected")),
        ),
        Answer::NonReplicatedReject(_)
        | Answer::Stopped
        | Answer::BadRequest(_)
        | Answer::Accepted => empty(),
    };
    let tree: HashTree = labeled(b"request_status", labeled(id.as_slice(), status));
    cbor::to_vec(&ic_certification::Certificate {
        tree,
        signature: vec![],
        delegation: None,
    })
    .unwrap()
}
