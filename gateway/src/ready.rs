//! Whether a client that comes now would be served: the network answers, and the gateway does not end.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use crate::gateway::Gateway;

/// `/ready`
pub(crate) async fn page(State(gateway): State<Arc<Gateway>>) -> Response {
    let problem = if gateway.shutdown.is_cancelled() {
        "the gateway ends\n"
    } else if !network_answers(&gateway) {
        "the network does not answer\n"
    } else {
        return "ready\n".into_response();
    };
    (StatusCode::SERVICE_UNAVAILABLE, problem).into_response()
}

/// Asks the network for its status whenever it has not answered anything else for a while.
pub(crate) async fn watch(gateway: Arc<Gateway>) {
    let interval = gateway.config.limits.ready_timeout / 3;
    let mut answered = None;
    loop {
        let silent = |last: Instant| last.elapsed() >= interval;
        let mut reason = None;
        if gateway.network.last_answer().is_none_or(silent) {
            reason = match timeout(interval, gateway.network.probe()).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some(format!("nothing has come for {interval:?}")),
            };
        }
        let answers = network_answers(&gateway);
        if answered.replace(answers) != Some(answers) {
            match answers {
                true => info!("the network answers"),
                false => warn!(reason, "the network does not answer"),
            }
        }
        sleep(interval).await;
    }
}

/// Whether it did lately.
fn network_answers(gateway: &Gateway) -> bool {
    let limit = gateway.config.limits.ready_timeout;
    let last = gateway.network.last_answer();
    last.is_some_and(|last| last.elapsed() <= limit)
}
