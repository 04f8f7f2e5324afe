//! What a canister decides about its WebSockets: the callbacks and the limits.

use std::time::Duration;

use candid::Principal;
use ic_ws_protocol::{
    ClientKey,
    timing::{DEFAULT_ACK_INTERVAL, KEEP_ALIVE_TIMEOUT},
};

use crate::error::InitError;

const DEFAULT_MAX_RETURNED_MESSAGES: usize = 50;

/// Who has connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnOpenCallbackArgs {
    /// Names the new connection.
    pub client_key: ClientKey,
    /// Who is connected: the principal of `client_key`.
    pub client_principal: Principal,
}

/// What a client has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnMessageCallbackArgs {
    /// The connection that it came over.
    pub client_key: ClientKey,
    /// Who sent it: the principal of `client_key`.
    pub client_principal: Principal,
    /// The message as the client encoded it, by convention Candid. Not checked.
    pub message: Vec<u8>,
}

/// Whose connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnCloseCallbackArgs {
    /// Named the connection.
    pub client_key: ClientKey,
    /// Who was connected: the principal of `client_key`.
    pub client_principal: Principal,
}

/// The canister's callbacks. A callback may [`send`](crate::send) and [`close`](crate::close); callbacks that this
/// leads to run after it has returned. One that traps undoes the whole call that led to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct WsHandlers {
    /// A connection is open.
    pub on_open: Option<fn(OnOpenCallbackArgs)>,
    /// A message has arrived, the next one of its connection.
    pub on_message: Option<fn(OnMessageCallbackArgs)>,
    /// A connection is gone, whoever closed it.
    pub on_close: Option<fn(OnCloseCallbackArgs)>,
}

/// The arguments of [`init`](crate::init).
#[derive(Clone, Copy, Debug)]
pub struct WsInitParams {
    /// The canister's callbacks.
    pub handlers: WsHandlers,
    /// How many messages one poll of a gateway may return. At least 1; 50 unless set.
    pub max_number_of_returned_messages: usize,
    /// How often clients are told what has arrived, in milliseconds. More than 60,000; 300,000 unless set.
    /// A message that no gateway has fetched for as long may be dropped.
    pub send_ack_interval_ms: u64,
}

impl WsInitParams {
    /// The default limits with these `handlers`.
    pub fn new(handlers: WsHandlers) -> Self {
        Self {
            handlers,
            max_number_of_returned_messages: DEFAULT_MAX_RETURNED_MESSAGES,
            send_ack_interval_ms: DEFAULT_ACK_INTERVAL.as_secs() * 1000,
        }
    }

    /// Sets [`max_number_of_returned_messages`](Self::max_number_of_returned_messages).
    pub fn with_max_number_of_returned_messages(mut self, number: usize) -> Self {
        self.max_number_of_returned_messages = number;
        self
    }

    /// Sets [`send_ack_interval_ms`](Self::send_ack_interval_ms).
    pub fn with_send_ack_interval_ms(mut self, milliseconds: u64) -> Self {
        self.send_ack_interval_ms = milliseconds;
        self
    }

    /// Checks what [`init`](crate::init) checks.
    ///
    /// # Errors
    /// Names the value that is out of its range.
    pub fn validate(&self) -> Result<(), InitError> {
        if self.max_number_of_returned_messages == 0 {
            return Err(InitError::NoReturnedMessages);
        }
        if self.ack_interval() <= KEEP_ALIVE_TIMEOUT {
            return Err(InitError::AckIntervalTooShort(self.ack_interval()));
        }
        Ok(())
    }

    pub(crate) fn ack_interval(&self) -> Duration {
        Duration::from_millis(self.send_ack_interval_ms)
    }
}

impl Default for WsInitParams {
    fn default() -> Self {
        Self::new(WsHandlers::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_checked() {
        let params = WsInitParams::default();
        assert_eq!(params.validate(), Ok(()));
        assert_eq!(
            params.with_send_ack_interval_ms(60_000).validate(),
            Err(InitError::AckIntervalTooShort(Duration::from_secs(60)))
        );
        assert_eq!(params.with_send_ack_interval_ms(60_001).validate(), Ok(()));
        assert_eq!(
            params.with_max_number_of_returned_messages(0).validate(),
            Err(InitError::NoReturnedMessages)
        );
    }
}
