//! CBOR from outside, decoded with bounded memory.
//!
//! An item may take one byte of a request and several dozen in memory, so it is items that have to be counted. How
//! deep they are nested is limited by `serde_cbor`.

use std::{cell::Cell, collections::BTreeMap, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_cbor::Value;

use crate::cbor::CborError;

/// Decodes exactly one value that consists of at most `max_items` items, itself included.
///
/// # Errors
/// If the bytes are malformed, have more items, a map has a key that is no text or is there twice, or more bytes follow.
pub fn decode(bytes: &[u8], max_items: usize) -> Result<Value, CborError> {
    let budget = Budget {
        left: Cell::new(max_items),
        max: max_items,
    };
    let mut decoder = serde_cbor::Deserializer::from_slice(bytes);
    let value = Item(&budget).deserialize(&mut decoder)?;
    decoder.end()?;
    Ok(value)
}

struct Budget {
    left: Cell<usize>,
    max: usize,
}

/// One value, and those inside.
#[derive(Clone, Copy)]
struct Item<'b>(&'b Budget);

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<Value, D::Error> {
        let Some(left) = self.0.left.get().checked_sub(1) else {
            let max = self.0.max;
            return Err(D::Error::custom(format_args!(
                "it has more than {max} data items"
            )));
        };
        self.0.left.set(left);
        decoder.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CBOR value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_bytes<E: Error>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(value.to_vec()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(key) = entries.next_key_seed(self)? {
            let Value::Text(name) = &key else {
                return Err(A::Error::custom("a map has a key that is no text"));
            };
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!(
                    "a map has the key {name:?} twice"
                )));
            }
            map.insert(key, entries.next_value_seed(self)?);
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(bytes: &[u8], max_items: usize) -> String {
        decode(bytes, max_items).unwrap_err().to_string()
    }

    #[test]
    fn values_of_all_types_are_what_the_library_decodes() {
        // {"a": [1, -2, 0.5, true, null, "t", h'01'], "b": 55799({"c": indefinite [2^64 - 1]})}
        let bytes = b"\xa2\x61a\x87\x01\x21\xf9\x38\x00\xf5\xf6\x61t\x41\x01\
            \x61b\xd9\xd9\xf7\xa1\x61c\x9f\x1b\xff\xff\xff\xff\xff\xff\xff\xff\xff";
        let expected: Value = serde_cbor::from_slice(bytes).unwrap();
        assert_eq!(decode(bytes, 15), Ok(expected));
        assert!(error(bytes, 14).contains("more than 14 data items"));
    }

    #[test]
    fn a_value_of_many_items_is_refused_before_it_takes_memory() {
        assert!(error(b"\x9b\x00\x00\xff\xff\xff\xff\xff\xff", 10).contains("EOF"));
        let zeros = [[0x99, 0xff, 0xff].as_slice(), &[0; 0xffff]].concat();
        assert!(error(&zeros, 0xffff).contains("data items"));
        assert!(decode(&zeros, 0x10000).is_ok());
        assert!(error(&[0x81; 1000], 2000).contains("recursion"));
        assert!(error(&[0xc1; 1000], 2000).contains("recursion"));
    }

    #[test]
    fn maps_have_text_for_keys_and_each_once() {
        assert!(error(b"\xa2\x61a\x01\x61a\x02", 10).contains("\"a\" twice"));
        assert!(error(b"\xa1\x01\x02", 10).contains("no text"));
        assert!(error(b"\xa0\x00", 10).contains("trailing"));
    }
}
