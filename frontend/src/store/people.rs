//! Who is who, as far as this page has met them: under which name, with which image, and whether they are here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use candid::Principal;
use chat_api::{Look, Person, Presence};

use crate::words;

/// How many people the page remembers; then who was met first is forgotten.
const MAX_PEOPLE: usize = 5_000;

/// The people that the page has met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    met: BTreeMap<Principal, Acquaintance>,
    order: VecDeque<Principal>,
    /// Who has a name that looks like this.
    looks: BTreeSet<(Half, Principal)>,
}

/// Half of what a name looks like, and which of the two.
type Half = (u64, bool);

/// Before everybody else.
const FIRST: Principal = Principal::management_canister();

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
        let person = self.get(id);
        person.map_or_else(|| words::short_id(id), |person| person.name.clone())
    }

    /// Whether somebody is here, as far as it is known.
    pub fn presence(&self, id: Principal) -> Option<Presence> {
        self.met.get(&id).and_then(|met| met.presence)
    }

    /// Meets somebody, or sees them as they are now.
    pub fn meet(&mut self, person: &Person) {
        match self.met.get_mut(&person.id) {
            Some(met) => {
                let former = std::mem::replace(&mut met.person, person.clone());
                self.forget_look(&former);
            }
            None => {
                if self.met.len() >= MAX_PEOPLE
                    && let Some(first) = self.order.pop_front()
                    && let Some(forgotten) = self.met.remove(&first)
                {
                    self.forget_look(&forgotten.person);
                }
                self.order.push_back(person.id);
                let met = Acquaintance {
                    person: person.clone(),
                    presence: None,
                };
                self.met.insert(person.id, met);
            }
        }
        let looks = halves(person.look).map(|half| (half, person.id));
        self.looks.extend(looks);
    }

    fn forget_look(&mut self, person: &Person) {
        for half in halves(person.look) {
            self.looks.remove(&(half, person.id));
        }
    }

    /// Whether somebody else is called like this person, or so that it looks the same: of those the page has met, and of
    /// those `beside` this one.
    pub fn has_namesake(&self, person: &Person, beside: &[Person]) -> bool {
        let is_met = halves(person.look).into_iter().any(|half| {
            let looks = self.looks.range((half, FIRST)..);
            let mut like = looks.take_while(|(other, _)| *other == half);
            like.any(|(_, id)| *id != person.id)
        });
        let is_one = |other: &Person| other.id != person.id && other.look.is_like(&person.look);
        is_met || beside.iter().any(is_one)
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

fn halves(Look { small, written }: Look) -> [Half; 2] {
    [(small, false), (written, true)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(n: usize, small: u64, written: u64) -> Person {
        Person {
            id: Principal::from_slice(&(n as u32).to_be_bytes()),
            name: n.to_string(),
            look: Look { small, written },
            guest: false,
            color: 0,
            image: None,
        }
    }

    #[test]
    fn who_is_called_like_somebody_else_is_known_until_one_of_them_is_renamed() {
        let (alice, small, written) = (person(1, 10, 11), person(2, 10, 0), person(3, 0, 11));
        let mut people = People::default();
        people.meet(&alice);
        people.meet(&alice);
        assert!(!people.has_namesake(&alice, &[]));
        assert!(people.has_namesake(&alice, std::slice::from_ref(&written)));
        people.meet(&small);
        assert!(people.has_namesake(&alice, &[]) && people.has_namesake(&small, &[]));
        // Those who were not met are compared with those who were.
        assert!(people.has_namesake(&written, &[]));
        // The halves are not compared with each other.
        assert!(!people.has_namesake(&person(4, 11, 10), &[]));
        people.meet(&person(2, 20, 21));
        assert!(!people.has_namesake(&alice, &[]));
    }

    #[test]
    fn who_was_met_first_is_forgotten_first() {
        let mut people = People::default();
        let one = |n: usize| person(n, n as u64, n as u64);
        for n in 0..=MAX_PEOPLE {
            people.meet(&one(n));
        }
        assert_eq!(people.get(one(0).id), None);
        assert_eq!(people.name(one(MAX_PEOPLE).id), MAX_PEOPLE.to_string());
        assert_eq!(people.met.len(), people.order.len());
        assert_eq!(people.met.len() * 2, people.looks.len());
    }
}
