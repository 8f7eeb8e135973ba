//! Numbers with a unit and bounds, both in the type.

use std::time::Duration;

use super::setting::{Raw, Setting, Shape, Shown, Wrong};

fn number(raw: &Raw) -> Result<u64, Wrong> {
    raw.text()?.replace('_', "").parse().map_err(|_| Wrong::whole())
}

fn shown(number: u64) -> Shown {
    i64::try_from(number)
        .map_or_else(|_| Shown::text(number.to_string()), |number| Shown::Value(toml::Value::Integer(number)))
}

/// Declares a whole number of something from `MIN` to `MAX`.
macro_rules! unit {
    (
        $(#[$about:meta])*
        $unit:ident, $things:literal, $(#[$doc:meta])* $reading:ident: $read:ty = $convert:expr;
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) struct $unit<const MIN: u64, const MAX: u64>(u64);

        impl<const MIN: u64, const MAX: u64> $unit<MIN, MAX> {
            $(#[$doc])*
            pub(crate) fn $reading(self) -> $read {
                $convert(self.0)
            }
        }

        impl<const MIN: u64, const MAX: u64> Setting for $unit<MIN, MAX> {
            const SHAPE: Shape = Shape::Number;

            fn allowed() -> String {
                format!(concat!("a whole number", $things, " from {} to {}"), MIN, MAX)
            }

            fn parse(raw: &Raw) -> Result<Self, Wrong> {
                let number = number(raw)?;
                if (MIN..=MAX).contains(&number) { Ok(Self(number)) } else { Err(Wrong::whole()) }
            }

            fn shown(&self) -> Shown {
                shown(self.0)
            }
        }
    };
}

unit! {
    /// A wait, in seconds.
    Seconds, " of seconds",
    /// As tokio takes it.
    duration: Duration = Duration::from_secs;
}

unit! {
    /// A wait, in milliseconds.
    Milliseconds, " of milliseconds",
    /// As tokio takes it.
    duration: Duration = Duration::from_millis;
}

unit! {
    /// How long something is kept, in hours.
    Hours, " of hours",
    /// As the store takes it.
    duration: Duration = |hours| Duration::from_secs(hours * 60 * 60);
}

unit! {
    /// How long something is kept, in days.
    Days, " of days",
    /// As the store takes it.
    duration: Duration = |days| Duration::from_secs(days * 24 * 60 * 60);
}

unit! {
    /// A size in memory or on disk.
    Bytes, " of bytes",
    /// The number alone.
    value: usize = saturating;
}

unit! {
    /// How many of something.
    Count, "",
    /// The number alone.
    value: usize = saturating;
}

unit! {
    /// How long something is kept, in minutes.
    Minutes, " of minutes",
    /// As the clock takes it.
    duration: Duration = |minutes| Duration::from_secs(minutes * 60);
}

/// A bound, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OrOff<T>(Option<T>);

/// How one writes that there is no bound.
const OFF: &str = "off";

impl<const MIN: u64, const MAX: u64> OrOff<Count<MIN, MAX>> {
    /// The number alone; `None` for no bound.
    pub(crate) fn value(self) -> Option<usize> {
        self.0.map(Count::value)
    }
}

impl<T: Setting> Setting for OrOff<T> {
    const SHAPE: Shape = T::SHAPE;

    fn allowed() -> String {
        format!("{}, or `{OFF}`", T::allowed())
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        if raw.text()? == OFF { Ok(Self(None)) } else { T::parse(raw).map(|bound| Self(Some(bound))) }
    }

    fn shown(&self) -> Shown {
        self.0.as_ref().map_or_else(|| Shown::text(OFF), T::shown)
    }
}

/// A bound beyond what the machine can address is no bound that it could reach.
fn saturating(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
