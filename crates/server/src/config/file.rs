//! `waypost.toml`.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeInteger, DeString, DeTable, DeValue};

use super::environment::CONFIG_VARIABLE;
use super::problem::{Problem, nearest};
use super::setting::Raw;
use super::source::Source;
use super::{Environment, Flags, Key, Section};

/// Read when no other file is named, if it is there.
pub(super) const DEFAULT_PATH: &str = "waypost.toml";

/// The path that flag or variable name.
pub(super) fn named(flags: &Flags, environment: &Environment) -> Option<PathBuf> {
    let variable = || environment.text(CONFIG_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    flags.config.clone().or_else(variable)
}

/// A file that was read and not yet understood.
pub(super) struct ConfigFile {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl ConfigFile {
    pub(super) fn open(path: PathBuf) -> Result<Self, Problem> {
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Self { path, text }),
            Err(source) => Err(Problem::Unreadable { path, source }),
        }
    }

    pub(super) fn open_if_there(path: impl AsRef<Path>) -> Result<Option<Self>, Problem> {
        let path = path.as_ref().to_path_buf();
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Self { path, text })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Problem::Unreadable { path, source }),
        }
    }

    /// The known keys with their values, and a problem for all else. A file that is not TOML gives only problems.
    pub(super) fn entries(&self) -> Vec<Result<Entry, Problem>> {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        if !errors.is_empty() {
            return errors.iter().map(|error| Err(self.syntax(error))).collect();
        }
        let mut entries = Vec::new();
        // In the order in which they stand, not in that of their names.
        let mut names: Vec<_> = table.get_ref().iter().collect();
        names.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in names {
            let section = Section::ALL.into_iter().find(|section| section.name() == name.get_ref().as_ref());
            match (section, value.get_ref()) {
                (Some(section), DeValue::Table(keys)) => {
                    let mut keys: Vec<_> = keys.iter().collect();
                    keys.sort_by_key(|(name, _)| name.span().start);
                    entries.extend(keys.into_iter().map(|(name, value)| self.entry(section, name, value)));
                }
                (_, value) => entries.push(Err(self.unknown_at_top(name, value))),
            }
        }
        entries
    }

    fn entry(
        &self,
        section: Section,
        name: &Spanned<DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Entry, Problem> {
        let source = self.source(name.span());
        match section.keys().iter().find(|key| key.name == name.get_ref().as_ref()) {
            Some(key) => Ok(Entry { key, raw: raw(value.get_ref()), source }),
            None => Err(Problem::Unknown {
                what: "key",
                name: format!("{}.{}", section.name(), name.get_ref()),
                source,
                nearest: nearest_key(name.get_ref(), Some(section)),
            }),
        }
    }

    fn unknown_at_top(&self, name: &Spanned<DeString<'_>>, value: &DeValue<'_>) -> Problem {
        let source = self.source(name.span());
        let name = name.get_ref().as_ref();
        let sections =
            Section::ALL.map(|section| (section.name().to_owned(), format!("[{}]", section.name())));
        let section = nearest(name, sections);
        if value.is_table() {
            Problem::Unknown { what: "section", name: format!("[{name}]"), source, nearest: section }
        } else {
            let nearest = nearest_key(name, None).or(section);
            Problem::Unknown { what: "key", name: name.to_owned(), source, nearest }
        }
    }

    /// The parser's own error holds the whole file, secrets included, and is therefore not kept as a source.
    fn syntax(&self, error: &toml::de::Error) -> Problem {
        let source = self.source(error.span().unwrap_or_default());
        Problem::Syntax { source, message: error.message().to_owned() }
    }

    fn source(&self, span: Range<usize>) -> Source {
        let before = self.text.get(..span.start).unwrap_or_default();
        Source::File { path: self.path.clone(), line: 1 + before.matches('\n').count() }
    }
}

/// One key of the file.
pub(super) struct Entry {
    pub(super) key: &'static Key,
    pub(super) raw: Raw,
    pub(super) source: Source,
}

/// A key that may have been meant: of this section first, then of any.
fn nearest_key(name: &str, section: Option<Section>) -> Option<String> {
    let here = section.map(Section::keys).unwrap_or_default();
    let candidates = here.iter().map(|key| (key.name.to_owned(), key.name.to_owned()));
    nearest(name, candidates).or_else(|| {
        let spelled = |key: &'static Key| {
            [Some(key.name), key.short].into_iter().flatten().map(move |name| (key, name))
        };
        let everywhere = Key::all().flat_map(spelled);
        nearest(name, everywhere.map(|(key, name)| (name.to_owned(), key.path())))
    })
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => Raw::Text(decimal(number)),
        DeValue::Boolean(truth) => Raw::Unfit(format!("`{truth}`")),
        DeValue::Float(number) => Raw::Unfit(format!("`{}`", number.as_str())),
        DeValue::Datetime(_) => Raw::Unfit("a date".to_owned()),
        DeValue::Table(_) => Raw::Unfit("a table".to_owned()),
        DeValue::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(item_text).collect();
            texts.map_or_else(|| Raw::Unfit("an array of something else".to_owned()), Raw::List)
        }
    }
}

fn item_text(item: &Spanned<DeValue<'_>>) -> Option<String> {
    match item.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(decimal(number)),
        _ => None,
    }
}

/// An unquoted `phone_number_id` is fine too, and so is `0x10`; what no number holds is left for its key to refuse.
fn decimal(number: &DeInteger<'_>) -> String {
    i128::from_str_radix(number.as_str(), number.radix())
        .map_or_else(|_| number.to_string(), |number| number.to_string())
}
