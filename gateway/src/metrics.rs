//! What the gateway counts and measures, for Prometheus and the status page. Nothing is labelled by anything a
//! client can choose: labels are names that stand in this source.

mod latency;
mod process;

use std::{
    fmt,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, info::Info},
    registry::{Registry, Unit},
};

pub(crate) use latency::{Latency, Quantiles};

use ic_ws_protocol::Receipt;

use crate::{close::CloseReason, gateway::Gateway};

/// What [`Metrics::render`] gives.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A message that seems older bears a wrong time, as canisters keep none for so long.
const MAX_LATENCY: Duration = Duration::from_secs(3_600);

/// One name and one of the values that this source gives it.
type Label = [(&'static str, &'static str); 1];

/// The kinds of receipts.
const CERTIFICATE: &str = "certificate";
const REJECTION: &str = "rejection";

/// How a call of a client ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    /// The canister said yes.
    Accepted,
    /// The network or the canister said no.
    Refused,
    /// Nobody knows: the network could not be asked, or did not decide in time.
    Undecided,
}

impl CallOutcome {
    /// The name in metrics and traces.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Undecided => "undecided",
        }
    }
}

/// What a poll brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PollResult {
    /// Messages, and there are more.
    Full,
    /// The last messages of the queue.
    Drained,
    /// No messages.
    Idle,
    /// No answer, or not the expected one.
    Failed,
}

impl PollResult {
    /// The name in the metric.
    fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Drained => "drained",
            Self::Idle => "idle",
            Self::Failed => "failed",
        }
    }
}

/// The counters of one gateway. They are its own, as a process may run several.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) connections: Gauge,
    connections_refused: Family<Label, Counter>,
    connections_closed: Family<Label, Counter>,
    clients: Gauge,
    canisters: Gauge,
    outgoing_messages: Gauge,
    outgoing_bytes: Gauge,
    pub(crate) calls_relayed: Counter,
    calls_decided: Family<Label, Counter>,
    calls_pending: Gauge,
    calls_in_flight: Gauge,
    max_calls: Gauge,
    pub(crate) call_duration: Latency,
    receipts: Family<Label, Counter>,
    pub(crate) messages_delivered: Counter,
    pub(crate) delivery_latency: Latency,
    polls: Family<Label, Counter>,
    pub(crate) poll_duration: Latency,
    pub(crate) bytes_received: Counter,
    pub(crate) bytes_sent: Counter,
    pub(crate) spans_exported: Counter,
    pub(crate) spans_lost: Counter,
}

/// A client's call that was taken. It has ended when this is dropped.
#[derive(Debug)]
pub(crate) struct PendingCall<'a> {
    metrics: &'a Metrics,
    taken: Instant,
    pub(crate) outcome: CallOutcome,
}

impl Drop for PendingCall<'_> {
    fn drop(&mut self) {
        self.metrics.calls_pending.dec();
        self.metrics.call_duration.observe(self.taken.elapsed());
        self.metrics.decided(self.outcome);
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(process::Process));
        let ours = registry.sub_registry_with_prefix("icws_gateway");
        ours.register(
            "build",
            "The version of the gateway",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        Self {
            connections: gauge(ours, "connections", "WebSocket connections"),
            connections_refused: counters(
                ours,
                "connections_refused",
                "Connections refused before they were WebSockets, by reason",
                &[[("reason", "too_many_connections")]],
            ),
            connections_closed: counters(
                ours,
                "connections_closed",
                "WebSocket connections that ended, by reason",
                &[[("reason", "closed_by_client")]],
            ),
            clients: gauge(ours, "clients", "Clients with a canister"),
            canisters: gauge(ours, "canisters", "Canisters with clients"),
            outgoing_messages: gauge(
                ours,
                "outgoing_messages",
                "Messages that wait for their clients to read them",
            ),
            outgoing_bytes: gauge(
                ours,
                "outgoing_bytes",
                "Bytes that wait for their clients to read them",
            ),
            calls_relayed: counter(
                ours,
                "calls_relayed",
                "Calls of clients taken for the network",
            ),
            calls_decided: counters(
                ours,
                "calls_decided",
                "Calls of clients that ended, by outcome",
                &[
                    CallOutcome::Accepted,
                    CallOutcome::Refused,
                    CallOutcome::Undecided,
                ]
                .map(|outcome| [("outcome", outcome.name())]),
            ),
            calls_pending: gauge(
                ours,
                "calls_pending",
                "Calls of clients that are not decided: they wait for their turn, or for the network",
            ),
            calls_in_flight: gauge(
                ours,
                "calls_in_flight",
                "Calls that wait for the network's answer; more wait for their turn where this is at its limit",
            ),
            max_calls: gauge(
                ours,
                "max_calls",
                "Calls that may wait for the network's answer",
            ),
            receipts: counters(
                ours,
                "receipts",
                "Receipts for calls of clients, by kind",
                &[[("kind", CERTIFICATE)], [("kind", REJECTION)]],
            ),
            call_duration: latency(
                ours,
                "call_duration",
                "From taking a client's call to the network's decision, with the wait for its turn",
            ),
            messages_delivered: counter(
                ours,
                "messages_delivered",
                "Messages of canisters queued for their clients",
            ),
            delivery_latency: latency(
                ours,
                "delivery_latency",
                "From the time a canister gave its message to when it was written to the client's socket",
            ),
            polls: counters(
                ours,
                "polls",
                "Polls of canisters, by result",
                &[
                    PollResult::Full,
                    PollResult::Drained,
                    PollResult::Idle,
                    PollResult::Failed,
                ]
                .map(|result| [("result", result.name())]),
            ),
            poll_duration: latency(ours, "poll_duration", "Polls of canisters that succeeded"),
            bytes_received: counter(ours, "received_bytes", "Bytes of the messages of clients"),
            bytes_sent: counter(ours, "sent_bytes", "Bytes of the messages to clients"),
            spans_exported: counter(ours, "spans_exported", "Spans that the collector took"),
            spans_lost: counter(ours, "spans_lost", "Spans that the collector did not take"),
            registry,
        }
    }

    /// A connection was refused before it was a WebSocket. The reason is a name for the metric.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.connections_refused
            .get_or_create(&[("reason", reason)])
            .inc();
    }

    /// A connection has ended.
    pub(crate) fn closed(&self, reason: &CloseReason) {
        self.connections_closed
            .get_or_create(&[("reason", reason.name())])
            .inc();
    }

    /// A client is to get a receipt.
    pub(crate) fn receipt(&self, receipt: &Receipt) {
        let kind = match receipt {
            Receipt::Certificate(_) => CERTIFICATE,
            Receipt::Rejection(_) => REJECTION,
        };
        self.receipts.get_or_create(&[("kind", kind)]).inc();
    }

    /// A client's call is to go to the network, once it is its turn.
    pub(crate) fn call_taken(&self) -> PendingCall<'_> {
        self.calls_relayed.inc();
        self.calls_pending.inc();
        PendingCall {
            metrics: self,
            taken: Instant::now(),
            outcome: CallOutcome::Undecided,
        }
    }

    fn decided(&self, outcome: CallOutcome) {
        self.calls_decided
            .get_or_create(&[("outcome", outcome.name())])
            .inc();
    }

    /// A message of `size` bytes was written that its canister had sent at `timestamp`, in nanoseconds since 1970.
    pub(crate) fn written(&self, size: u64, timestamp: u64) {
        self.bytes_sent.inc_by(size);
        let sent = UNIX_EPOCH + Duration::from_nanos(timestamp);
        let latency = SystemTime::now().duration_since(sent).unwrap_or_default();
        if latency <= MAX_LATENCY {
            self.delivery_latency.observe(latency);
        }
    }

    /// A canister was polled.
    pub(crate) fn polled(&self, result: PollResult) {
        self.polls.get_or_create(&[("result", result.name())]).inc();
    }

    /// All of it in the text format of OpenMetrics, which Prometheus reads.
    pub(crate) fn render(&self, gateway: &Gateway) -> Result<String, fmt::Error> {
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.calls_in_flight
            .set(number(gateway.network.calls_in_flight()));
        self.max_calls.set(number(gateway.config.limits.max_calls));
        let summary = gateway.canisters.summary();
        let total =
            |part: fn(&crate::canisters::Summary) -> usize| number(summary.iter().map(part).sum());
        self.canisters.set(total(|_| 1));
        self.clients.set(total(|canister| canister.clients));
        self.outgoing_messages
            .set(total(|canister| canister.outgoing_messages));
        self.outgoing_bytes
            .set(total(|canister| canister.outgoing_bytes));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn counter(registry: &mut Registry, name: &str, help: &str) -> Counter {
    let counter = Counter::default();
    registry.register(name, help, counter.clone());
    counter
}

/// Those with a label that is known to come are there from the start, so that their first increase is seen as one.
fn counters(
    registry: &mut Registry,
    name: &str,
    help: &str,
    labels: &[Label],
) -> Family<Label, Counter> {
    let counters = Family::<Label, Counter>::default();
    for label in labels {
        counters.get_or_create(label).inc_by(0);
    }
    registry.register(name, help, counters.clone());
    counters
}

fn gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    let gauge = Gauge::default();
    registry.register(name, help, gauge.clone());
    gauge
}

fn latency(registry: &mut Registry, name: &str, help: &str) -> Latency {
    let latency = Latency::default();
    registry.register_with_unit(name, help, Unit::Seconds, latency.histogram());
    latency
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, identity::Identity};

    #[test]
    fn closes_are_counted_by_reason() {
        let identity = Identity::generate().unwrap();
        let gateway = Gateway::new(identity, Config::default()).unwrap();
        let metrics = &gateway.metrics;
        metrics.closed(&CloseReason::TextFrame);
        metrics.closed(&CloseReason::Shutdown);
        metrics.closed(&CloseReason::Shutdown);
        let text = metrics.render(&gateway).unwrap();
        assert!(
            text.contains("icws_gateway_connections_closed_total{reason=\"shutdown\"} 2\n"),
            "{text}"
        );
        assert!(text.contains("{reason=\"text_frame\"} 1\n"), "{text}");
    }
}
