//! What is said to the provider's window, and what its answers mean; without I/O and without a clock.
//!
//! The window is asked for its status until it is ready (ICRC-29), then for a delegation (ICRC-34). It is asked for its
//! status all the time, because a provider takes a page that no longer asks for gone.
//!
//! All times are nanoseconds since 1970.

use std::time::Duration;

use super::{
    SignInConfig, SignInError,
    json_rpc::{DelegationParams, JsonChain, Request, Response, RpcError},
};
use crate::{core::after, signer::DelegationChain};

/// How often the window is asked for its status.
const STATUS_INTERVAL: Duration = Duration::from_millis(300);

/// A window that closes by itself may have sent its answer just before.
const CLOSING_TIME: Duration = Duration::from_millis(500);

/// No answer is longer than this, in bytes: on the largest network a delegation has about 3,000.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// How much of a provider's own words is passed on, in bytes.
const MAX_WORDS_BYTES: usize = 300;

/// Error codes of ICRC-25.
mod code {
    pub const PERMISSION_NOT_GRANTED: i64 = 3000;
    pub const ACTION_ABORTED: i64 = 3001;
}

/// A message to the provider's window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// JSON.
    pub message: String,
    /// The origin that may read it; `*` for any.
    pub target_origin: String,
}

/// One conversation with a provider's window.
#[derive(Debug)]
pub struct Exchange {
    origin: String,
    public_key: Vec<u8>,
    config: SignInConfig,
    status_id: String,
    delegation_id: String,
    state: State,
    status_due: u64,
    closed_since: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The window has not said that it is ready.
    Loading { since: u64 },
    /// It has, at that time.
    Ready { since: u64, requested: bool },
}

impl Exchange {
    /// Asks the window of `origin`, which was opened at `now`, to delegate to `public_key` (DER). `nonce` must be random: it
    /// tells the answers of this window from those of another.
    pub fn new(
        config: SignInConfig,
        origin: impl Into<String>,
        public_key: Vec<u8>,
        nonce: u64,
        now: u64,
    ) -> Self {
        Self {
            origin: origin.into(),
            public_key,
            config,
            status_id: format!("status-{nonce:016x}"),
            delegation_id: format!("delegation-{nonce:016x}"),
            state: State::Loading { since: now },
            status_due: now,
            closed_since: None,
        }
    }

    /// Takes a message that the window sent, as JSON, with the origin that the browser says it has. Gives back the delegation,
    /// or why there is none; nothing while the conversation goes on.
    pub fn handle_message(
        &mut self,
        origin: &str,
        message: &str,
        now: u64,
    ) -> Option<Result<DelegationChain, SignInError>> {
        // ICRC-29: what is not from the provider, or no answer to a request, is ignored.
        if origin != self.origin || message.len() > MAX_ANSWER_BYTES {
            return None;
        }
        let response: Response = serde_json::from_str(message).ok()?;
        if response.answers(&self.status_id) {
            if response.result == "ready" && matches!(self.state, State::Loading { .. }) {
                self.state = State::Ready {
                    since: now,
                    requested: false,
                };
            }
            return None;
        }
        let requested = matches!(self.state, State::Ready { requested, .. } if requested);
        if !requested || !response.answers(&self.delegation_id) {
            return None;
        }
        Some(match response.error {
            Some(error) => Err(refusal(error)),
            None => match serde_json::from_value::<JsonChain>(response.result) {
                Ok(chain) => Ok(chain.into()),
                Err(error) => Err(SignInError::Malformed(error.to_string())),
            },
        })
    }

    /// Takes note that the window is closed.
    pub fn handle_closed(&mut self, now: u64) {
        self.closed_since.get_or_insert(now);
    }

    /// Takes note of the time. To be called at [`next_deadline`](Self::next_deadline) or later.
    ///
    /// # Errors
    /// When there will be no delegation any more.
    pub fn handle_timeout(&mut self, now: u64) -> Result<(), SignInError> {
        if self
            .closed_since
            .is_some_and(|since| after(since, CLOSING_TIME) <= now)
        {
            return Err(SignInError::WindowClosed);
        }
        let SignInConfig {
            load_timeout,
            person_timeout,
            ..
        } = self.config;
        match self.state {
            State::Loading { since } if after(since, load_timeout) <= now => {
                Err(SignInError::NoAnswer(load_timeout))
            }
            State::Ready { since, .. } if after(since, person_timeout) <= now => {
                Err(SignInError::TimedOut(person_timeout))
            }
            _ => Ok(()),
        }
    }

    /// When the exchange next wants to know the time.
    pub fn next_deadline(&self) -> u64 {
        let timeout = match self.state {
            State::Loading { since } => after(since, self.config.load_timeout),
            State::Ready { since, .. } => after(since, self.config.person_timeout),
        };
        let closed = self.closed_since.map(|since| after(since, CLOSING_TIME));
        timeout.min(closed.unwrap_or(u64::MAX)).min(self.status_due)
    }

    /// The next message to the window, if one is due.
    ///
    /// # Errors
    /// None in practice.
    pub fn poll_post(&mut self, now: u64) -> Result<Option<Post>, SignInError> {
        if let State::Ready { requested, .. } = &mut self.state
            && !*requested
        {
            *requested = true;
            let params = DelegationParams {
                public_key: &self.public_key,
                max_time_to_live: self.config.session_lifetime.as_nanos(),
            };
            let request = Request::new(&self.delegation_id, "icrc34_delegation", Some(params));
            return Ok(Some(Post {
                message: json(&request)?,
                target_origin: self.origin.clone(),
            }));
        }
        if self.status_due > now {
            return Ok(None);
        }
        self.status_due = after(now, STATUS_INTERVAL);
        let request = Request::<()>::new(&self.status_id, "icrc29_status", None);
        Ok(Some(Post {
            message: json(&request)?,
            // While a window loads it has no origin yet, and there is nothing to be read in this.
            target_origin: "*".to_owned(),
        }))
    }
}

fn json(request: &impl serde::Serialize) -> Result<String, SignInError> {
    serde_json::to_string(request).map_err(|error| SignInError::Malformed(error.to_string()))
}

fn refusal(error: RpcError) -> SignInError {
    match error.code {
        code::PERMISSION_NOT_GRANTED | code::ACTION_ABORTED => SignInError::Refused,
        code => {
            let mut message = error.message;
            message.truncate(message.floor_char_boundary(MAX_WORDS_BYTES));
            SignInError::Provider { code, message }
        }
    }
}

#[cfg(test)]
mod tests;
