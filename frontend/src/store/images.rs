//! The images of people, as far as the page has them.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use candid::Principal;
use chat_api::Image;

use super::Store;

/// How many images are kept: some 10 MiB at most.
const MAX_IMAGES: usize = 200;

/// How many people's images are asked for at once.
const MAX_ASKED: usize = 500;

/// The images of people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    known: BTreeMap<Principal, (u64, Option<Rc<str>>)>,
    order: VecDeque<Principal>,
}

impl Images {
    /// Somebody's image of this version as a `data:` URL; an inner nothing, if there turned out to be none.
    pub fn get(&self, person: Principal, version: u64) -> Option<Option<Rc<str>>> {
        let (known, url) = self.known.get(&person)?;
        (*known == version).then(|| url.clone())
    }

    fn add(&mut self, person: Principal, version: u64, url: Option<Rc<str>>) {
        if self.known.insert(person, (version, url)).is_none() {
            self.order.push_back(person);
        }
        if self.order.len() > MAX_IMAGES
            && let Some(first) = self.order.pop_front()
        {
            self.known.remove(&first);
        }
    }
}

/// Whose images this page has asked for and has no answer: each version once, however often it is shown.
#[derive(Debug, Default)]
pub struct AskedImages(BTreeMap<Principal, u64>);

impl AskedImages {
    /// Whether it is to be asked for now.
    pub fn ask(&mut self, person: Principal, version: u64) -> bool {
        let has_room = self.0.len() < MAX_ASKED || self.0.contains_key(&person);
        has_room && self.0.insert(person, version) != Some(version)
    }

    /// There is an answer, or none will come: who misses the image later asks anew.
    pub fn answered(&mut self, person: Principal) {
        self.0.remove(&person);
    }
}

impl Store {
    pub(super) fn image(&mut self, person: Principal, version: u64, image: Option<Image>) {
        let url = image.and_then(data_url);
        self.images.edit().add(person, version, url);
    }
}

/// The image as a URL; nothing unless it is of a kind that only shows something.
fn data_url(image: Image) -> Option<Rc<str>> {
    let kind = match image.content_type.as_str() {
        "image/png" => "png",
        "image/webp" => "webp",
        _ => return None,
    };
    let content = BASE64_STANDARD.encode(image.content);
    Some(format!("data:image/{kind};base64,{content}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plain_image_is_not_shown() {
        let image = |content_type: &str| Image {
            content_type: content_type.to_owned(),
            content: vec![1, 2, 3],
        };
        assert_eq!(data_url(image("image/svg+xml")), None);
        let url = data_url(image("image/png")).unwrap();
        assert_eq!(&*url, "data:image/png;base64,AQID");
    }

    #[test]
    fn each_version_is_asked_for_once_at_a_time() {
        let mut asked = AskedImages::default();
        let person = Principal::from_slice(&[1]);
        assert!(asked.ask(person, 1));
        assert!(!asked.ask(person, 1));
        assert!(asked.ask(person, 2));
        asked.answered(person);
        assert!(asked.ask(person, 2));
    }

    #[test]
    fn the_first_makes_room() {
        let mut images = Images::default();
        for n in 0..=MAX_IMAGES {
            images.add(Principal::from_slice(&n.to_be_bytes()), 1, None);
        }
        assert_eq!(images.known.len(), MAX_IMAGES);
        let last = Principal::from_slice(&MAX_IMAGES.to_be_bytes());
        assert_eq!(images.get(last, 1), Some(None));
        assert_eq!(images.get(last, 2), None);
    }
}
