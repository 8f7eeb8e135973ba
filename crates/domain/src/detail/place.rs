//! Places on the Earth.

use std::fmt;

use super::text::{Line, Link};

/// A place that somebody shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Where it is.
    pub point: Option<Point>,
    /// What it is called.
    pub name: Option<Line>,
    /// Its address.
    pub address: Option<Line>,
    /// Its page.
    pub url: Option<Link>,
}

/// A point on the Earth. `Debug` hides it: it may be somebody's home.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// North of the equator, from -90 to 90.
    pub latitude: Degrees,
    /// East of Greenwich, from -180 to 180.
    pub longitude: Degrees,
}

impl Point {
    /// The point that two decimal numbers name; `None` where either is none, or beyond its range.
    #[must_use]
    pub fn parse(latitude: &str, longitude: &str) -> Option<Self> {
        let (latitude, longitude) = (Degrees::parse(latitude, 90)?, Degrees::parse(longitude, 180)?);
        Some(Self { latitude, longitude })
    }
}

impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Point(hidden)")
    }
}

/// An angle in ten-millionths of a degree, which is a centimetre on the ground: a whole number, so that what is stored
/// and compared is exact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Degrees(i32);

const UNITS_PER_DEGREE: i32 = 10_000_000;

impl Degrees {
    /// In ten-millionths of a degree.
    #[must_use]
    pub const fn units(self) -> i32 {
        self.0
    }

    fn parse(text: &str, degrees_max: i32) -> Option<Self> {
        let degrees: f64 = text.trim().parse().ok()?;
        if !(-f64::from(degrees_max)..=f64::from(degrees_max)).contains(&degrees) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 180 degrees, which fit")]
        let units = (degrees * f64::from(UNITS_PER_DEGREE)).round() as i32;
        Some(Self(units))
    }
}

/// As a decimal number, without zeros at its end.
impl fmt::Display for Degrees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.0) / f64::from(UNITS_PER_DEGREE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_two_numbers_within_their_ranges() {
        for (latitude, longitude, expected) in [
            ("50.087465", "14.421254", Some("50.087465 14.421254")),
            ("-33.8567844", "151.2152967", Some("-33.8567844 151.2152967")),
            ("90", "-180", Some("90 -180")),
            ("0.00000004", "1e2", Some("0 100")),
            ("90.1", "0", None),
            ("0", "180.00001", None),
            ("NaN", "0", None),
            ("inf", "0", None),
            ("50°", "0", None),
            ("", "0", None),
        ] {
            let point = Point::parse(latitude, longitude);
            let found = point.map(|point| format!("{} {}", point.latitude, point.longitude));
            assert_eq!(found.as_deref(), expected, "{latitude} {longitude}");
        }
    }
}
