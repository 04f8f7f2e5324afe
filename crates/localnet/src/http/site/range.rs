//! Large files that a canister hands out in parts: to a request for all of a file it answers with the first part and
//! the status 206, and gives the others when it is asked for them by `Range`. Each part is certified on its own.

use axum::http::header;
use futures::{Stream, stream};
use ic_http_certification::HttpRequest;

use super::{
    candid_http::{AnswerError, HttpResponse},
    exchange::{Exchange, PageError},
};
use crate::http::body_memory::Share;

const PARTIAL_CONTENT: u16 = 206;
const OK: u16 = 200;

/// Where a part belongs: `bytes <first>-<last>/<total>`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ContentRange {
    first: u64,
    last: u64,
    total: u64,
}

/// The parts that are still missing.
pub(super) struct Rest {
    exchange: Exchange,
    request: HttpRequest<'static>,
    /// What the request takes.
    _share: Share,
    received: u64,
    total: u64,
    /// Says of which version of the file the parts are.
    etag: Option<String>,
}

/// If the response is a part of what the request was for: makes it the beginning of the whole.
pub(super) fn complete(
    exchange: &Exchange,
    request: HttpRequest<'static>,
    share: Share,
    response: &mut HttpResponse,
) -> Result<Option<Rest>, AnswerError> {
    let range = header::RANGE.as_str();
    let is_for_a_part = |(name, _): &(String, String)| name.eq_ignore_ascii_case(range);
    if response.status_code != PARTIAL_CONTENT || request.headers().iter().any(is_for_a_part) {
        return Ok(None);
    }
    let part = ContentRange::of(response)?;
    if part.first != 0 {
        return Err(AnswerError::Range("the first part is not the beginning"));
    }
    response.status_code = OK;
    let content_range = header::CONTENT_RANGE.as_str();
    response
        .headers
        .retain(|(name, _)| !name.eq_ignore_ascii_case(content_range));
    Ok(Some(Rest {
        exchange: exchange.clone(),
        request,
        _share: share,
        received: part.last + 1,
        total: part.total,
        etag: response.header(&header::ETAG).map(ToOwned::to_owned),
    }))
}

impl Rest {
    /// Bytes of the whole.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// One request per part, each made when the part before it has been taken.
    pub fn parts(self) -> impl Stream<Item = Result<(Vec<u8>, Share), PageError>> + Send {
        stream::try_unfold((self, 0), |(mut rest, count)| async move {
            if rest.received == rest.total {
                return Ok(None);
            }
            rest.exchange.check_count(count)?;
            let part = rest.next().await?;
            Ok(Some((part, (rest, count + 1))))
        })
    }

    async fn next(&mut self) -> Result<(Vec<u8>, Share), PageError> {
        let mut request = self.request.clone();
        let range = format!("bytes={}-", self.received);
        let header = (header::RANGE.to_string(), range);
        request.headers_mut().push(header);
        let (response, share) = self.exchange.ask(&request).await?;
        if response.status_code != PARTIAL_CONTENT {
            return Err(AnswerError::Range("one is not a part").into());
        }
        let part = ContentRange::of(&response)?;
        if part.first != self.received || part.total != self.total {
            return Err(AnswerError::Range("one does not follow on the one before it").into());
        }
        if response.header(&header::ETAG) != self.etag.as_deref() {
            return Err(AnswerError::Range("one is of another version of the file").into());
        }
        self.received = part.last + 1;
        Ok((response.body, share))
    }
}

impl ContentRange {
    fn of(response: &HttpResponse) -> Result<Self, AnswerError> {
        let value = response.header(&header::CONTENT_RANGE);
        let range = value.and_then(Self::parse).filter(|range| {
            let length = range.last.checked_sub(range.first);
            let length = length.and_then(|length| usize::try_from(length).ok());
            range.last < range.total
                && length.is_some_and(|length| response.body.len().checked_sub(1) == Some(length))
        });
        range.ok_or(AnswerError::Range(
            "one has no Content-Range that describes it",
        ))
    }

    fn parse(text: &str) -> Option<Self> {
        let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        Some(Self {
            first: first.parse().ok()?,
            last: last.parse().ok()?,
            total: total.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range_of(value: &str, length: usize) -> Result<ContentRange, AnswerError> {
        ContentRange::of(&HttpResponse {
            status_code: PARTIAL_CONTENT,
            headers: vec![("content-range".into(), value.into())],
            body: vec![0; length],
            upgrade: false,
            next: None,
        })
    }

    #[test]
    fn a_range_describes_its_part() {
        let expected = ContentRange {
            first: 10,
            last: 14,
            total: 20,
        };
        assert_eq!(range_of("bytes 10-14/20", 5), Ok(expected));
    }

    #[test]
    fn any_other_is_refused() {
        for (value, length) in [
            ("bytes 10-14/20", 6),
            ("bytes 10-14/14", 5),
            ("bytes 14-10/20", 0),
            ("bytes 0-18446744073709551615/18446744073709551615", 0),
            ("bytes 10-14/*", 5),
            ("bytes 10-14", 5),
            ("items 10-14/20", 5),
        ] {
            assert!(range_of(value, length).is_err(), "{value}");
        }
    }
}
