//! A schema for one test.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::{Database, server};
use crate::webhook::unix_seconds;

/// What the names of all begin with; then comes the time, in Unix seconds.
const PREFIX: &str = "waypost_test_";

/// How old one is that a run left behind: no run takes so long.
const LEFT_BEHIND_SECONDS: i64 = 3_600;

/// An empty schema on the server that tests share. It is dropped at the end, unless the test fails: then a person may look
/// at it for an hour.
pub struct Schema {
    name: String,
    database: Database,
}

impl Schema {
    /// A new one; `None` where there is no server, which has been said.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    #[must_use]
    #[track_caller]
    pub fn new() -> Option<Self> {
        static SCHEMAS: AtomicU64 = AtomicU64::new(0);
        static CLEANED: Once = Once::new();
        let server = server::url()?;
        CLEANED.call_once(|| drop_left_behind(&Database::at(server)));
        let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}_{}_{number}", unix_seconds(), std::process::id());
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-csearch_path%3D{name}&application_name={name}");
        let database = Database::at(&url);
        database.execute(&format!("CREATE SCHEMA {name}"));
        Some(Self { name, database })
    }

    /// Its name, which is also the `application_name` of whoever connects to its address.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The database, with this schema as the only one that is looked into.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Where to connect.
    #[must_use]
    pub fn url(&self) -> &str {
        self.database.url()
    }

    /// Ends all connections to its address.
    ///
    /// # Panics
    ///
    /// When the server is not there.
    #[track_caller]
    pub fn cut_connections(&self) {
        self.database.execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = '{}' AND pid <> pg_backend_pid()",
            self.name
        ));
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.database.execute(&format!("DROP SCHEMA {} CASCADE", self.name));
        }
    }
}

fn drop_left_behind(database: &Database) {
    let old = unix_seconds() - LEFT_BEHIND_SECONDS;
    let named = database.rows(&format!("SELECT nspname FROM pg_namespace WHERE nspname LIKE '{PREFIX}%'"));
    for name in named.into_iter().flatten().flatten() {
        let is_old = made_at(&name).is_none_or(|made| made < old);
        // Another run may be at it at the same time: who comes second finds nothing.
        if is_old && database.try_rows(&format!("DROP SCHEMA IF EXISTS {name} CASCADE")).is_err() {
            return;
        }
    }
}

fn made_at(name: &str) -> Option<i64> {
    name.strip_prefix(PREFIX)?.split('_').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_age() {
        assert_eq!(made_at("waypost_test_1794000000_77_0"), Some(1_794_000_000));
        assert_eq!(made_at("waypost_test_x_0"), None);
    }

    #[test]
    fn each_is_empty_and_gone_at_the_end() {
        let Some(schema) = Schema::new() else { return };
        let (name, database) = (schema.name().to_owned(), schema.database().clone());
        database.execute("CREATE TABLE words (word text); INSERT INTO words VALUES ('one'), (NULL)");
        assert_eq!(database.rows("SELECT word FROM words"), [[Some("one".to_owned())], [None]]);
        drop(schema);
        let left = database.text(&format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{name}'"));
        assert_eq!(left, "0");
    }

    #[test]
    fn what_is_held_is_held_to_the_end() {
        let Some(schema) = Schema::new() else { return };
        let database = schema.database();
        database.execute("CREATE TABLE words (word text)");
        let hold = database.hold("LOCK TABLE words IN EXCLUSIVE MODE");
        let write = "SET lock_timeout = '10ms'; INSERT INTO words VALUES ('one')";
        assert!(database.try_rows(write).is_err());
        drop(hold);
        assert!(database.try_rows(write).is_ok());
    }
}
