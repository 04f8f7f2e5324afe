//! HTTP, time and waiting with tokio.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;

use super::CallError;

pub(super) use crate::native::now;

#[derive(Debug, Default)]
pub(super) struct Http(reqwest::Client);

impl Http {
    pub async fn post(
        &self,
        url: &str,
        body: Vec<u8>,
        max_answer_bytes: usize,
    ) -> Result<(u16, Vec<u8>), CallError> {
        let request = self.0.post(url).header(CONTENT_TYPE, "application/cbor");
        let mut response = request.body(body).send().await.map_err(unreachable)?;
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if answer.len() + chunk.len() > max_answer_bytes {
                return Err(CallError::TooLarge);
            }
            answer.extend_from_slice(&chunk);
        }
        Ok((response.status().as_u16(), answer))
    }
}

fn unreachable(error: reqwest::Error) -> CallError {
    CallError::Unreachable(error.to_string())
}

pub(super) async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}
