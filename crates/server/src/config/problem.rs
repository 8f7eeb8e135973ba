//! What can be wrong with a configuration, in words that say how to mend it.

use std::error::Error;
use std::path::PathBuf;
use std::{fmt, io};

use super::source::Source;

/// One thing that is wrong. No variant holds a secret.
#[derive(Debug)]
pub(crate) enum Problem {
    /// A section or key of the file that nobody reads: most likely a typo.
    Unknown { what: &'static str, name: String, source: Source, nearest: Option<String> },
    /// A `WAYPOST_` variable that nobody reads.
    UnknownVariable { name: String, nearest: Option<String> },
    /// A value that its key does not take. `shown` is the value as it may be shown, `wanted` what is allowed or why this
    /// is not.
    Wrong { key: String, shown: String, source: Source, wanted: String },
    /// The long and the short variable of one key.
    SetTwice { key: String, first: String, second: String },
    /// A variable that is not UTF-8.
    NotText { variable: String },
    /// A flag for what the demo makes itself.
    MadeByDemo { flag: String },
    /// A file that is not TOML.
    Syntax { source: Source, message: String },
    /// A file that is named and cannot be read.
    Unreadable { path: PathBuf, source: io::Error },
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { what, name, source, nearest } => {
                write!(formatter, "unknown {what} `{name}` ({source}){}", suggestion(nearest.as_deref()))
            }
            Self::UnknownVariable { name, nearest } => {
                write!(formatter, "unknown variable `{name}` (environment){}", suggestion(nearest.as_deref()))
            }
            Self::Wrong { key, shown, source, wanted } => {
                write!(formatter, "{key} is {shown} ({source}); {wanted}")
            }
            Self::SetTwice { key, first, second } => {
                write!(formatter, "{key} is set twice (environment {first} and {second}); keep one")
            }
            Self::NotText { variable } => {
                write!(formatter, "the value of a variable is not UTF-8 (environment {variable})")
            }
            Self::MadeByDemo { flag } => {
                write!(formatter, "the demo makes its own value (flag --{flag}); leave the flag out")
            }
            Self::Syntax { source, message } => write!(formatter, "this is not TOML ({source}): {message}"),
            Self::Unreadable { path, source } => {
                write!(formatter, "the configuration file `{}` cannot be read: {source}", path.display())
            }
        }
    }
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default()
}

/// Everything that is wrong, at once, in the order file, environment, flags. Never empty.
#[derive(Debug)]
pub(crate) struct Problems(pub(super) Vec<Problem>);

impl Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => formatter.write_str("the configuration has a problem:")?,
            count => write!(formatter, "the configuration has {count} problems:")?,
        }
        self.0.iter().try_for_each(|problem| write!(formatter, "\n  - {problem}"))
    }
}

/// What is told of the candidate whose spelling is closest, if at most a third of it differs.
pub(super) fn nearest(name: &str, candidates: impl IntoIterator<Item = (String, String)>) -> Option<String> {
    candidates
        .into_iter()
        .map(|(spelled, told)| {
            let letters = spelled.chars().count().max(name.chars().count());
            (strsim::damerau_levenshtein(name, &spelled), letters, told)
        })
        .filter(|(distance, letters, _)| distance * 3 <= *letters)
        .min_by_key(|(distance, _, _)| *distance)
        .map(|(_, _, told)| told)
}
