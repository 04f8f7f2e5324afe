//! Waiting for a condition, with a deadline. No test waits in any other way.

use std::{future::Future, time::Duration};

use anyhow::{Result, anyhow};

/// Generous, because two slow cores may be running everything at once. Only a failing test takes this long.
pub const DEADLINE: Duration = Duration::from_secs(90);

/// The result of `future`, or an error that names `what` was waited for.
pub async fn within_deadline<T>(what: &str, future: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(DEADLINE, future)
        .await
        .map_err(|_| anyhow!("waited {DEADLINE:?} in vain for {what}"))
}

/// Asks again and again until `condition` gives a value.
pub async fn until<T, F>(what: &str, mut condition: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    within_deadline(what, async {
        loop {
            if let Some(value) = condition().await? {
                return Ok(value);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await?
}
