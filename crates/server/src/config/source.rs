//! Where a value came from, and the flags as a source.

use std::fmt;
use std::path::PathBuf;

use super::Key;
use super::setting::Raw;

/// Where a value stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    File { path: PathBuf, line: usize },
    Variable(String),
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Variable(name) => write!(formatter, "environment {name}"),
            Self::Flag(name) => write!(formatter, "flag --{name}"),
        }
    }
}

/// The settings among the flags, not yet understood. `Debug` shows no value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    /// `--config`.
    pub(super) config: Option<PathBuf>,
    given: Vec<(String, Raw)>,
}

impl Flags {
    /// With the file that `--config` names.
    pub(crate) fn new(config: Option<PathBuf>) -> Self {
        Self { config, given: Vec::new() }
    }

    /// Adds what was written behind a key's flag; several times for a list is one longer list.
    pub(crate) fn add(&mut self, key: &Key, values: &[String]) {
        self.given.push((key.flag(), Raw::Text(values.join(","))));
    }

    /// The keys that were given, each with its value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static Key, &Raw)> {
        self.given
            .iter()
            .filter_map(|(flag, raw)| Key::all().find(|key| key.flag() == *flag).map(|key| (key, raw)))
    }
}
