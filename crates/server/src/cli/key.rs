//! `waypost key` and its arguments.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use waypost_domain::time::{DAY_MS, HOUR_MS};
use waypost_domain::{KeyScope, PhoneNumberId, Timestamp};

/// What to do with API keys.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum KeyCommand {
    /// Makes a key and prints it, this once: only its hash is kept.
    Create(CreateKey),
    /// Lists the keys: id, when made, scopes, numbers, when it expires, name. Not the keys themselves.
    List,
    /// Revokes a key for ever: requests and new connections are refused at once, and clients are disconnected within a second.
    Revoke {
        /// As `waypost key list` shows it.
        id: String,
    },
}

/// The key to make.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(crate) struct CreateKey {
    /// Who or what it is for, to tell keys apart.
    pub(crate) name: String,
    /// What it is good for; may be repeated.
    #[arg(long = "scope", required = true, value_name = SCOPES, value_parser = scope_words())]
    pub(crate) scopes: Vec<KeyScope>,
    /// A business number that it is good for, as phone number id; may be repeated. Without this it is good for all.
    #[arg(long = "number", value_name = "PHONE_NUMBER_ID", value_parser = phone_number_id)]
    pub(crate) numbers: Vec<PhoneNumberId>,
    /// When it expires: after days or hours, such as 90d or 12h, or as a day begins (UTC), such as 2027-01-31. Without
    /// this it never does.
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
    pub(crate) expires: Option<Expiry>,
}

/// All scopes, so that whoever gave none is told what there is.
const SCOPES: &str = "read|send|manage|monitor|metrics|admin";

fn scope_words() -> impl TypedValueParser<Value = KeyScope> {
    let value = |scope: KeyScope| {
        PossibleValue::new(scope.as_str()).help(match scope {
            KeyScope::Read => "see customers, conversations and messages, live and by REST",
            KeyScope::Send => "write to customers",
            KeyScope::Manage => "say who answers a conversation and who customers are, merge, clear",
            KeyScope::Monitor => "see who connects and leaves",
            KeyScope::Metrics => "read /metrics",
            KeyScope::Admin => "everything",
        })
    };
    PossibleValuesParser::new(KeyScope::ALL.map(value))
        .try_map(|word| KeyScope::parse(&word).ok_or("there is no such scope"))
}

fn phone_number_id(text: &str) -> Result<PhoneNumberId, String> {
    PhoneNumberId::parse(text).ok_or_else(|| "this is no phone number id".to_owned())
}

/// When a key expires, as the command line says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// So many milliseconds after it was made.
    After(i64),
    /// At this moment.
    At(Timestamp),
}

/// The longest time that a key is made for, where its days or hours are counted.
const DAYS_MAX: i64 = 36_500;

impl Expiry {
    fn parse(text: &str) -> Result<Self, String> {
        let after = |count: &str, unit: i64| {
            let count: i64 = count.parse().ok()?;
            let millis = count.checked_mul(unit)?;
            (1..=DAYS_MAX * DAY_MS).contains(&millis).then_some(Self::After(millis))
        };
        let known = if let Some(days) = text.strip_suffix('d') {
            after(days, DAY_MS)
        } else if let Some(hours) = text.strip_suffix('h') {
            after(hours, HOUR_MS)
        } else {
            beginning(text).map(Self::At)
        };
        known.ok_or_else(|| {
            format!("days such as 90d or hours such as 12h, up to {DAYS_MAX}d, or a day such as 2027-01-31")
        })
    }

    /// The moment, for a key that is made now.
    pub(crate) const fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::After(millis) => now.plus_millis(millis),
            Self::At(moment) => moment,
        }
    }
}

/// The beginning of a day, UTC.
fn beginning(day: &str) -> Option<Timestamp> {
    // A day may also be written with a time behind it, which would be dropped.
    let date: Date = (day.len() == "2027-01-31".len()).then(|| day.parse().ok())??;
    let start = date.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(start.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_expires_after_a_time_or_as_a_day_begins() {
        for (text, expiry) in [
            ("90d", Some(Expiry::After(90 * DAY_MS))),
            ("12h", Some(Expiry::After(12 * HOUR_MS))),
            ("36500d", Some(Expiry::After(DAYS_MAX * DAY_MS))),
            ("2027-01-31", Some(Expiry::At(Timestamp::from_millis(1_801_353_600_000)))),
            ("0d", None),
            ("-1d", None),
            ("36501d", None),
            ("9223372036854775807h", None),
            ("d", None),
            ("90", None),
            ("", None),
            ("2027-02-30", None),
            ("20270131", None),
            ("2027-01-31T12:00Z", None),
        ] {
            assert_eq!(Expiry::parse(text).ok(), expiry, "{text}");
        }
        let now = Timestamp::from_millis(5);
        assert_eq!(Expiry::After(2).from(now), Timestamp::from_millis(7));
        assert_eq!(Expiry::At(Timestamp::from_millis(2)).from(now), Timestamp::from_millis(2));
    }

    #[test]
    fn whoever_names_no_scope_is_told_them_all() {
        let words = KeyScope::ALL.map(KeyScope::as_str);
        assert_eq!(SCOPES.split('|').collect::<Vec<_>>(), words);
    }
}
