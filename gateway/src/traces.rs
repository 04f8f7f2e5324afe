//! Follows single messages on their way through the gateway, for an OpenTelemetry collector.
//!
//! ```text
//! receive envelope ── post call ── poll ─┬─ deliver ── write
//!                                        └─ deliver ── write
//! ```
//!
//! The protocol does not say which messages a canister sends because of which call. So the poll that follows
//! the decision of calls belongs to the trace of the last of them, and is linked to the others; a poll that finds
//! messages without one begins a trace of its own. Spans name canisters, requests and messages, never clients.
//!
//! Nothing here waits: finished spans go to a bounded queue, which a thread of its own empties.

mod exporter;

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Context, KeyValue, Value,
    trace::{Link, SpanBuilder, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use reqwest::Url;
use tokio::task::spawn_blocking;
use tracing::warn;

use crate::{config::Telemetry, error::GatewayError, metrics::Metrics};
use exporter::Watched;

/// How long the collector may take for a batch of spans.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where collectors take OTLP over gRPC.
const GRPC_PORT: u16 = 4317;

/// How long the last spans may take when the gateway ends.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

/// How many calls a poll can follow; with more, the others are not linked.
const MAX_CAUSES: usize = 16;

/// Begins spans; all of them nothing where there is no collector.
#[derive(Debug)]
pub(crate) struct Traces(Option<Exporting>);

#[derive(Debug)]
struct Exporting {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// A part of a message's way. It ends with [`Span::end`], or when it is dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Span(Context);

/// The calls that a poll follows.
#[derive(Debug, Default)]
pub(crate) struct Causes(Mutex<Vec<Span>>);

impl Traces {
    pub(crate) fn new(config: &Telemetry, metrics: &Metrics) -> Result<Self, GatewayError> {
        let Some(collector) = &config.opentelemetry_collector_endpoint else {
            return Ok(Self(None));
        };
        if collector.port() == Some(GRPC_PORT) {
            warn!("traces go to the collector over HTTP, and port {GRPC_PORT} is usually for gRPC");
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(traces_url(collector))
            .with_timeout(EXPORT_TIMEOUT)
            .build()
            .map_err(GatewayError::Collector)?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(Watched::new(exporter, metrics))
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
                config.opentelemetry_sampling_ratio,
            ))))
            .with_resource(
                Resource::builder()
                    .with_service_name(env!("CARGO_PKG_NAME"))
                    .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
                    .build(),
            )
            .build();
        let tracer = provider.tracer(env!("CARGO_PKG_NAME"));
        Ok(Self(Some(Exporting { provider, tracer })))
    }

    /// Begins a trace, of which the sampler may decide that it is none.
    pub(crate) fn begin(&self, name: &'static str) -> Span {
        self.start(SpanBuilder::from_name(name), &Span::default())
    }

    /// Begins a part of what `parent` is a part of; nothing if that is not traced.
    pub(crate) fn child(&self, name: &'static str, parent: &Span) -> Span {
        if parent.is_traced() {
            self.start(SpanBuilder::from_name(name), parent)
        } else {
            Span::default()
        }
    }

    /// A poll that began at `started`, and follows `causes`. One that follows nothing and finds nothing is not worth
    /// a trace.
    pub(crate) fn poll(&self, started: SystemTime, causes: &Causes, messages: usize) -> Span {
        let mut causes = causes.take();
        let parent = causes.pop();
        if parent.is_none() && messages == 0 {
            return Span::default();
        }
        let links = causes
            .iter()
            .map(|cause| Link::with_context(cause.0.span().span_context().clone()))
            .collect();
        let builder = SpanBuilder::from_name("poll")
            .with_start_time(started)
            .with_links(links);
        let span = self.start(builder, &parent.unwrap_or_default());
        span.set("icws.messages", i64::try_from(messages).unwrap_or(i64::MAX));
        span
    }

    fn start(&self, builder: SpanBuilder, parent: &Span) -> Span {
        match &self.0 {
            Some(Exporting { tracer, .. }) => {
                Span(Context::new().with_span(tracer.build_with_context(builder, &parent.0)))
            }
            None => Span::default(),
        }
    }

    /// Sends what there is to the collector, if it takes it soon.
    pub(crate) async fn finish(&self) {
        let Some(Exporting { provider, .. }) = &self.0 else {
            return;
        };
        let provider = provider.clone();
        match spawn_blocking(move || provider.shutdown_with_timeout(FLUSH_TIMEOUT)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "the last spans are lost"),
            Err(error) => warn!(%error, "the last spans are lost"),
        }
    }
}

impl Span {
    /// Adds what is known of it.
    pub(crate) fn set(&self, key: &'static str, value: impl Into<Value>) {
        if self.is_traced() {
            self.0.span().set_attribute(KeyValue::new(key, value));
        }
    }

    /// Adds what is known of it, as text.
    pub(crate) fn set_text(&self, key: &'static str, value: &impl ToString) {
        if self.is_traced() {
            self.set(key, value.to_string());
        }
    }

    /// Ends it, also where others still refer to it.
    pub(crate) fn end(&self) {
        self.0.span().end();
    }

    fn is_traced(&self) -> bool {
        self.0.span().span_context().is_sampled()
    }
}

impl Causes {
    pub(crate) fn add(&self, call: &Span) {
        let mut causes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if call.is_traced() && causes.len() < MAX_CAUSES {
            causes.push(call.clone());
        }
    }

    fn take(&self) -> Vec<Span> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where a collector takes traces: at the path that the OTLP specification names, unless another one is given.
fn traces_url(collector: &Url) -> String {
    let mut url = collector.clone();
    if url.path() == "/" {
        url.set_path("/v1/traces");
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_asked_where_it_listens() {
        let url = |text: &str| traces_url(&text.parse().unwrap());
        assert_eq!(url("http://jaeger:4318"), "http://jaeger:4318/v1/traces");
        assert_eq!(url("https://example.com/otlp"), "https://example.com/otlp");
    }

    #[test]
    fn without_a_collector_nothing_is_traced() {
        let traces = Traces(None);
        let causes = Causes::default();
        causes.add(&traces.begin("receive envelope"));
        assert!(causes.take().is_empty());
        assert!(!traces.poll(SystemTime::now(), &causes, 1).is_traced());
    }
}
