//! Who is who, as far as this page has met them: under which name, with which image, and whether they are here.

use std::collections::{BTreeMap, VecDeque};

use candid::Principal;
use chat_api::{Person, Presence};

use crate::words;

/// How many people the page remembers; then who was met first is forgotten.
const MAX_PEOPLE: usize = 5_000;

/// The people that the page has met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    met: BTreeMap<Principal, Acquaintance>,
    order: VecDeque<Principal>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Acquaintance {
    person: Person,
    presence: Option<Presence>,
}

impl People {
    /// Somebody, if the page has met them.
    pub fn get(&self, id: Principal) -> Option<&Person> {
        self.met.get(&id).map(|met| &met.person)
    }

    /// What to call somebody, met or not.
    pub fn name(&self, id: Principal) -> String {
        words::name(self.get(id), id)
    }

    /// Whether somebody is here, as far as it is known.
    pub fn presence(&self, id: Principal) -> Option<Presence> {
        self.met.get(&id).and_then(|met| met.presence)
    }

    /// Meets somebody, or sees them as they are now.
    pub fn meet(&mut self, person: &Person) {
        match self.met.get_mut(&person.id) {
            Some(met) => met.person = person.clone(),
            None => {
                if self.met.len() >= MAX_PEOPLE
                    && let Some(first) = self.order.pop_front()
                {
                    self.met.remove(&first);
                }
                self.order.push_back(person.id);
                let met = Acquaintance {
                    person: person.clone(),
                    presence: None,
                };
                self.met.insert(person.id, met);
            }
        }
    }

    /// Whether meeting them changes nothing.
    pub fn knows(&self, person: &Person) -> bool {
        self.get(person.id) == Some(person)
    }

    /// Sees somebody come or go.
    pub fn see(&mut self, id: Principal, presence: Presence) {
        if let Some(met) = self.met.get_mut(&id) {
            met.presence = Some(presence);
        }
    }

    /// Nobody is known to be here: the connection that told is lost.
    pub fn lose_sight(&mut self) {
        for met in self.met.values_mut() {
            met.presence = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use chat_api::Look;

    use super::*;

    #[test]
    fn who_was_met_first_is_forgotten_first() {
        let mut people = People::default();
        let id = |n: usize| Principal::from_slice(&(n as u32).to_be_bytes());
        for n in 0..=MAX_PEOPLE {
            people.meet(&Person {
                id: id(n),
                name: n.to_string(),
                look: Look::default(),
                guest: false,
                color: 0,
                image: None,
            });
        }
        assert_eq!(people.get(id(0)), None);
        assert_eq!(people.name(id(MAX_PEOPLE)), MAX_PEOPLE.to_string());
        assert_eq!(people.met.len(), people.order.len());
    }
}
