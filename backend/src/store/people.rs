//! Everyone who has a profile.

use candid::Principal;
use chat_api::{Look, Time};
use ic_stable_structures::Memory;
use serde::{Deserialize, Serialize};

use super::{FIRST, Folded, Record, Records, Set, codec::ReadError, look};

/// Somebody with a profile.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PersonRecord {
    pub name: String,
    pub guest: bool,
    pub color: u8,
    /// When the image was set, if there is one.
    pub image: Option<Time>,
    /// When their last connection ended.
    pub last_seen: Time,
    /// How many rooms they have ever made.
    pub rooms_made: u32,
    /// How many groups they are a member of.
    pub groups: u32,
    /// How many conversations they have.
    pub conversations: u32,
    /// How many of these they have started.
    pub conversations_started: u32,
    /// What the name looks like.
    pub look: Look,
}

impl Record for PersonRecord {
    const VERSION: u8 = 2;

    fn former(version: u8, bytes: &[u8]) -> Result<Self, ReadError> {
        match version {
            1 => {
                // That version ends before the look.
                let bytes = postcard::to_extend(&Look::default(), bytes.to_vec())?;
                let person: Self = postcard::from_bytes(&bytes)?;
                Ok(Self {
                    look: look(&person.name),
                    ..person
                })
            }
            other => Err(ReadError::Version(other)),
        }
    }
}

/// Somebody's image.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageRecord {
    pub content_type: String,
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
}

impl Record for ImageRecord {}

pub(crate) struct People<M: Memory> {
    people: Records<Principal, PersonRecord, M>,
    names: Set<(Folded, Principal), M>,
    images: Records<Principal, ImageRecord, M>,
}

impl<M: Memory> People<M> {
    pub fn open(people: M, names: M, images: M) -> Self {
        Self {
            people: Records::open(people),
            names: Set::init(names),
            images: Records::open(images),
        }
    }

    pub fn len(&self) -> u64 {
        self.people.len()
    }

    pub fn contains(&self, person: Principal) -> bool {
        self.people.contains(&person)
    }

    pub fn get(&self, person: Principal) -> Option<PersonRecord> {
        self.people.get(&person)
    }

    pub fn set(&mut self, person: Principal, record: &PersonRecord) {
        let name = Folded::new(&record.name);
        let former = self.people.replace(person, record);
        let former = former.map(|former| Folded::new(&former.name));
        if former.as_ref() != Some(&name) {
            if let Some(former) = former {
                self.names.remove(&(former, person));
            }
            self.names.insert((name, person), ());
        }
    }

    /// Changes the record of somebody who has one.
    pub fn update(&mut self, person: Principal, change: impl FnOnce(&mut PersonRecord)) {
        if let Some(mut record) = self.get(person) {
            change(&mut record);
            self.people.set(person, &record);
        }
    }

    /// Those whose names begin so, ordered by name.
    pub fn named(&self, prefix: Folded) -> impl Iterator<Item = Principal> {
        let start = (prefix.clone(), FIRST);
        self.names
            .keys_range(start..)
            .take_while(move |(name, _)| name.starts_with(&prefix))
            .map(|(_, person)| person)
    }

    pub fn image(&self, person: Principal) -> Option<ImageRecord> {
        self.images.get(&person)
    }

    /// Returns the one that was there.
    pub fn set_image(
        &mut self,
        person: Principal,
        image: Option<&ImageRecord>,
    ) -> Option<ImageRecord> {
        match image {
            Some(image) => self.images.replace(person, image),
            None => self.images.remove(&person),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_of_the_former_version_can_be_read() {
        let former = (
            "Ada",
            true,
            7_u8,
            Some(300_u64),
            8_u64,
            1_u32,
            2_u32,
            3_u32,
            4_u32,
        );
        let bytes = postcard::to_extend(&former, Vec::new()).unwrap();
        let read = PersonRecord {
            name: "Ada".to_owned(),
            guest: true,
            color: 7,
            image: Some(300),
            last_seen: 8,
            rooms_made: 1,
            groups: 2,
            conversations: 3,
            conversations_started: 4,
            look: look("Ada"),
        };
        assert_eq!(PersonRecord::read(1, &bytes).unwrap(), read);
    }
}
