//! The application's end: what it requests, and what it is told.

use std::collections::VecDeque;

use futures::{
    SinkExt, StreamExt,
    channel::{mpsc, oneshot},
    future,
};
use ic_transport_types::EnvelopeContent;

use crate::{
    close_reason::CloseReason,
    config::Config,
    connection::{ApplicationMessage, Event, Request, Requests},
    core::{Conversation, ConversationEvent},
    platform::Platform,
};

/// The application's end.
pub(super) struct Application<M> {
    requests: Requests,
    events: mpsc::Sender<Event<M>>,
    max_queued_events: usize,
    /// The messages that the canister is not known to have, oldest first.
    under_way: VecDeque<UnderWay>,
    /// How many messages there were before those.
    settled: u64,
}

struct UnderWay {
    bytes: usize,
    outcome: oneshot::Sender<Result<(), String>>,
}

impl<M: ApplicationMessage> Application<M> {
    pub fn new(requests: Requests, events: mpsc::Sender<Event<M>>, config: &Config) -> Self {
        Self {
            requests,
            events,
            max_queued_events: config.max_queued_events,
            under_way: VecDeque::new(),
            settled: 0,
        }
    }

    /// Takes the application's next request to `conversation`, as soon as there is one. Gives back the call to make for
    /// it, if any. Nothing is lost when this is dropped half way.
    pub async fn request(
        &mut self,
        conversation: &mut Conversation,
        platform: &impl Platform,
    ) -> Result<Option<EnvelopeContent>, CloseReason> {
        match self.requests.queue.next().await {
            Some(Request::Send(content, outcome)) => {
                let bytes = content.len();
                self.under_way.push_back(UnderWay { bytes, outcome });
                conversation.send(content, platform.now())
            }
            Some(Request::Greet(content)) => {
                self.requests.done(content.len());
                conversation.greet_with(content);
                Ok(None)
            }
            // All handles are gone, which is a request to close.
            None => future::pending().await,
        }
    }

    /// Tells the application what happened.
    pub fn deliver(&mut self, conversation: &mut Conversation) -> Result<(), CloseReason> {
        while let Some(event) = conversation.poll_event() {
            match &event {
                ConversationEvent::Acknowledged { up_to } => self.settle(*up_to, &Ok(())),
                ConversationEvent::Refused { number, reason } => {
                    self.settle(*number, &Err(reason.clone()));
                }
                _ => {}
            }
            self.events
                .try_send(application_event(event))
                .map_err(|e| {
                    if e.is_full() {
                        CloseReason::EventsOverrun(self.max_queued_events)
                    } else {
                        CloseReason::ClosedByClient
                    }
                })?;
        }
        if let Some(status) = conversation.status() {
            self.requests.publish(status);
        }
        Ok(())
    }

    fn settle(&mut self, up_to: u64, outcome: &Result<(), String>) {
        while self.settled < up_to
            && let Some(message) = self.under_way.pop_front()
        {
            self.settled += 1;
            self.requests.done(message.bytes);
            // Nobody may be waiting for it.
            let _ = message.outcome.send(outcome.clone());
        }
    }

    /// Lets go of everything but the last event, which waits until there is room for it.
    pub async fn finish(&mut self, reason: CloseReason) {
        self.under_way.clear();
        self.requests.refuse_all();
        // Fails when the application does not listen any more.
        let _ = self.events.send(Event::Closed(reason)).await;
        self.events.disconnect();
    }
}

fn application_event<M: ApplicationMessage>(event: ConversationEvent) -> Event<M> {
    match event {
        ConversationEvent::Opened {
            client_key,
            gateway,
            reopened,
        } => Event::Opened {
            client_key,
            gateway,
            reopened,
        },
        ConversationEvent::Message(content) => match candid::decode_one(&content) {
            Ok(message) => Event::Message(message),
            Err(error) => Event::Undecodable { content, error },
        },
        ConversationEvent::Acknowledged { up_to } => Event::Acknowledged { up_to },
        ConversationEvent::Refused { number, reason } => Event::Refused { number, reason },
        ConversationEvent::Reconnecting {
            reason,
            gateway,
            attempt,
            wait,
        } => Event::Reconnecting {
            reason,
            gateway,
            attempt,
            wait,
        },
    }
}
