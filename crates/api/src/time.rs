//! Times as they travel: ISO 8601 with milliseconds, UTC.

use jiff::fmt::temporal::DateTimePrinter;
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use waypost_domain::Timestamp;

/// A time that is written as `2026-11-06T21:20:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IsoTime(pub Timestamp);

static PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

impl Serialize for IsoTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Every time that got this far was believable; what is outside of jiff's years is held at their ends.
        let time = jiff::Timestamp::from_millisecond(self.0.as_millis()).unwrap_or(jiff::Timestamp::MAX);
        serializer.serialize_str(&PRINTER.timestamp_to_string(&time))
    }
}

impl PartialSchema for IsoTime {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl ToSchema for IsoTime {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_always_written() {
        for (millis, text) in
            [(1_794_000_000_000, "\"2026-11-06T21:20:00.000Z\""), (1, "\"1970-01-01T00:00:00.001Z\"")]
        {
            assert_eq!(serde_json::to_string(&IsoTime(Timestamp::from_millis(millis))).unwrap(), text);
        }
    }
}
