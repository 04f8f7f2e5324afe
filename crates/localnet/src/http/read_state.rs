//! `read_state`: certified parts of the state tree, for those who may see them.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use candid::Principal;
use ic_transport_types::{EnvelopeContent, ReadStateResponse, RequestId};

use super::{
    App, HttpLimits,
    error::HttpError,
    request::{authenticate, principal, wrong_kind},
    response::cbor_response,
};
use crate::{certification::CertifiedState, ingress::Targets};

/// The state as a canister's clients see it.
pub(super) async fn of_canister(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, HttpError> {
    read(&app, Scope::Canister(principal(&id)?), body).await
}

/// What is the same for all canisters of the subnet.
pub(super) async fn of_subnet(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, HttpError> {
    let subnet = principal(&id)?;
    let known = app.network.keys().subnet_id();
    if subnet != known {
        return Err(HttpError::bad_request(format!(
            "There is no subnet {subnet} here; the only one is {known}."
        )));
    }
    read(&app, Scope::Subnet, body).await
}

async fn read(app: &App, scope: Scope, body: Body) -> Result<Response, HttpError> {
    let request = authenticate(app, body).await?;
    let EnvelopeContent::ReadState { sender, paths, .. } = request.content else {
        return Err(wrong_kind("read_state"));
    };
    let state = app.network.certified();
    let reader = Reader {
        sender,
        targets: request.targets,
        scope,
    };
    reader.check(&paths, &state, &app.limits)?;
    Ok(cbor_response(&ReadStateResponse {
        certificate: state.certificate(&paths),
    }))
}

/// Which URL the request came to.
enum Scope {
    Canister(Principal),
    Subnet,
}

/// Who wants to read.
struct Reader {
    sender: Principal,
    targets: Targets,
    scope: Scope,
}

impl Reader {
    /// Checks that every path may be read.
    fn check<L: AsRef<[u8]>>(
        &self,
        paths: &[Vec<L>],
        state: &CertifiedState,
        limits: &HttpLimits,
    ) -> Result<(), HttpError> {
        if paths.len() > limits.max_paths {
            return Err(HttpError::bad_request(format!(
                "The request has {} paths; at most {} are accepted.",
                paths.len(),
                limits.max_paths
            )));
        }
        let mut asked_for = None;
        for path in paths {
            if path.len() > limits.max_path_labels {
                return Err(HttpError::bad_request(format!(
                    "A path has {} labels; at most {} are accepted.",
                    path.len(),
                    limits.max_path_labels
                )));
            }
            let path: Vec<&[u8]> = path.iter().map(AsRef::as_ref).collect();
            match (path.as_slice(), &self.scope) {
                (
                    [b"time"]
                    | [b"subnet", ..]
                    | [b"canister_ranges", ..]
                    | [b"api_boundary_nodes", ..],
                    _,
                ) => {}
                ([b"request_status", id, rest @ ..], Scope::Canister(_)) if rest.len() <= 1 => {
                    let id = request_id(id)?;
                    if *asked_for.get_or_insert(id) != id {
                        return Err(HttpError::bad_request(
                            "All request_status paths have to be about the same request.",
                        ));
                    }
                    self.check_request(&id, state)?;
                }
                ([b"canister", id, rest @ ..], Scope::Canister(effective)) => {
                    check_canister(id, effective)?;
                    self.check_canister_path(effective, rest, state)?;
                }
                _ => return Err(invalid_path(&path)),
            }
        }
        Ok(())
    }

    fn check_request(&self, id: &RequestId, state: &CertifiedState) -> Result<(), HttpError> {
        let Some(origin) = state.request_origin(id) else {
            return Ok(()); // anyone may learn that a request is not known
        };
        if origin.sender != self.sender {
            return Err(HttpError::forbidden(
                "The user tries to access a request that is not their own.",
            ));
        }
        if !self.targets.allow(&origin.canister_id) {
            return Err(HttpError::forbidden(format!(
                "The request was sent to the canister {}, which is not among the targets of the \
                 delegations.",
                origin.canister_id
            )));
        }
        match self.scope {
            Scope::Canister(effective) if effective != origin.effective_canister_id => {
                Err(HttpError::bad_request(format!(
                    "The effective canister id in the URL is {effective}, but the request was sent \
                     with {}.",
                    origin.effective_canister_id
                )))
            }
            _ => Ok(()),
        }
    }

    fn check_canister_path(
        &self,
        canister: &Principal,
        rest: &[&[u8]],
        state: &CertifiedState,
    ) -> Result<(), HttpError> {
        match rest {
            [b"controllers"] | [b"module_hash"] => Ok(()),
            [b"metadata", name] => {
                let name = std::str::from_utf8(name).map_err(|_| {
                    HttpError::bad_request("The name of the metadata is not valid UTF-8.")
                })?;
                if state.may_read_metadata(canister, name, &self.sender) {
                    return Ok(());
                }
                Err(HttpError::forbidden(format!(
                    "The metadata {name:?} of the canister {canister} is private: only its \
                     controllers may read it."
                )))
            }
            _ => {
                let path: Vec<&[u8]> = [b"canister", canister.as_slice()]
                    .into_iter()
                    .chain(rest.iter().copied())
                    .collect();
                Err(invalid_path(&path))
            }
        }
    }
}

fn request_id(bytes: &[u8]) -> Result<RequestId, HttpError> {
    let id = bytes.try_into().map_err(|_| {
        HttpError::bad_request(format!(
            "A request id has 32 bytes; the path has one of {}.",
            bytes.len()
        ))
    })?;
    Ok(RequestId::new(id))
}

fn check_canister(in_path: &[u8], effective: &Principal) -> Result<(), HttpError> {
    if in_path == effective.as_slice() {
        return Ok(());
    }
    Err(HttpError::bad_request(format!(
        "The effective canister id in the URL is {effective}, but a path is about another canister."
    )))
}

fn invalid_path(path: &[&[u8]]) -> HttpError {
    let mut text = String::new();
    for label in path {
        text.push('/');
        match std::str::from_utf8(label) {
            Ok(label) if label.chars().all(|c| c.is_ascii_graphic()) => text.push_str(label),
            _ => text.push_str(&hex::encode(label)),
        }
    }
    HttpError::new(
        StatusCode::NOT_FOUND,
        format!("Invalid path requested: {text} cannot be read here."),
    )
}
