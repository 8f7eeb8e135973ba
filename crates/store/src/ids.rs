//! Where ids come from: a seed and the time of what they name.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use waypost_domain::Timestamp;

/// Draws the parts of ids in strictly rising order, from a seed; the same seed and times give the same ids.
#[derive(Debug)]
pub struct IdSource {
    random: StdRng,
    last: (Timestamp, u128),
}

/// An id has 80 random bits; the topmost stays free at each draw, so that counting on within a millisecond cannot
/// overflow.
const DRAWN_BITS: u32 = 79;

impl IdSource {
    /// A source whose ids follow from `seed`.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self { random: StdRng::from_seed(seed), last: (Timestamp::from_millis(0), 0) }
    }

    /// The parts of the next id, for something that happened at `at`: later than every one before, even where the
    /// clock went back.
    pub fn next_parts(&mut self, at: Timestamp) -> (Timestamp, u128) {
        let (last_at, last_bits) = self.last;
        self.last = if at > last_at {
            (at, self.random_bits() & ((1 << DRAWN_BITS) - 1))
        } else {
            (last_at, last_bits + 1)
        };
        self.last
    }

    /// 64 random bits.
    pub fn random_u64(&mut self) -> u64 {
        self.random.next_u64()
    }

    /// 32 random bytes, fit for a key.
    pub fn random_key(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        self.random.fill_bytes(&mut key);
        key
    }

    fn random_bits(&mut self) -> u128 {
        (u128::from(self.random_u64()) << 64) | u128::from(self.random_u64())
    }
}

#[cfg(test)]
mod tests {
    use waypost_domain::MessageId;

    use super::*;

    #[test]
    fn ids_rise_within_a_millisecond_and_when_the_clock_goes_back() {
        let mut ids = IdSource::new([7; 32]);
        let mut previous = None;
        for millis in [5, 5, 5, 4, 6, 1] {
            let (at, bits) = ids.next_parts(Timestamp::from_millis(millis));
            let id = MessageId::from_parts(at, bits);
            assert!(Some(id) > previous);
            previous = Some(id);
        }
    }
}
