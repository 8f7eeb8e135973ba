//! Quantiles of times, and the median and spread of runs.

use std::time::Duration;

/// Of a set of times, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quantiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Quantiles {
    /// Of at least one time.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let last = times.len().checked_sub(1).expect("something was timed");
        let at = |percent: usize| times[last * percent / 100].as_secs_f64() * 1e3;
        Self { p50: at(50), p99: at(99), max: at(100) }
    }
}

/// The median; of an even number of values, the mean of the middle two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length.is_multiple_of(2) => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

/// The least and the greatest.
pub(crate) fn spread(values: &[f64]) -> (f64, f64) {
    let fold = |start: f64, choose: fn(f64, f64) -> f64| values.iter().copied().fold(start, choose);
    (fold(f64::INFINITY, f64::min), fold(f64::NEG_INFINITY, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_times() {
        let times = (0..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(Quantiles::of(times), Quantiles { p50: 50.0, p99: 99.0, max: 100.0 });
    }

    #[test]
    fn the_middle_and_the_ends_of_runs() {
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[4.0, 2.0])), (2.0, 3.0));
        assert_eq!(spread(&[3.0, 1.0, 2.0]), (1.0, 3.0));
    }
}
