//! Where a PostgreSQL database is, who logs in, and how far the connection is to be protected.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, SslMode};

/// The address of a database, `postgres://user:password@host:port/database`, with settings of the connection after a
/// question mark. It may hold a password: `Debug` and `Display` show neither who logs in nor the settings.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    /// It is large, and errors carry addresses.
    config: Box<Config>,
    protection: Protection,
    shown: String,
}

/// What was given is no address that can be used. No variant holds a value, which may be a password.
#[derive(Debug, thiserror::Error)]
pub enum PostgresUrlError {
    /// It is no address at all.
    #[error("it is not an address such as postgres://user:password@host:5432/database")]
    NoAddress,
    /// A setting of it is unknown or has an impossible value.
    #[error("it cannot be used")]
    Setting(#[source] tokio_postgres::Error),
    /// What it says of TLS cannot be kept.
    #[error("{0}")]
    Protection(&'static str),
}

/// How a connection is protected: libpq's `sslmode` and `sslrootcert`, without what would be weaker than it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Protection {
    /// Not at all.
    Off,
    /// From whoever only listens, and only if the server can. Libpq's default, and ours.
    Preferred,
    /// From whoever only listens.
    Encrypted,
    /// The server has a certificate that one of the roots in this file has signed, whatever its name.
    Signed(PathBuf),
    /// The certificate is for the host's name, too.
    Named(Roots),
}

/// Which roots are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// Those that the operating system trusts.
    System,
    /// Those in a file, in PEM.
    File(PathBuf),
}

impl PostgresUrl {
    /// The settings of a connection.
    pub(super) fn config(&self) -> Config {
        Config::clone(&self.config)
    }

    /// How it is protected.
    pub(super) fn protection(&self) -> &Protection {
        &self.protection
    }
}

impl FromStr for PostgresUrl {
    type Err = PostgresUrlError;

    fn from_str(text: &str) -> Result<Self, PostgresUrlError> {
        let Parts { scheme, login, place, settings } = Parts::of(text).ok_or(PostgresUrlError::NoAddress)?;
        let (mut mode, mut roots) = (None, None);
        // `tokio-postgres` knows only some of the modes, and nothing of roots.
        let others: Vec<&str> = settings
            .split('&')
            .filter(|setting| {
                let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
                match name {
                    "sslmode" => mode = Some(value),
                    "sslrootcert" => roots = Some(value),
                    _ => return !setting.is_empty(),
                }
                false
            })
            .collect();
        let protection = protection(mode, roots)?;
        let login = login.map(|login| format!("{login}@")).unwrap_or_default();
        let mut config: Config = format!("{scheme}://{login}{place}?{}", others.join("&"))
            .parse()
            .map_err(PostgresUrlError::Setting)?;
        if config.get_channel_binding() == ChannelBinding::Require {
            return Err(PostgresUrlError::Protection("channel_binding=require is not supported"));
        }
        let hidden = if login.is_empty() { "" } else { "[hidden]@" };
        // A password with an `@` that was not encoded ends later than it seems.
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        // Nor does what is no part of a name: settings that were meant to follow, perhaps.
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || "-._~%:/[],".contains(c);
        let place = place.split(|c| !is_of_name(c)).next().unwrap_or_default();
        let shown = format!("{scheme}://{hidden}{place}");
        let mode = match protection {
            Protection::Off => SslMode::Disable,
            Protection::Preferred => SslMode::Prefer,
            Protection::Encrypted | Protection::Signed(_) | Protection::Named(_) => SslMode::Require,
        };
        config.ssl_mode(mode);
        Ok(Self { config: Box::new(config), protection, shown })
    }
}

/// The parts of an address, as `tokio-postgres` finds them.
struct Parts<'a> {
    scheme: &'a str,
    login: Option<&'a str>,
    place: &'a str,
    settings: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        if !matches!(scheme, "postgres" | "postgresql") {
            return None;
        }
        let (login, rest) = match rest.split_once('@') {
            Some((login, rest)) => (Some(login), rest),
            None => (None, rest),
        };
        let (place, settings) = rest.split_once('?').unwrap_or((rest, ""));
        Some(Self { scheme, login, place, settings })
    }
}

/// What libpq's two settings ask for, or why that cannot be kept.
fn protection(mode: Option<&str>, roots: Option<&str>) -> Result<Protection, PostgresUrlError> {
    let refuse = |why| Err(PostgresUrlError::Protection(why));
    let roots = match roots {
        None => None,
        Some("") => return refuse("sslrootcert= has to name a file, or be `system`"),
        Some("system") => Some(Roots::System),
        Some(file) => {
            let file: Cow<'_, str> = percent_decode_str(file)
                .decode_utf8()
                .map_err(|_| PostgresUrlError::Protection("sslrootcert= has to be UTF-8"))?;
            Some(Roots::File(PathBuf::from(&*file)))
        }
    };
    Ok(match (mode, roots) {
        (Some("disable"), None) => Protection::Off,
        (Some("prefer") | None, None) => Protection::Preferred,
        (Some("require"), None) => Protection::Encrypted,
        // As in libpq: a root would be no use otherwise.
        (Some("require" | "verify-ca"), Some(Roots::File(file))) => Protection::Signed(file),
        (Some("verify-full"), None) | (None, Some(Roots::System)) => Protection::Named(Roots::System),
        (Some("verify-full"), Some(roots)) => Protection::Named(roots),
        (Some("verify-ca"), None) => return refuse("sslmode=verify-ca needs sslrootcert=<file>"),
        (Some("require" | "verify-ca"), Some(Roots::System)) => {
            return refuse("sslrootcert=system needs sslmode=verify-full: its roots sign for everybody");
        }
        (Some("disable" | "prefer") | None, Some(_)) => {
            return refuse("sslrootcert= needs sslmode=require, verify-ca or verify-full");
        }
        (Some("allow"), _) => return refuse("sslmode=allow is not supported; prefer asks for TLS first"),
        (Some(_), _) => {
            return refuse("sslmode= has to be disable, prefer, require, verify-ca or verify-full");
        }
    })
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
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

    fn parse(text: &str) -> PostgresUrl {
        text.parse().unwrap()
    }

    #[test]
    fn who_logs_in_is_never_shown() {
        for (url, shown) in [
            ("postgres://waypost:hunter2@db.example:5433/desk", "postgres://[hidden]@db.example:5433/desk"),
            ("postgres://waypost:hunt?r2@db.example/desk", "postgres://[hidden]@db.example/desk"),
            ("postgres://waypost:hunt@r2@db.example/desk", "postgres://[hidden]@db.example/desk"),
            ("postgresql://db.example/desk?password=hunter2", "postgresql://db.example/desk"),
            ("postgres://%2Frun%2Fpostgresql/desk", "postgres://%2Frun%2Fpostgresql/desk"),
        ] {
            let url = parse(url);
            assert_eq!((url.to_string(), format!("{url:?}")), (shown.to_owned(), shown.to_owned()));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "sqlite", "host=db.example", "mysql://db.example"] {
            assert!(matches!(text.parse::<PostgresUrl>(), Err(PostgresUrlError::NoAddress)), "{text}");
        }
        for text in ["postgres://db.example:port/x", "postgres://db.example/x?sslcert=mine.pem"] {
            assert!(matches!(text.parse::<PostgresUrl>(), Err(PostgresUrlError::Setting(_))), "{text}");
        }
    }

    #[test]
    fn a_password_is_percent_decoded() {
        let url = parse("postgres://waypost:a%40b%3Fc%25@db.example/desk?sslmode=require");
        assert_eq!(url.config().get_password(), Some(b"a@b?c%".as_slice()));
        assert_eq!(url.config().get_user(), Some("waypost"));
    }

    #[test]
    fn modes_mean_what_libpq_means_by_them() {
        let file = || PathBuf::from("/etc/our roots.pem");
        for (settings, protection, mode) in [
            ("", Protection::Preferred, SslMode::Prefer),
            ("application_name=x", Protection::Preferred, SslMode::Prefer),
            ("sslmode=prefer", Protection::Preferred, SslMode::Prefer),
            ("sslmode=disable&application_name=x", Protection::Off, SslMode::Disable),
            ("sslmode=require", Protection::Encrypted, SslMode::Require),
            (
                "sslmode=require&sslrootcert=/etc/our%20roots.pem",
                Protection::Signed(file()),
                SslMode::Require,
            ),
            (
                "sslrootcert=/etc/our%20roots.pem&sslmode=verify-ca",
                Protection::Signed(file()),
                SslMode::Require,
            ),
            (
                "sslmode=verify-full&sslrootcert=%2Fetc%2Four%20roots.pem",
                Protection::Named(Roots::File(file())),
                SslMode::Require,
            ),
            ("sslmode=verify-full", Protection::Named(Roots::System), SslMode::Require),
            ("sslrootcert=system", Protection::Named(Roots::System), SslMode::Require),
        ] {
            let url = parse(&format!("postgres://db.example/desk?{settings}"));
            assert_eq!((url.protection(), url.config().get_ssl_mode()), (&protection, mode), "{settings}");
        }
    }

    #[test]
    fn what_would_be_weaker_than_it_looks_is_refused() {
        for settings in [
            "sslmode=allow",
            "sslmode=Require",
            "sslmode=",
            "sslmode=verify-ca",
            "sslmode=verify-ca&sslrootcert=system",
            "sslmode=require&sslrootcert=system",
            "sslmode=prefer&sslrootcert=roots.pem",
            "sslmode=disable&sslrootcert=roots.pem",
            "sslrootcert=roots.pem",
            "sslmode=verify-full&sslrootcert=",
            "channel_binding=require",
        ] {
            let refused = format!("postgres://db.example/desk?{settings}").parse::<PostgresUrl>();
            assert!(matches!(refused, Err(PostgresUrlError::Protection(_))), "{settings}: {refused:?}");
        }
    }
}
