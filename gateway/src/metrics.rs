//! What the gateway counts, for Prometheus. Nothing is labelled by anything a client can choose.

use metrics::{Counter, Gauge, Key, KeyName, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

use crate::close::CloseReason;

const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

const CLOSED: &str = "icws_gateway_connections_closed_total";

/// The counters of one gateway. They are its own, as a process may run several.
#[derive(Debug)]
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    pub(crate) connections: Gauge,
    pub(crate) connections_refused: Counter,
    pub(crate) calls_relayed: Counter,
    pub(crate) calls_refused: Counter,
    pub(crate) messages_delivered: Counter,
    pub(crate) polls: Counter,
    pub(crate) poll_errors: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let counter = |name: &'static str, description: &'static str| {
            recorder.describe_counter(KeyName::from(name), None, description.into());
            recorder.register_counter(&Key::from_static_name(name), &METADATA)
        };
        recorder.describe_counter(
            KeyName::from(CLOSED),
            None,
            "WebSocket connections that ended, by reason.".into(),
        );
        recorder.describe_gauge(
            KeyName::from("icws_gateway_connections"),
            None,
            "WebSocket connections.".into(),
        );
        Self {
            connections: recorder.register_gauge(
                &Key::from_static_name("icws_gateway_connections"),
                &METADATA,
            ),
            connections_refused: counter(
                "icws_gateway_connections_refused_total",
                "TCP connections refused because there were too many.",
            ),
            calls_relayed: counter(
                "icws_gateway_calls_relayed_total",
                "Calls of clients posted to the network.",
            ),
            calls_refused: counter(
                "icws_gateway_calls_refused_total",
                "Calls of clients that network or canister refused.",
            ),
            messages_delivered: counter(
                "icws_gateway_messages_delivered_total",
                "Messages of canisters queued for their clients.",
            ),
            polls: counter("icws_gateway_polls_total", "Polls of canisters."),
            poll_errors: counter(
                "icws_gateway_poll_errors_total",
                "Polls of canisters that failed.",
            ),
            recorder,
        }
    }

    /// A connection has ended.
    pub(crate) fn closed(&self, reason: &CloseReason) {
        let label = Label::from_static_parts("reason", reason.name());
        self.recorder
            .register_counter(&Key::from_parts(CLOSED, vec![label]), &METADATA)
            .increment(1);
    }

    /// All of it in Prometheus' text format.
    pub(crate) fn render(&self) -> String {
        self.recorder.handle().render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_are_counted_by_reason() {
        let metrics = Metrics::new();
        metrics.closed(&CloseReason::TextFrame);
        metrics.closed(&CloseReason::Shutdown);
        metrics.closed(&CloseReason::Shutdown);
        let text = metrics.render();
        assert!(
            text.contains("icws_gateway_connections_closed_total{reason=\"shutdown\"} 2"),
            "{text}"
        );
        assert!(text.contains("{reason=\"text_frame\"} 1"), "{text}");
    }
}
