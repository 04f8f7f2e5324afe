//! Ways to spoil a request.

use std::collections::BTreeMap;

use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use serde_cbor::Value;

/// Spoils a body, as bytes or as CBOR.
pub fn body(rng: &mut StdRng, good: &[u8]) -> Vec<u8> {
    let mut body = match serde_cbor::from_slice(good) {
        Ok(value) if rng.random_bool(0.5) => structure(rng, value),
        _ => bytes(rng, good.to_vec()),
    };
    if rng.random_ratio(1, 200) {
        let oversize = rng.random_range(1 << 20..9 << 20);
        body.resize(body.len() + oversize, 0);
    }
    body
}

/// Changes that know nothing of CBOR but its headers.
fn bytes(rng: &mut StdRng, mut body: Vec<u8>) -> Vec<u8> {
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..=body.len());
        match rng.random_range(0..8) {
            0 => body.truncate(at),
            1 | 2 => {
                if let Some(byte) = body.get_mut(at) {
                    *byte ^= 1 << rng.random_range(0..8);
                }
            }
            3 => {
                let end = rng.random_range(at..=body.len());
                body.drain(at..end);
            }
            4 => {
                let end = rng.random_range(at..=body.len());
                let copy = body[at..end].to_vec();
                body.splice(at..at, copy);
            }
            5 => {
                // Byte string, text, sequence, map, tag: of a length that nobody has.
                let header = [0x5b, 0x7b, 0x9b, 0xbb, 0xdb].choose(rng).copied();
                let length = [u64::MAX, 1 << 40, 1 << 32, 1 << 24].choose(rng).copied();
                let huge = header.into_iter().chain(length.unwrap_or(0).to_be_bytes());
                body.splice(at..at, huge);
            }
            6 => {
                // Nesting: sequences, indefinite ones, maps, tags.
                let opening = [0x81, 0x9f, 0xa1, 0xbf, 0xc1].choose(rng).copied();
                let depth = rng.random_range(1..5000);
                body.splice(at..at, std::iter::repeat_n(opening.unwrap_or(0x81), depth));
            }
            _ => {
                let noise: Vec<u8> = (0..rng.random_range(1..40)).map(|_| rng.random()).collect();
                body.splice(at..at, noise);
            }
        }
    }
    body
}

/// Changes of single values, in well-formed CBOR.
fn structure(rng: &mut StdRng, mut value: Value) -> Vec<u8> {
    for _ in 0..rng.random_range(1..3) {
        let mut chosen = rng.random_range(0..count(&value));
        change(rng, &mut value, &mut chosen);
    }
    let mut body = b"\xd9\xd9\xf7".to_vec();
    body.extend(serde_cbor::to_vec(&value).unwrap());
    if rng.random_ratio(1, 10)
        && let Value::Map(fields) = &value
        && let Some((name, value)) = fields.iter().next()
    {
        // One of the keys a second time. There are never as many as 23.
        body[3] += 1;
        body.extend(serde_cbor::to_vec(name).unwrap());
        body.extend(serde_cbor::to_vec(value).unwrap());
    }
    body
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Map(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// Changes the value that is reached when `left` has counted down.
fn change(rng: &mut StdRng, value: &mut Value, left: &mut usize) {
    if *left == 0 {
        *value = other(rng, value);
        *left = usize::MAX;
        return;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| change(rng, item, left)),
        Value::Map(fields) => fields.values_mut().for_each(|item| change(rng, item, left)),
        _ => {}
    }
}

fn other(rng: &mut StdRng, value: &Value) -> Value {
    match (rng.random_range(0..12), value) {
        (0..=3, Value::Map(fields)) => {
            let mut fields = fields.clone();
            let names: Vec<Value> = fields.keys().cloned().collect();
            let name = names.choose(rng).cloned().unwrap_or(Value::Null);
            match rng.random_range(0..3) {
                0 => drop(fields.remove(&name)),
                1 => drop(fields.insert(Value::Text("unknown".into()), scalar(rng))),
                _ => drop(fields.insert(scalar(rng), scalar(rng))),
            }
            Value::Map(fields)
        }
        (0..=3, Value::Array(items)) => {
            let mut items = items.clone();
            if rng.random() {
                items.pop();
            } else {
                let item = items.first().cloned().unwrap_or(Value::Null);
                items.resize(rng.random_range(0..2000), item);
            }
            Value::Array(items)
        }
        (0..=5, Value::Bytes(bytes)) => Value::Bytes(self::bytes(rng, bytes.clone())),
        (0..=3, Value::Integer(number)) => Value::Integer(number ^ (1 << rng.random_range(0..64))),
        (6, _) => {
            (0..rng.random_range(1..200)).fold(scalar(rng), |inner, _| Value::Array(vec![inner]))
        }
        (7, _) => Value::Map(BTreeMap::from([(scalar(rng), value.clone())])),
        (8, _) => Value::Array(vec![value.clone()]),
        _ => scalar(rng),
    }
}

fn scalar(rng: &mut StdRng) -> Value {
    match rng.random_range(0..9) {
        0 => Value::Null,
        1 => Value::Bool(rng.random()),
        2 => Value::Integer(rng.random::<u64>().into()),
        3 => Value::Integer(-1 - i128::from(rng.random::<u64>())),
        4 => Value::Float(rng.random()),
        5 => Value::Text("x".repeat(rng.random_range(0..100_000))),
        6 => Value::Bytes(vec![rng.random(); rng.random_range(0..100_000)]),
        7 => Value::Array(vec![]),
        _ => Value::Text(
            ["call", "query", "read_state", ""]
                .choose(rng)
                .map_or("", |t| t)
                .into(),
        ),
    }
}

/// Spoils a path of the API.
pub fn path(rng: &mut StdRng, good: &str) -> String {
    let mut parts: Vec<String> = good.split('/').map(Into::into).collect();
    let others = [
        "",
        "aaaaa-aa",
        "v9",
        "%ff%00",
        "canister",
        "2vxsx-fae",
        "_",
        "test",
        "..",
        "?a",
    ];
    let at = rng.random_range(1..parts.len());
    parts[at] = match rng.random_range(0..3) {
        0 => "x".repeat(rng.random_range(1..5000)),
        1 => parts[at].chars().rev().collect(),
        _ => others.choose(rng).map_or("", |part| part).into(),
    };
    parts.join("/")
}

/// A host that may name a canister.
pub fn host(rng: &mut StdRng) -> String {
    let hosts = [
        "aaaaa-aa.localhost",
        "lz3um-vp777-77777-aaaba-cai.localhost:80",
        "-.localhost",
        "....",
        "[::1]",
        "x",
    ];
    hosts.choose(rng).map_or("", |host| host).into()
}

/// What need not be HTTP.
pub fn http(rng: &mut StdRng) -> Vec<u8> {
    let heads = [
        "POST /api/v3/canister/aaaaa-aa/query HTTP/1.1\r\ncontent-type: application/cbor\r\n\
         content-length: 1000000000000\r\n\r\n",
        "POST /api/v3/canister/aaaaa-aa/query HTTP/1.1\r\ncontent-type: application/cbor\r\n\
         transfer-encoding: chunked\r\n\r\nffffffff\r\n",
        "POST /api/v2/canister/aaaaa-aa/call HTTP/1.0\r\ncontent-length: -1\r\n\r\n",
        "GET /api/v2/status HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        "GET \0 HTTP/1.1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "",
    ];
    let head = heads.choose(rng).map_or("", |head| head);
    let mut request = head.as_bytes().to_vec();
    if rng.random() {
        request = bytes(rng, request);
    }
    if rng.random_ratio(1, 10) {
        request.extend(vec![b'a'; 1 << 20]);
    }
    request
}
