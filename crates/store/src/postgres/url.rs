//! Where a PostgreSQL database is, and who logs in.

use std::fmt;
use std::str::FromStr;

use tokio_postgres::Config;

/// The address of a database, `postgres://user:password@host:port/database`. It may hold a password: `Debug` and
/// `Display` hide who logs in.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

/// What was given is no address of a PostgreSQL database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address such as postgres://user:password@host:5432/database")]
pub struct PostgresUrlError;

impl PostgresUrl {
    /// The settings of a connection.
    pub(super) fn config(&self) -> Config {
        self.0.parse().expect("it was parsed when it was made")
    }
}

impl FromStr for PostgresUrl {
    type Err = PostgresUrlError;

    fn from_str(text: &str) -> Result<Self, PostgresUrlError> {
        let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
        let is_known = text.parse::<Config>().is_ok();
        (is_url && is_known).then(|| Self(text.to_owned())).ok_or(PostgresUrlError)
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or_default();
        // What follows a question mark may be a password too.
        let rest = rest.split_once('?').map_or(rest, |(place, _)| place);
        match rest.rsplit_once('@') {
            Some((_, place)) => write!(formatter, "{scheme}://[hidden]@{place}"),
            None => write!(formatter, "{scheme}://{rest}"),
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_logs_in_is_never_shown() {
        for (url, shown) in [
            ("postgres://waypost:hunter2@db.example:5433/desk", "postgres://[hidden]@db.example:5433/desk"),
            ("postgresql://db.example/desk?password=hunter2", "postgresql://db.example/desk"),
            ("postgres://%2Frun%2Fpostgresql/desk", "postgres://%2Frun%2Fpostgresql/desk"),
        ] {
            let url: PostgresUrl = url.parse().unwrap();
            assert_eq!((url.to_string(), format!("{url:?}")), (shown.to_owned(), shown.to_owned()));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "sqlite", "host=db.example", "mysql://db.example", "postgres://db.example:port/x"] {
            assert_eq!(text.parse::<PostgresUrl>(), Err(PostgresUrlError), "{text}");
        }
    }
}
