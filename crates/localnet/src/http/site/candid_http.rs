//! The Candid types of the HTTP gateway protocol.
//!
//! Answers are decoded without types, because a streaming token may be of any: it is handed back to the
//! canister as it came.

use axum::http::{HeaderName, StatusCode};
use candid::{
    Principal, idl_hash,
    types::value::{IDLField, IDLValue},
};

use crate::bounded_candid::decode_untyped;

/// What `http_request` and `http_request_update` answer.
#[derive(Debug, PartialEq)]
pub(super) struct HttpResponse {
    /// Unchecked, because it does not matter when `upgrade` is set.
    pub status_code: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The canister wants to answer in an update call.
    pub upgrade: bool,
    /// There is more.
    pub next: Option<Next>,
}

/// A further part of a page.
#[derive(Debug, PartialEq)]
pub(super) struct Chunk {
    pub body: Vec<u8>,
    pub token: Option<IDLValue>,
}

/// How to get the next chunk.
#[derive(Debug, PartialEq)]
pub(super) struct Next {
    pub canister: Principal,
    pub method: String,
    pub token: IDLValue,
}

/// Why an answer is not one of the HTTP gateway protocol.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum AnswerError {
    #[error("it is not Candid: {0}")]
    Candid(String),
    #[error("it has no valid {0:?}")]
    Field(&'static str),
    #[error("{0} is not the HTTP status of a page")]
    Status(u16),
    #[error("it is to be continued by another canister, {0}")]
    Callback(Principal),
    #[error("it has more than {0} bytes, and can only be verified as a whole")]
    TooLong(usize),
    #[error("it has more than {0} chunks")]
    TooManyChunks(usize),
    #[error("its parts do not fit together: {0}")]
    Range(&'static str),
}

impl HttpResponse {
    /// The status code, if a page can have it.
    pub fn status(&self) -> Result<StatusCode, AnswerError> {
        StatusCode::from_u16(self.status_code)
            .ok()
            .filter(|status| !status.is_informational())
            .ok_or(AnswerError::Status(self.status_code))
    }

    /// The value of the first header of this name.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(other, _)| other.eq_ignore_ascii_case(name.as_str()))
            .map(|(_, value)| value.as_str())
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, AnswerError> {
        let record = single_record(bytes)?;
        let status_code = match record.get("status_code") {
            Some(IDLValue::Nat16(code)) => *code,
            _ => return Err(AnswerError::Field("status_code")),
        };
        let upgrade = record.optional("upgrade") == Some(&IDLValue::Bool(true));
        Ok(Self {
            status_code,
            headers: record.headers()?,
            body: record.blob("body")?,
            upgrade,
            next: record.streaming_strategy()?,
        })
    }
}

impl Chunk {
    pub fn decode(bytes: &[u8]) -> Result<Self, AnswerError> {
        let record = single_record(bytes)?;
        Ok(Self {
            body: record.blob("body")?,
            token: record.optional("token").cloned(),
        })
    }
}

struct Record(Vec<IDLField>);

fn single_record(bytes: &[u8]) -> Result<Record, AnswerError> {
    let args = decode_untyped(bytes).map_err(|error| AnswerError::Candid(format!("{error:#}")))?;
    match args.args.into_iter().next() {
        Some(IDLValue::Record(fields)) => Ok(Record(fields)),
        _ => Err(AnswerError::Candid("a record was expected".into())),
    }
}

fn field<'v>(fields: &'v [IDLField], name: &str) -> Option<&'v IDLValue> {
    let id = idl_hash(name);
    let field = fields.iter().find(|field| field.id.get_id() == id)?;
    Some(&field.val)
}

impl Record {
    fn get(&self, name: &str) -> Option<&IDLValue> {
        field(&self.0, name)
    }

    fn optional(&self, name: &str) -> Option<&IDLValue> {
        match self.get(name)? {
            IDLValue::Opt(value) => Some(value),
            _ => None,
        }
    }

    fn blob(&self, name: &'static str) -> Result<Vec<u8>, AnswerError> {
        match self.get(name) {
            Some(IDLValue::Blob(bytes)) => Ok(bytes.clone()),
            Some(IDLValue::Vec(items)) if items.is_empty() => Ok(vec![]),
            _ => Err(AnswerError::Field(name)),
        }
    }

    fn headers(&self) -> Result<Vec<(String, String)>, AnswerError> {
        let error = AnswerError::Field("headers");
        let Some(IDLValue::Vec(items)) = self.get("headers") else {
            return Err(error);
        };
        let header = |item: &IDLValue| match item {
            IDLValue::Record(pair) => match pair.as_slice() {
                [name, value] => match (&name.val, &value.val) {
                    (IDLValue::Text(name), IDLValue::Text(value)) => {
                        Some((name.clone(), value.clone()))
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        items.iter().map(header).collect::<Option<_>>().ok_or(error)
    }

    fn streaming_strategy(&self) -> Result<Option<Next>, AnswerError> {
        let Some(strategy) = self.optional("streaming_strategy") else {
            return Ok(None);
        };
        let error = AnswerError::Field("streaming_strategy");
        let IDLValue::Variant(variant) = strategy else {
            return Err(error);
        };
        let IDLValue::Record(fields) = &variant.0.val else {
            return Err(error);
        };
        match (field(fields, "callback"), field(fields, "token")) {
            (Some(IDLValue::Func(canister, method)), Some(token)) => Ok(Some(Next {
                canister: *canister,
                method: method.clone(),
                token: token.clone(),
            })),
            _ => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use candid::{CandidType, Encode, Func, IDLArgs, Nat};

    use super::*;

    #[derive(CandidType)]
    struct Token {
        key: String,
        index: Nat,
        sha256: Option<Vec<u8>>,
    }

    #[derive(CandidType)]
    enum Strategy {
        Callback { callback: Reference, token: Token },
    }

    candid::define_function!(Reference : (Token) -> () query);

    #[derive(CandidType)]
    struct Response {
        status_code: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
        upgrade: Option<bool>,
        streaming_strategy: Option<Strategy>,
    }

    fn response() -> Response {
        Response {
            status_code: 200,
            headers: vec![("Content-Type".into(), "text/html".into())],
            body: b"<p>".to_vec(),
            upgrade: None,
            streaming_strategy: None,
        }
    }

    #[test]
    fn a_plain_answer() {
        let decoded = HttpResponse::decode(&Encode!(&response()).unwrap()).unwrap();
        assert_eq!(
            decoded,
            HttpResponse {
                status_code: 200,
                headers: vec![("Content-Type".into(), "text/html".into())],
                body: b"<p>".to_vec(),
                upgrade: false,
                next: None,
            }
        );
        let empty = Response {
            headers: vec![],
            body: vec![],
            upgrade: Some(true),
            ..response()
        };
        let decoded = HttpResponse::decode(&Encode!(&empty).unwrap()).unwrap();
        assert!(decoded.upgrade && decoded.headers.is_empty() && decoded.body.is_empty());
    }

    #[test]
    fn a_streaming_token_of_any_type_goes_back_as_it_came() {
        let canister = Principal::from_slice(&[1]);
        let token = || Token {
            key: "/big".into(),
            index: 7_u8.into(),
            sha256: Some(vec![1, 2]),
        };
        let streaming = Response {
            streaming_strategy: Some(Strategy::Callback {
                callback: Reference(Func {
                    principal: canister,
                    method: "more".into(),
                }),
                token: token(),
            }),
            ..response()
        };
        let decoded = HttpResponse::decode(&Encode!(&streaming).unwrap()).unwrap();
        let next = decoded.next.unwrap();
        assert_eq!((next.canister, next.method.as_str()), (canister, "more"));
        let back = IDLArgs::new(&[next.token]).to_bytes().unwrap();
        assert_eq!(back, Encode!(&token()).unwrap());
    }

    #[test]
    fn something_else_is_refused() {
        assert!(matches!(
            HttpResponse::decode(b"nonsense"),
            Err(AnswerError::Candid(_))
        ));
        let bytes = Encode!(&Chunkish { body: vec![] }).unwrap();
        assert_eq!(
            HttpResponse::decode(&bytes),
            Err(AnswerError::Field("status_code"))
        );
    }

    #[derive(CandidType)]
    struct Chunkish {
        body: Vec<u8>,
    }
}
