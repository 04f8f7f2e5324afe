//! Executions that leave nothing behind: queries and `inspect_message`.

use candid::Principal;

use super::{CanisterView, Host, did_not_reply, no_module};
use crate::{
    execution::{CodeView, EntryPoint, Execution, Input, SystemState, Target},
    rejection::{ErrorCode, Rejection},
};

const INSPECT_MESSAGE: &str = "canister_inspect_message";

impl CanisterView {
    /// Executes a query method.
    pub fn query(
        &self,
        caller: Principal,
        method: &str,
        arg: Vec<u8>,
        host: &Host,
    ) -> Result<Vec<u8>, Rejection> {
        let code = self.running()?;
        let (entry, function) = self.query_method(code, method)?;
        let input = Input {
            caller: caller.as_slice().to_vec(),
            payload: arg,
            ..Input::default()
        };
        let state = self.run(code, entry, &function, input, host)?;
        state
            .effects
            .response
            .ok_or_else(|| did_not_reply(self.id))?
            .map_err(|message| Rejection::new(ErrorCode::CanisterRejectedMessage, message))
    }

    fn query_method(&self, code: &CodeView, name: &str) -> Result<(EntryPoint, String), Rejection> {
        for (kind, entry) in [
            ("query", EntryPoint::Query),
            ("composite_query", EntryPoint::CompositeQuery),
        ] {
            let function = format!("canister_{kind} {name}");
            if code.module.exports(&function) {
                return Ok((entry, function));
            }
        }
        let message = format!(
            "Error from Canister {}: Canister has no query method '{name}'.",
            self.id
        );
        Err(Rejection::new(ErrorCode::CanisterMethodNotFound, message))
    }

    /// The running code, or why there is none.
    fn running(&self) -> Result<&CodeView, Rejection> {
        self.status.check_running(self.id)?;
        self.code.as_ref().ok_or_else(|| no_module(self.id))
    }

    /// Whether the canister wants to see messages from users before they are received.
    pub fn inspects_messages(&self) -> Result<bool, Rejection> {
        Ok(self.running()?.module.exports(INSPECT_MESSAGE))
    }

    /// Asks the canister whether it takes a message from a user.
    pub fn inspect(
        &self,
        caller: Principal,
        method_name: String,
        payload: Vec<u8>,
        host: &Host,
    ) -> Result<(), Rejection> {
        let input = Input {
            caller: caller.as_slice().to_vec(),
            method_name,
            payload,
            ..Input::default()
        };
        let entry = EntryPoint::InspectMessage;
        let state = self.run(self.running()?, entry, INSPECT_MESSAGE, input, host)?;
        if state.effects.accepted {
            return Ok(());
        }
        let message = format!(
            "Error from Canister {}: Canister rejected the message",
            self.id
        );
        Err(Rejection::new(ErrorCode::CanisterRejectedMessage, message))
    }

    fn run(
        &self,
        code: &CodeView,
        entry: EntryPoint,
        function: &str,
        input: Input,
        host: &Host,
    ) -> Result<SystemState, Rejection> {
        let state = SystemState::new(
            entry,
            self.environment(host),
            input,
            self.cycles,
            code.stable.clone(),
            host.limits,
        );
        let mut execution =
            Execution::resume(&host.engine, code.clone(), state).map_err(|e| e.reject(self.id))?;
        let result = execution.run(Target::Export(function));
        for line in &execution.state().effects.logs {
            tracing::debug!(canister = %self.id, "{}", String::from_utf8_lossy(line));
        }
        result.map_err(|trapped| trapped.reject(self.id))?;
        Ok(execution.into_state())
    }
}
