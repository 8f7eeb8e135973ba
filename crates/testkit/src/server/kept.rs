//! Where a server under test keeps everything: in files, or in PostgreSQL.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::postgres::{Database, Schema};

/// What a server is told by.
pub(super) const SETTING: &str = "WAYPOST_STORE";

/// Where servers and commands of one database find the key of the audit, which all of them have to have.
pub(super) const AUDIT_KEY: &str = "WAYPOST_AUDIT_KEY_FILE";

/// The one of all tests that keep everything in PostgreSQL; whoever comes first makes it.
pub(super) fn shared_audit_key() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| utf8(&std::env::temp_dir().join("waypost-test-audit.key")).to_owned())
}

/// Which store this run of the tests is for: `sqlite`, which is also what an absent one means, or `postgres`.
const VARIABLE: &str = "TEST_STORE";

/// What a server keeps everything in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The files of a data directory.
    Files(PathBuf),
    /// A database, or a schema of one.
    Postgres(Database),
}

impl Kept {
    pub(super) fn of(setting: Option<&OsStr>, data_dir: PathBuf) -> Self {
        match setting.and_then(OsStr::to_str) {
            Some(url) if url != "sqlite" => Self::Postgres(Database::at(url)),
            _ => Self::Files(data_dir),
        }
    }

    /// The variables that lead a command of the binary's to it.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Files(data_dir) => vec![(SETTING, "sqlite"), ("WAYPOST_DATA_DIR", utf8(data_dir))],
            Self::Postgres(database) => vec![(SETTING, database.url()), (AUDIT_KEY, shared_audit_key())],
        }
    }
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("the path of a temporary folder is UTF-8")
}

/// A schema for a server of a run on PostgreSQL; `None` in one on SQLite.
#[track_caller]
pub(super) fn of_run() -> Option<Schema> {
    let value = std::env::var_os(VARIABLE);
    match value.as_deref().map(OsStr::to_str) {
        None | Some(Some("" | "sqlite")) => None,
        Some(Some("postgres")) => {
            Some(Schema::new().unwrap_or_else(|| panic!("{VARIABLE}=postgres needs a PostgreSQL")))
        }
        Some(other) => panic!("{VARIABLE} is `sqlite` or `postgres`, not {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_test_set_says_where_everything_is() {
        let of = |setting: Option<&'static str>| Kept::of(setting.map(OsStr::new), "data".into());
        assert_eq!(of(None), Kept::Files("data".into()));
        assert_eq!(of(Some("sqlite")), Kept::Files("data".into()));
        let url = "postgres://db.example/desk";
        assert_eq!(of(Some(url)), Kept::Postgres(Database::at(url)));
        let variables = [("WAYPOST_STORE", url), (AUDIT_KEY, shared_audit_key())];
        assert_eq!(of(Some(url)).variables(), variables);
    }
}
