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
    effective_id::EffectiveId,
    error::HttpError,
    request::{authenticate, wrong_kind},
    response::cbor_response,
};
use crate::{certification::CertifiedState, ingress::Targets};

/// The state as a canister's clients see it.
pub(super) async fn of_canister(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, HttpError> {
    read(&app, EffectiveId::canister(&id)?, body).await
}

/// What is the same for all canisters of the subnet, and what became of calls that were sent to it.
pub(super) async fn of_subnet(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, HttpError> {
    read(&app, EffectiveId::subnet(&app, &id)?, body).await
}

async fn read(app: &App, effective_id: EffectiveId, body: Body) -> Result<Response, HttpError> {
    let (request, _share) = authenticate(app, body).await?;
    let EnvelopeContent::ReadState { sender, paths, .. } = request.content else {
        return Err(wrong_kind("read_state"));
    };
    let state = match asked_for(&paths) {
        Some(request) => app.network.certified_for(&request),
        None => app.network.certified(),
    };
    let reader = Reader {
        sender,
        targets: request.targets,
        effective_id,
    };
    reader.check(&paths, &state, &app.limits)?;
    Ok(cbor_response(&ReadStateResponse {
        certificate: state.certificate(&paths),
    }))
}

/// The request whose status is asked for. If several are, that is refused later.
fn asked_for<L: AsRef<[u8]>>(paths: &[Vec<L>]) -> Option<RequestId> {
    paths.iter().find_map(|path| match path.as_slice() {
        [first, id, ..] if first.as_ref() == b"request_status" => request_id(id.as_ref()).ok(),
        _ => None,
    })
}

/// Who wants to read.
struct Reader {
    sender: Principal,
    targets: Targets,
    effective_id: EffectiveId,
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
        let mut request = None;
        let mut subnet_of_ranges = None;
        for path in paths {
            if path.len() > limits.max_path_labels {
                return Err(HttpError::bad_request(format!(
                    "A path has {} labels; at most {} are accepted.",
                    path.len(),
                    limits.max_path_labels
                )));
            }
            let path: Vec<&[u8]> = path.iter().map(AsRef::as_ref).collect();
            match path.as_slice() {
                [b"request_status", id, ..] => check_same("request_status", &mut request, id)?,
                [b"canister_ranges", subnet, ..] => {
                    check_same("canister_ranges", &mut subnet_of_ranges, subnet)?;
                }
                _ => {}
            }
            self.check_path(&path, state)?;
        }
        Ok(())
    }

    /// Where the public network refuses what is about another subnet, the answer here proves that there is no such
    /// subnet.
    fn check_path(&self, path: &[&[u8]], state: &CertifiedState) -> Result<(), HttpError> {
        match (path, self.effective_id) {
            ([b"time"], _) => Ok(()),
            ([b"subnet", rest @ ..], effective_id) => match (rest, effective_id) {
                ([] | [_] | [_, b"public_key" | b"type" | b"node" | b"canister_ranges"], _)
                | ([_, b"node", _] | [_, b"node", _, b"public_key"], _) => Ok(()),
                ([id, b"metrics"], EffectiveId::Subnet(subnet)) if *id == subnet.as_slice() => {
                    Ok(())
                }
                _ => Err(invalid_path(path)),
            },
            ([b"canister_ranges", _], EffectiveId::Subnet(_)) => Ok(()),
            (
                [b"api_boundary_nodes"]
                | [b"api_boundary_nodes", _]
                | [
                    b"api_boundary_nodes",
                    _,
                    b"domain" | b"ipv4_address" | b"ipv6_address",
                ],
                _,
            ) => Ok(()),
            (
                [b"request_status", id]
                | [
                    b"request_status",
                    id,
                    b"status" | b"reply" | b"reject_code" | b"reject_message" | b"error_code",
                ],
                _,
            ) => self.check_request(&request_id(id)?, state),
            ([b"canister", id, rest @ ..], EffectiveId::Canister(effective)) => {
                self.check_canister_path(id, &effective, rest, state)
            }
            _ => Err(invalid_path(path)),
        }
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
        let effective_id = self.effective_id.principal();
        if effective_id != origin.effective_id {
            return Err(HttpError::bad_request(format!(
                "The effective id in the URL is {effective_id}, but the request was sent with {}.",
                origin.effective_id
            )));
        }
        Ok(())
    }

    fn check_canister_path(
        &self,
        id: &[u8],
        effective: &Principal,
        rest: &[&[u8]],
        state: &CertifiedState,
    ) -> Result<(), HttpError> {
        if id != effective.as_slice() {
            return Err(HttpError::bad_request(format!(
                "The effective canister id in the URL is {effective}, but a path is about another \
                 canister."
            )));
        }
        match rest {
            [b"controllers"] | [b"module_hash"] => Ok(()),
            [b"metadata", name] => {
                let name = std::str::from_utf8(name).map_err(|_| {
                    HttpError::bad_request("The name of the metadata is not valid UTF-8.")
                })?;
                if state.may_read_metadata(effective, name, &self.sender) {
                    return Ok(());
                }
                Err(HttpError::forbidden(format!(
                    "The metadata {name:?} of the canister {effective} is private: only its \
                     controllers may read it."
                )))
            }
            _ => Err(invalid_path(&[&[b"canister", id], rest].concat())),
        }
    }
}

/// Checks that a label is the same in all paths that have it.
fn check_same<'p>(
    prefix: &str,
    seen: &mut Option<&'p [u8]>,
    label: &'p [u8],
) -> Result<(), HttpError> {
    if *seen.get_or_insert(label) == label {
        return Ok(());
    }
    Err(HttpError::bad_request(format!(
        "All {prefix} paths have to be about the same one."
    )))
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
