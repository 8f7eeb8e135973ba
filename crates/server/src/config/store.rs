//! `[store]`: where everything is kept.

use std::path::{Path, PathBuf};

use waypost_store::{Place, PostgresUrl, PostgresUrlError};

use super::Count;
use super::key::{Demo, Section, section};
use super::setting::{Raw, Secrecy, Setting, Shape, Shown, Wrong};

section! {
    Section::Store;
    /// Where messages, statuses and the journal are kept.
    pub(crate) struct StoreConfig {
        /// The database. `sqlite` keeps it in the data directory; an address such as
        /// `postgres://user:password@host:5432/database` in PostgreSQL (14 or newer). `?sslmode=verify-full` and the like
        /// protect the connection: see OPERATION.md, PostgreSQL.
        url: StoreUrl = "sqlite", short "store", demo Demo::Own;
        /// The directory of the database and the keys; not used with PostgreSQL. It is made if it is not there,
        /// readable by its owner only; a relative path starts where the server was started.
        data_dir: DataDir = "./waypost-data", short "data_dir", demo Demo::Default("./waypost-demo-data");
        /// Connections that read from the database at the same time. (There is always one that writes.)
        readers: Count<1, 64> = "4";
    }
}

/// Which database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    Sqlite,
    Postgres(PostgresUrl),
}

impl Setting for StoreUrl {
    const SHAPE: Shape = Shape::Text;
    /// One that is mistyped cannot be told from its password.
    const SECRECY: Secrecy = Secrecy::Secret;

    fn allowed() -> String {
        "`sqlite`, or an address such as postgres://user:password@host:5432/database".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        match raw.text()? {
            "sqlite" => Ok(Self::Sqlite),
            url => url.parse().map(Self::Postgres).map_err(|error| match error {
                PostgresUrlError::NoAddress => Wrong::whole(),
                error => Wrong::because(format!("{:#}", anyhow::Error::from(error))),
            }),
        }
    }

    fn shown(&self) -> Shown {
        match self {
            Self::Sqlite => Shown::text("sqlite"),
            Self::Postgres(url) => Shown::text(url.to_string()),
        }
    }
}

impl StoreConfig {
    /// Where the store is.
    pub(crate) fn place(&self) -> Place {
        match &self.url {
            StoreUrl::Sqlite => Place::Directory(self.data_dir.as_path().into()),
            StoreUrl::Postgres(url) => Place::Postgres(url.clone()),
        }
    }
}

/// A path that is not empty. Whether it can be used is found out when it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    pub(crate) fn as_path(&self) -> &Path {
        &self.0
    }
}

impl Setting for DataDir {
    const SHAPE: Shape = Shape::Text;

    fn allowed() -> String {
        "the path of a directory".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        match raw.text()? {
            "" => Err(Wrong::whole()),
            path => Ok(Self(PathBuf::from(path))),
        }
    }

    fn shown(&self) -> Shown {
        Shown::text(self.0.to_string_lossy())
    }
}
