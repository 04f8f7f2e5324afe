//! What becomes of an execution: its effects on the canister besides its memories, and what it sends.

use super::{
    Canister,
    calls::Callback,
    messages::{Origin, Outbound, Request},
};
use crate::{
    execution::{Effects, OutgoingCall},
    rejection::{ErrorCode, Rejection},
};

impl Canister {
    /// Takes over what a successful execution did, and gives what it sends out.
    pub(super) fn apply(&mut self, context: u64, effects: Effects, time_ns: u64) -> Vec<Outbound> {
        if let Some(data) = effects.certified_data {
            self.certified_data = data;
        }
        if let Some(deadline) = effects.global_timer {
            self.global_timer = deadline;
        }
        let mut sent = Vec::new();
        if let Some(call) = self.calls.context(context) {
            call.cycles -= effects.cycles_accepted.min(call.cycles);
            if let Some(response) = effects.response {
                let outcome = response
                    .map_err(|message| Rejection::new(ErrorCode::CanisterRejectedMessage, message));
                call.responded = true;
                sent.push(Outbound::Response(
                    call.origin.clone(),
                    outcome,
                    std::mem::take(&mut call.cycles),
                ));
            }
        }
        sent.extend(
            effects
                .calls
                .into_iter()
                .map(|call| self.send(context, call, time_ns)),
        );
        sent
    }

    fn send(&mut self, context: u64, call: OutgoingCall, time_ns: u64) -> Outbound {
        let deadline_ns = call
            .timeout_seconds
            .map_or(0, |seconds| time_ns + u64::from(seconds) * 1_000_000_000);
        let callback = self.calls.expect(Callback {
            context,
            on_reply: call.on_reply,
            on_reject: call.on_reject,
            on_cleanup: call.on_cleanup,
            deadline_ns,
        });
        let request = Request {
            origin: Origin::Canister(self.id, callback),
            sender: self.id,
            method_name: call.method_name,
            arg: call.payload,
            cycles: call.cycles,
            deadline_ns,
        };
        Outbound::Request(call.callee, request)
    }

    /// Closes the call context if nothing is outstanding; a caller that has no answer by then gets `rejection`.
    pub(super) fn finish(
        &mut self,
        context: u64,
        rejection: impl FnOnce() -> Rejection,
    ) -> Vec<Outbound> {
        if self
            .calls
            .context(context)
            .is_none_or(|call| call.outstanding > 0)
        {
            return Vec::new();
        }
        let unanswered = self.calls.close(context).filter(|call| !call.responded);
        unanswered
            .map(|call| Outbound::Response(call.origin, Err(rejection()), call.cycles))
            .into_iter()
            .collect()
    }
}
