//! Chance, from a seed.

use std::time::Duration;

/// A stream of random numbers: SplitMix64. Not `rand`'s `StdRng`, whose stream may change with its version: the
/// seed in a bug report has to tell the same story next year.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The stream of `seed`.
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for the `ordinal`-th of something, independent of how far this one has been read.
    pub(crate) const fn apart(seed: u64, ordinal: u64) -> Self {
        Self(mix(seed ^ mix(ordinal.wrapping_add(GOLDEN))))
    }

    /// The next 64 bits.
    pub(crate) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// At least 0, less than 1.
    pub(crate) fn unit(&mut self) -> f64 {
        // 53 bits are what a double holds exactly.
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True in `probability` of the cases.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Less than `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.bits() % end as u64).expect("a remainder is less than `end`, a usize")
    }

    /// One of `items`, of which there is at least one.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// A duration between two numbers of milliseconds.
    pub(crate) fn millis(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(range.start + self.bits() % (range.end - range.start))
    }

    /// The time to the next of events that come at random, `rate_per_s` of them a second on average. At most four
    /// times the average, so that a demo is never silent for long.
    pub(crate) fn gap(&mut self, rate_per_s: f64) -> Duration {
        let gap = -(1.0 - self.unit()).ln();
        Duration::from_secs_f64(gap.min(GAP_MAX) / GAP_MEAN / rate_per_s)
    }
}

/// The longest gap, before it is scaled.
const GAP_MAX: f64 = 4.0;
/// The mean of an exponential distribution that is cut there: 1 - e^-4.
const GAP_MEAN: f64 = 0.981_684_361;

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of SplitMix64: a bijection, so different inputs give different outputs.
pub(crate) const fn mix(input: u64) -> u64 {
    let z = (input ^ (input >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_seed_is_splitmix64() {
        // The first numbers of the reference implementation for seed 0.
        let mut dice = Dice::seeded(0);
        assert_eq!((dice.bits(), dice.bits()), (0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4));
    }

    #[test]
    fn chances_are_kept() {
        let mut dice = Dice::seeded(7);
        let hits = (0..10_000).filter(|_| dice.chance(0.25)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!(!dice.chance(0.0) && dice.chance(1.0));
    }

    #[test]
    fn gaps_average_to_the_rate() {
        let mut dice = Dice::seeded(7);
        let total: Duration = (0..10_000).map(|_| dice.gap(1000.0)).sum();
        assert!((9.7..10.3).contains(&total.as_secs_f64()), "{total:?}");
    }
}
