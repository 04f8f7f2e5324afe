//! Works out the steps from what the asset canister serves to what it should serve.

use std::collections::BTreeMap;

use candid::Nat;
use serde_bytes::ByteBuf;

use super::{
    api::{
        BatchOperation, CreateAsset, DeleteAsset, SetAssetContent, SetAssetProperties,
        UnsetAssetContent,
    },
    source::{Asset, Encoding},
};

/// An asset as the canister serves it.
#[derive(Clone, Debug)]
pub(super) struct PresentAsset {
    pub content_type: String,
    pub headers: BTreeMap<String, String>,
    /// SHA-256 by content encoding.
    pub encodings: BTreeMap<String, Vec<u8>>,
}

/// One change of what the canister serves.
#[derive(Debug, PartialEq)]
pub(super) enum Step<'a> {
    Delete {
        key: &'a str,
    },
    Create(&'a Asset),
    SetHeaders(&'a Asset),
    SetContent {
        key: &'a str,
        encoding: &'a Encoding,
    },
    UnsetContent {
        key: &'a str,
        encoding: &'a str,
    },
}

/// The steps from `present` to `wanted`, in the order in which they must be taken.
pub(super) fn difference<'a>(
    wanted: &'a [Asset],
    present: &'a BTreeMap<String, PresentAsset>,
) -> Vec<Step<'a>> {
    let mut steps = Vec::new();
    for key in present.keys() {
        if !wanted.iter().any(|asset| asset.key == *key) {
            steps.push(Step::Delete { key });
        }
    }
    for asset in wanted {
        match present.get(&asset.key) {
            Some(present) if present.content_type == asset.content_type => {
                update(asset, present, &mut steps);
            }
            Some(_) => {
                // An asset keeps the type that it was created with.
                steps.push(Step::Delete { key: &asset.key });
                create(asset, &mut steps);
            }
            None => create(asset, &mut steps),
        }
    }
    steps
}

fn create<'a>(asset: &'a Asset, steps: &mut Vec<Step<'a>>) {
    steps.push(Step::Create(asset));
    for encoding in &asset.encodings {
        steps.push(Step::SetContent {
            key: &asset.key,
            encoding,
        });
    }
}

fn update<'a>(asset: &'a Asset, present: &'a PresentAsset, steps: &mut Vec<Step<'a>>) {
    if present.headers != asset.headers {
        steps.push(Step::SetHeaders(asset));
    }
    for encoding in &asset.encodings {
        if present.encodings.get(encoding.name) != Some(&encoding.sha256) {
            steps.push(Step::SetContent {
                key: &asset.key,
                encoding,
            });
        }
    }
    for name in present.encodings.keys() {
        if !asset.encodings.iter().any(|encoding| encoding.name == name) {
            steps.push(Step::UnsetContent {
                key: &asset.key,
                encoding: name,
            });
        }
    }
}

impl Step<'_> {
    /// The step in the canister's terms. `chunk_ids` name its uploaded content, if it has any.
    pub(super) fn operation(&self, chunk_ids: Vec<Nat>) -> BatchOperation {
        match *self {
            Step::Delete { key } => BatchOperation::DeleteAsset(DeleteAsset {
                key: key.to_owned(),
            }),
            Step::Create(asset) => BatchOperation::CreateAsset(CreateAsset {
                key: asset.key.clone(),
                content_type: asset.content_type.to_owned(),
                max_age: None,
                headers: Some(asset.headers.clone().into_iter().collect()),
                enable_aliasing: None,
                allow_raw_access: None,
            }),
            Step::SetHeaders(asset) => BatchOperation::SetAssetProperties(SetAssetProperties {
                key: asset.key.clone(),
                max_age: None,
                headers: Some(Some(asset.headers.clone().into_iter().collect())),
                allow_raw_access: None,
                is_aliased: None,
            }),
            Step::SetContent { key, encoding } => {
                BatchOperation::SetAssetContent(SetAssetContent {
                    key: key.to_owned(),
                    content_encoding: encoding.name.to_owned(),
                    last_chunk: chunk_ids.is_empty().then(ByteBuf::new),
                    chunk_ids,
                    sha256: Some(ByteBuf::from(encoding.sha256.clone())),
                })
            }
            Step::UnsetContent { key, encoding } => {
                BatchOperation::UnsetAssetContent(UnsetAssetContent {
                    key: key.to_owned(),
                    content_encoding: encoding.to_owned(),
                })
            }
        }
    }

    fn content(&self) -> &[u8] {
        match self {
            Step::SetContent { encoding, .. } => &encoding.bytes,
            _ => &[],
        }
    }
}

/// A part of the content that the step with this index needs.
#[derive(Debug, PartialEq)]
pub(super) struct Piece<'a> {
    pub step: usize,
    pub bytes: &'a [u8],
}

/// The contents of all steps, in pieces, as many in a call as `limit` bytes allow.
pub(super) fn calls<'a>(steps: &'a [Step<'_>], limit: usize) -> Vec<Vec<Piece<'a>>> {
    let mut calls: Vec<Vec<Piece<'_>>> = Vec::new();
    let mut room = 0;
    for (step, content) in steps.iter().map(Step::content).enumerate() {
        for bytes in content.chunks(limit) {
            match calls.last_mut() {
                Some(call) if bytes.len() <= room => call.push(Piece { step, bytes }),
                _ => {
                    calls.push(vec![Piece { step, bytes }]);
                    room = limit;
                }
            }
            room -= bytes.len();
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(key: &str, content: &str) -> Asset {
        Asset {
            key: key.to_owned(),
            content_type: "text/plain",
            headers: [("Header".to_owned(), "value".to_owned())].into(),
            encodings: vec![Encoding::new("identity", content.into())],
        }
    }

    fn served(asset: &Asset) -> (String, PresentAsset) {
        let present = PresentAsset {
            content_type: asset.content_type.to_owned(),
            headers: asset.headers.clone(),
            encodings: asset
                .encodings
                .iter()
                .map(|encoding| (encoding.name.to_owned(), encoding.sha256.clone()))
                .collect(),
        };
        (asset.key.clone(), present)
    }

    #[test]
    fn what_is_served_already_needs_no_step() {
        let assets = [asset("/a", "one"), asset("/b", "two")];
        assert_eq!(
            difference(&assets, &assets.iter().map(served).collect()),
            []
        );
    }

    #[test]
    fn new_files_are_created_and_forgotten_ones_deleted() {
        let (old, new) = (asset("/old", "one"), [asset("/new", "two")]);
        assert_eq!(
            difference(&new, &[served(&old)].into()),
            [
                Step::Delete { key: "/old" },
                Step::Create(&new[0]),
                Step::SetContent {
                    key: "/new",
                    encoding: &new[0].encodings[0]
                },
            ]
        );
    }

    #[test]
    fn only_what_differs_is_set() {
        let mut wanted = [asset("/a", "one")];
        let present = [served(&wanted[0])].into();
        wanted[0].headers.clear();
        assert_eq!(
            difference(&wanted, &present),
            [Step::SetHeaders(&wanted[0])]
        );

        let changed = [asset("/a", "two")];
        let encoding = &changed[0].encodings[0];
        assert_eq!(
            difference(&changed, &present),
            [Step::SetContent {
                key: "/a",
                encoding
            }]
        );
    }

    #[test]
    fn an_encoding_no_longer_wanted_is_unset() {
        let wanted = [asset("/a", "one")];
        let mut present = BTreeMap::from([served(&wanted[0])]);
        present
            .get_mut("/a")
            .unwrap()
            .encodings
            .insert("gzip".to_owned(), vec![]);
        assert_eq!(
            difference(&wanted, &present),
            [Step::UnsetContent {
                key: "/a",
                encoding: "gzip"
            }]
        );
    }

    #[test]
    fn another_type_needs_another_asset() {
        let wanted = [asset("/a", "one")];
        let mut present = BTreeMap::from([served(&wanted[0])]);
        present.get_mut("/a").unwrap().content_type = "text/html".to_owned();
        let steps = difference(&wanted, &present);
        assert_eq!(
            steps[..2],
            [Step::Delete { key: "/a" }, Step::Create(&wanted[0])]
        );
    }

    #[test]
    fn calls_stay_within_the_limit_and_carry_every_byte_in_order() {
        let assets = [
            asset("/a", "12345"),
            asset("/b", ""),
            asset("/c", "67"),
            asset("/d", "8"),
        ];
        let present = BTreeMap::new();
        let steps = difference(&assets, &present);
        let calls = calls(&steps, 4);
        let pieces: Vec<Vec<_>> = calls
            .iter()
            .map(|call| call.iter().map(|piece| (piece.step, piece.bytes)).collect())
            .collect();
        assert_eq!(
            pieces,
            [
                vec![(1, &b"1234"[..])],
                vec![(1, b"5"), (5, b"67"), (7, b"8")]
            ]
        );
    }

    #[test]
    fn an_empty_file_still_has_a_chunk() {
        let assets = [asset("/a", "")];
        let present = BTreeMap::new();
        let steps = difference(&assets, &present);
        let BatchOperation::SetAssetContent(set) = steps[1].operation(vec![]) else {
            panic!("the second step sets the content");
        };
        assert_eq!(set.last_chunk, Some(ByteBuf::new()));
    }
}
