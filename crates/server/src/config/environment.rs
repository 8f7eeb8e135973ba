//! The `WAYPOST_*` variables.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::setting::Raw;

/// The variable that names the file.
pub(crate) const CONFIG_VARIABLE: &str = "WAYPOST_CONFIG";

/// The variables whose name begins with `WAYPOST_`, in order of their names. `Debug` shows no value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment(BTreeMap<String, Option<Raw>>);

impl Environment {
    /// The only place where the environment of the process is read.
    pub(crate) fn of_process() -> Self {
        std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value)).collect()
    }

    /// Each variable; without a value if that is not UTF-8.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Option<&Raw>)> {
        self.0.iter().map(|(name, raw)| (name.as_str(), raw.as_ref()))
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Some(Raw::Text(text))) => Some(text),
            _ => None,
        }
    }
}

impl<Name: Into<String>, Value: Into<OsString>> FromIterator<(Name, Value)> for Environment {
    fn from_iter<T: IntoIterator<Item = (Name, Value)>>(variables: T) -> Self {
        let ours = variables.into_iter().filter_map(|(name, value)| {
            let name = name.into();
            name.starts_with("WAYPOST_").then(|| (name, value.into().into_string().ok().map(Raw::Text)))
        });
        Self(ours.collect())
    }
}
