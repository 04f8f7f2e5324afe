//! The rules of `axe-core` for pages that everybody can use.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::browser::Window;

const AXE: &str = "js/node_modules/axe-core/axe.min.js";

/// Colours that are just changing are no fault.
const RUN: &str = "
    for (const animation of document.getAnimations()) {
        if (animation.effect.getComputedTiming().endTime < Infinity) animation.finish();
    }
    axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => done(
        violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) => ({ rule: id, help, html, failureSummary })))));";

/// Something on the page that keeps people from using it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// The name of the rule.
    pub rule: String,
    /// What it asks for.
    pub help: String,
    /// The element.
    pub html: String,
    /// What is wrong with it.
    pub failure_summary: String,
}

impl Window {
    /// Serious and critical faults of what the page shows now.
    pub async fn accessibility_faults(&self) -> Result<Vec<Fault>> {
        if !self.ask("return 'axe' in window", []).await? {
            let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join(AXE);
            let axe = tokio::fs::read_to_string(axe).await;
            self.execute(&axe.context("run scripts/test, which installs axe-core first")?)
                .await?;
        }
        Ok(serde_json::from_value(self.execute_async(RUN).await?)?)
    }
}
