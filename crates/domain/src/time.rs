//! Points in time, as milliseconds since the Unix epoch, UTC.

/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 3_600_000;

/// Milliseconds in a day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// The launch year of WhatsApp, 2009-01-01T00:00:00Z: no message is older.
const OLDEST_BELIEVABLE_MS: i64 = 1_230_768_000_000;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// A stamp in Unix seconds as Meta reports it, or `None` where it is absurd: before WhatsApp existed, or more
    /// than a day after `received`, the moment at which we got it.
    #[must_use]
    pub fn believable_seconds(seconds: i64, received: Self) -> Option<Self> {
        let millis = seconds.checked_mul(1000)?;
        (OLDEST_BELIEVABLE_MS..=received.0.saturating_add(DAY_MS)).contains(&millis).then_some(Self(millis))
    }

    /// The same moment, later by `millis` (earlier where negative), held at the ends of the range.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Whole seconds since the Unix epoch: as exact as WhatsApp's times are.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Whole days since the Unix epoch.
    #[must_use]
    pub const fn day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_stamps_are_not_believed() {
        let received = Timestamp::from_millis(1_794_000_000_000);
        assert_eq!(
            Timestamp::believable_seconds(1_793_999_000, received),
            Some(Timestamp(1_793_999_000_000))
        );
        for absurd in [-5, 0, 1_794_000_000_000, i64::MAX, 1_794_100_000] {
            assert_eq!(Timestamp::believable_seconds(absurd, received), None, "{absurd}");
        }
    }
}
