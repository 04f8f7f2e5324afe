//! The half of the loop that reads the socket and decides what to call.

use std::{convert::Infallible, time::Duration};

use futures::{
    FutureExt, Stream, StreamExt,
    channel::{mpsc, oneshot},
    future, pin_mut, select_biased,
};
use ic_transport_types::EnvelopeContent;

use super::{application::Application, sleep_until};
use crate::{
    close_reason::{CloseReason, SocketError},
    connection::ApplicationMessage,
    core::Conversation,
    platform::{Incoming, Platform},
};

/// After how much work others on this thread have their turn: a page is to be shown while messages are verified.
const MAX_WORK: Duration = Duration::from_millis(8);

pub(super) struct Reader<'a, M, P> {
    pub platform: &'a P,
    pub conversation: &'a mut Conversation,
    pub application: &'a mut Application<M>,
    /// Resolves when the application wants the connection to be closed.
    pub close: &'a mut oneshot::Receiver<Infallible>,
    /// To the writer.
    pub calls: mpsc::Sender<EnvelopeContent>,
    /// For how long nobody else on this thread had a turn.
    pub worked: Duration,
}

/// What the loop waits for.
enum Step {
    CloseRequested,
    Incoming(Option<Result<Incoming, SocketError>>),
    Called(Result<(), CloseReason>),
    DeadlineReached,
}

impl<M: ApplicationMessage, P: Platform> Reader<'_, M, P> {
    pub async fn run(
        mut self,
        stream: &mut (impl Stream<Item = Result<Incoming, SocketError>> + Unpin),
    ) -> Result<Infallible, CloseReason> {
        loop {
            let outcome = match self.step(stream).await {
                Step::CloseRequested => return Err(CloseReason::ClosedByClient),
                Step::Incoming(incoming) => self.handle_incoming(incoming).await,
                Step::Called(outcome) => outcome,
                Step::DeadlineReached => self.conversation.handle_timeout(self.platform.now()),
            };
            // Also what happened just before the end.
            self.application.deliver(self.conversation)?;
            outcome?;
        }
    }

    async fn step(
        &mut self,
        stream: &mut (impl Stream<Item = Result<Incoming, SocketError>> + Unpin),
    ) -> Step {
        let incoming = stream.next().fuse();
        let deadline = sleep_until(self.platform, self.conversation.next_deadline()).fuse();
        let call = next_call(
            self.conversation,
            self.application,
            &mut self.calls,
            self.platform,
        )
        .fuse();
        pin_mut!(incoming, deadline, call);
        // What has arrived comes before the deadline that it may have met.
        select_biased! {
            _ = (&mut self.close).fuse() => Step::CloseRequested,
            incoming = incoming => Step::Incoming(incoming),
            outcome = call => Step::Called(outcome),
            () = deadline => Step::DeadlineReached,
        }
    }

    async fn handle_incoming(
        &mut self,
        incoming: Option<Result<Incoming, SocketError>>,
    ) -> Result<(), CloseReason> {
        let frame = match incoming {
            Some(Ok(Incoming::Frame(frame))) => frame,
            Some(Ok(Incoming::Closed(frame))) => return Err(CloseReason::ClosedByGateway(frame)),
            Some(Err(error)) => return Err(error.into()),
            None => {
                let ended = "it ended without a close frame".into();
                return Err(SocketError::Broken(ended).into());
            }
        };
        let began = self.platform.now();
        self.conversation.handle_frame(&frame, began)?;
        self.worked += Duration::from_nanos(self.platform.now().saturating_sub(began));
        if self.worked >= MAX_WORK {
            self.worked = Duration::ZERO;
            self.platform.yield_now().await;
            self.catch_up()?;
        }
        Ok(())
    }

    /// Does what is due apart from reading, however many frames are waiting.
    fn catch_up(&mut self) -> Result<(), CloseReason> {
        self.conversation.handle_timeout(self.platform.now())?;
        let call = next_call(
            self.conversation,
            self.application,
            &mut self.calls,
            self.platform,
        );
        call.now_or_never().unwrap_or(Ok(()))
    }
}

/// Hands the next call to the writer, as soon as there is one and the writer is free.
async fn next_call<M: ApplicationMessage>(
    conversation: &mut Conversation,
    application: &mut Application<M>,
    calls: &mut mpsc::Sender<EnvelopeContent>,
    platform: &impl Platform,
) -> Result<(), CloseReason> {
    let writer_ready = future::poll_fn(|cx| calls.poll_ready(cx)).await.is_ok();
    let call = match conversation.poll_call(platform.now())? {
        Some(call) => Some(call),
        None if writer_ready && conversation.can_send() => {
            application.request(conversation, platform).await?
        }
        None => future::pending().await,
    };
    if let Some(call) = call {
        // Fails only when the writer is gone, which ends the connection with the writer's reason.
        let _ = calls.start_send(call);
    }
    Ok(())
}
