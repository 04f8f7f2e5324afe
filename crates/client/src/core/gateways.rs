//! Which gateway has its turn.

/// The gateways of the list, by index. Those that misbehaved come last for a while.
#[derive(Debug)]
pub(super) struct Gateways {
    current: usize,
    /// Until when each one is penalised.
    penalised_until: Vec<u64>,
}

impl Gateways {
    pub fn new(count: usize) -> Self {
        Self {
            current: 0,
            penalised_until: vec![0; count],
        }
    }

    pub fn current(&self) -> usize {
        self.current
    }

    pub fn penalise_current(&mut self, until: u64) {
        if let Some(penalised_until) = self.penalised_until.get_mut(self.current) {
            *penalised_until = until;
        }
    }

    /// Turns to the next one that is not penalised at `now`; to the one whose penalty ends first, if all are.
    pub fn advance(&mut self, now: u64) {
        let count = self.penalised_until.len();
        let in_turn = (1..=count).map(|step| (self.current + step) % count);
        let next = in_turn.min_by_key(|index| {
            let until = self.penalised_until.get(*index).copied();
            until.filter(|until| *until > now).unwrap_or_default()
        });
        self.current = next.unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(gateways: &mut Gateways, now: u64, count: usize) -> Vec<usize> {
        let turn = |_| {
            gateways.advance(now);
            gateways.current()
        };
        (0..count).map(turn).collect()
    }

    #[test]
    fn each_has_its_turn() {
        let mut gateways = Gateways::new(3);
        assert_eq!(gateways.current(), 0);
        assert_eq!(turns(&mut gateways, 1, 4), [1, 2, 0, 1]);
    }

    #[test]
    fn the_only_one_is_always_next() {
        let mut gateways = Gateways::new(1);
        gateways.penalise_current(100);
        assert_eq!(turns(&mut gateways, 1, 2), [0, 0]);
    }

    #[test]
    fn a_penalised_one_is_left_out_for_a_while() {
        let mut gateways = Gateways::new(3);
        gateways.penalise_current(100);
        assert_eq!(turns(&mut gateways, 99, 4), [1, 2, 1, 2]);
        assert_eq!(turns(&mut gateways, 100, 2), [0, 1]);
    }

    #[test]
    fn where_all_are_penalised_the_first_one_to_be_forgiven_is_next() {
        let mut gateways = Gateways::new(3);
        for until in [300, 100, 200] {
            gateways.penalise_current(until);
            gateways.advance(1);
        }
        assert_eq!(gateways.current(), 1);
        assert_eq!(turns(&mut gateways, 99, 2), [1, 1]);
    }
}
