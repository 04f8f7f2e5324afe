//! How records become bytes: postcard, which is compact, behind the version of the record's own layout.

use std::{any::type_name, marker::PhantomData, ops::RangeBounds};

use ic_stable_structures::{Memory, StableBTreeMap, Storable};
use serde::{Serialize, de::DeserializeOwned};

/// A value with a layout of its own. Whoever changes that raises the version, and has `former` convert the ones before.
pub(crate) trait Record: Serialize + DeserializeOwned {
    const VERSION: u8 = 1;

    /// Reads what is behind the version.
    fn read(version: u8, bytes: &[u8]) -> Result<Self, ReadError> {
        if version == Self::VERSION {
            Ok(postcard::from_bytes(bytes)?)
        } else {
            Self::former(version, bytes)
        }
    }

    /// Reads what is behind another version than the one of now.
    fn former(version: u8, _bytes: &[u8]) -> Result<Self, ReadError> {
        Err(ReadError::Version(version))
    }
}

/// Why a record is unreadable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("it is empty")]
    Empty,
    #[error("its layout version {0} is unknown")]
    Version(u8),
    #[error(transparent)]
    Postcard(#[from] postcard::Error),
}

fn encode<T: Record>(record: &T) -> Vec<u8> {
    postcard::to_extend(record, vec![T::VERSION])
        .unwrap_or_else(|error| ic_cdk::trap(format!("a {}: {error}", type_name::<T>())))
}

fn decode<T: Record>(bytes: &[u8]) -> Result<T, ReadError> {
    let (version, bytes) = bytes.split_first().ok_or(ReadError::Empty)?;
    T::read(*version, bytes)
}

fn decode_stored<T: Record>(bytes: Vec<u8>) -> T {
    decode(&bytes).unwrap_or_else(|error| {
        let name = type_name::<T>();
        ic_cdk::trap(format!("a stored {name} is unreadable: {error}"))
    })
}

/// A map to records. Below it are bytes whatever the record, so that the code of the tree is there once for each type of key.
pub(super) struct Records<K: Storable + Ord + Clone, T, M: Memory> {
    map: StableBTreeMap<K, Vec<u8>, M>,
    record: PhantomData<T>,
}

impl<K: Storable + Ord + Clone, T: Record, M: Memory> Records<K, T, M> {
    pub fn open(memory: M) -> Self {
        Self {
            map: StableBTreeMap::init(memory),
            record: PhantomData,
        }
    }

    pub fn len(&self) -> u64 {
        self.map.len()
    }

    pub fn contains(&self, key: &K) -> bool {
        self.map.contains_key(key)
    }

    pub fn get(&self, key: &K) -> Option<T> {
        self.map.get(key).map(decode_stored)
    }

    /// Returns whether there was one.
    pub fn set(&mut self, key: K, record: &T) -> bool {
        self.map.insert(key, encode(record)).is_some()
    }

    /// Returns the one that was there.
    pub fn replace(&mut self, key: K, record: &T) -> Option<T> {
        self.map.insert(key, encode(record)).map(decode_stored)
    }

    pub fn remove(&mut self, key: &K) -> Option<T> {
        self.map.remove(key).map(decode_stored)
    }

    pub fn range(&self, keys: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = (K, T)> {
        self.map
            .range(keys)
            .map(|entry| (entry.key().clone(), decode_stored(entry.value())))
    }

    pub fn keys(&self, keys: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = K> {
        self.map.keys_range(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
    struct Now {
        number: u64,
        name: Option<String>,
    }

    /// Version 1 was a number alone.
    impl Record for Now {
        const VERSION: u8 = 2;

        fn former(version: u8, bytes: &[u8]) -> Result<Self, ReadError> {
            match version {
                1 => Ok(Self {
                    number: postcard::from_bytes(bytes)?,
                    name: None,
                }),
                other => Err(ReadError::Version(other)),
            }
        }
    }

    #[test]
    fn records_say_their_version_and_former_ones_can_be_read() {
        let now = Now {
            number: 7,
            name: Some("x".to_owned()),
        };
        let bytes = encode(&now);
        assert_eq!(bytes, [2, 7, 1, 1, b'x']);
        assert_eq!(decode::<Now>(&bytes).unwrap(), now);
        let former = decode::<Now>(&[1, 7]).unwrap();
        assert_eq!((former.number, former.name), (7, None));
    }

    #[test]
    fn what_is_unreadable_says_why() {
        let error = |bytes: &[u8]| decode::<Now>(bytes).unwrap_err().to_string();
        assert_eq!(error(&[]), "it is empty");
        assert_eq!(error(&[9, 7]), "its layout version 9 is unknown");
        assert!(matches!(decode::<Now>(&[2]), Err(ReadError::Postcard(_))));
    }
}
