//! HTTP by `reqwest`.

use std::{error::Error, iter::successors, sync::OnceLock};

use reqwest::{Client, header::CONTENT_TYPE};

use crate::platform::{HttpError, MAX_ANSWER_BYTES};

/// A client of one network. It is set up when it is first needed: where nobody needs it, nothing is asked of the system.
#[derive(Debug, Default)]
pub(crate) struct Http(OnceLock<Result<Client, HttpError>>);

impl Http {
    pub async fn post(&self, url: &str, body: Vec<u8>) -> Result<Vec<u8>, HttpError> {
        let request = self.client(url)?.post(url);
        let request = request.header(CONTENT_TYPE, "application/cbor").body(body);
        let mut response = request.send().await.map_err(unreachable)?;
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

    /// Fails on a system without certificate authorities, if one is needed for `url`.
    fn client(&self, url: &str) -> Result<&Client, HttpError> {
        let client = self.0.get_or_init(|| {
            let client = match Client::builder().build() {
                Err(_) if url.starts_with("http:") => Client::builder().tls_certs_only([]).build(),
                client => client,
            };
            client.map_err(unreachable)
        });
        client.as_ref().map_err(Clone::clone)
    }
}

fn unreachable(error: reqwest::Error) -> HttpError {
    HttpError::Unreachable(text(&error))
}

/// What `error` says, with its causes: the outermost one alone does not say much.
fn text(error: &dyn Error) -> String {
    let causes = successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
