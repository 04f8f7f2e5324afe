//! HTTP by `reqwest`.

use reqwest::header::CONTENT_TYPE;

use crate::platform::{HttpError, MAX_ANSWER_BYTES};

#[derive(Debug, Default)]
pub(crate) struct Http(reqwest::Client);

impl Http {
    pub async fn post(&self, url: &str, body: Vec<u8>) -> Result<Vec<u8>, HttpError> {
        let request = self.0.post(url).header(CONTENT_TYPE, "application/cbor");
        let mut response = request.body(body).send().await.map_err(unreachable)?;
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if answer.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(HttpError::TooLarge);
            }
            answer.extend_from_slice(&chunk);
        }
        HttpError::check_status(response.status().as_u16(), &answer)?;
        Ok(answer)
    }
}

fn unreachable(error: reqwest::Error) -> HttpError {
    HttpError::Unreachable(error.to_string())
}
