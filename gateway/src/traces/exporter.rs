//! An exporter that says what becomes of the spans: a collector that is gone must not go unnoticed.

use std::time::Duration;

use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};
use prometheus_client::metrics::counter::Counter;
use tracing::warn;

use crate::metrics::Metrics;

/// Hands spans to `inner`, and counts them.
#[derive(Debug)]
pub(super) struct Watched<E> {
    inner: E,
    exported: Counter,
    lost: Counter,
}

impl<E> Watched<E> {
    pub(super) fn new(inner: E, metrics: &Metrics) -> Self {
        Self {
            inner,
            exported: metrics.spans_exported.clone(),
            lost: metrics.spans_lost.clone(),
        }
    }
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let result = self.inner.export(batch).await;
        match &result {
            Ok(()) => self.exported.inc_by(spans),
            Err(error) => {
                warn!(spans, %error, "the collector did not take spans");
                self.lost.inc_by(spans)
            }
        };
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
