//! Being somebody: profiles and images.

use chat_api::Passing;
use ic_stable_structures::Memory;

use super::{Delivery, Refusal, image, presence, text, turn::Turn};
use crate::store::{ImageRecord, PersonRecord, look};

impl<M: Memory> Turn<'_, M> {
    pub(super) fn set_profile(
        &mut self,
        name: &str,
        guest: bool,
        color: u8,
    ) -> Result<(), Refusal> {
        let name = text::name(name)?;
        let former = self.store.people.get(self.by);
        if former.is_none() && self.store.people.len() >= self.limits.people {
            return Err(Refusal::TooManyPeople);
        }
        let record = PersonRecord {
            look: look(&name),
            name,
            guest,
            color,
            ..former.clone().unwrap_or_default()
        };
        if former.as_ref() != Some(&record) {
            self.store.people.set(self.by, &record);
            self.show_profile();
        }
        Ok(())
    }

    pub(super) fn set_image(&mut self, image: Option<Vec<u8>>) -> Result<(), Refusal> {
        let image = match image {
            Some(content) => Some(ImageRecord {
                content_type: image::check(&content)?.to_owned(),
                content,
            }),
            None => None,
        };
        if image.is_some() {
            self.check_volume()?;
        }
        let version = image.is_some().then_some(self.now);
        let bytes = |image: &ImageRecord| image.content.len() as u64;
        let before = self.store.people.set_image(self.by, image.as_ref());
        let before = before.as_ref().map_or(0, bytes);
        let after = image.as_ref().map_or(0, bytes);
        self.store.volume.replace(before, after);
        self.store
            .people
            .update(self.by, |person| person.image = version);
        self.show_profile();
        Ok(())
    }

    fn show_profile(&mut self) {
        let mut to = presence::onlookers(self.store, self.by);
        to.extend(self.store.connections.of(self.by));
        let profile = self.view().person(self.by).map(Passing::Profile);
        self.deliver(profile.and_then(|profile| Delivery::passing(to, profile)));
    }
}
