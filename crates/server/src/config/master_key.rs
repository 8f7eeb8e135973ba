//! `[master_key]`: where the key is under which secrets are sealed.

use std::path::{Path, PathBuf};

use super::key::{Demo, Section, section};
use super::setting::{Raw, Secrecy, Setting, Shape, Shown, Wrong};
use super::values::Values;
use crate::sealing::MasterKey;

section! {
    Section::MasterKey;
    /// The key under which secrets in the database are encrypted. It is in one of three places, or there is none: then they are
    /// stored as they are.
    pub(crate) struct MasterKeyConfig {
        /// The file that has it, made by `waypost master-key init`. Nobody but its owner may read it, and it must not be in the data
        /// directory.
        file: Option<KeyFile> = "", demo Demo::Own;
        /// A program that prints it, such as the client of a vault, and its arguments. It is run at the start without a
        /// shell, and has 10 s.
        command: Words = "", demo Demo::Own;
        /// The key itself, for a variable.
        key: Option<MasterKey> = "", short "master_key", demo Demo::Own;
    }
}

/// The one place where the key is.
pub(crate) enum KeySource<'a> {
    File(&'a Path),
    Command(&'a [String]),
    Key(&'a MasterKey),
}

impl MasterKeyConfig {
    /// Where the key is, if there is one.
    pub(crate) fn source(&self) -> Option<KeySource<'_>> {
        self.sources().into_iter().flatten().map(|(_, source)| source).next()
    }

    /// What no single key of the section can show.
    pub(super) fn check_together(&self, values: &mut Values) {
        let mut set = self.sources().into_iter().flatten().map(|(name, _)| name);
        let Some(first) = set.next() else { return };
        for further in set {
            values.conflict(further, "set", &format!("{first} is, too; keep one"));
        }
    }

    fn sources(&self) -> [Option<(&'static str, KeySource<'_>)>; 3] {
        let Self { file, command: Words(words), key } = self;
        let command = (!words.is_empty()).then_some(KeySource::Command(words));
        [
            file.as_ref().map(|file| ("master_key.file", KeySource::File(&file.0))),
            command.map(|command| ("master_key.command", command)),
            key.as_ref().map(|key| ("master_key.key", KeySource::Key(key))),
        ]
    }
}

/// A path that is not empty. What is there is looked at when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyFile(PathBuf);

impl Setting for KeyFile {
    const SHAPE: Shape = Shape::Text;

    fn allowed() -> String {
        "the path of a file".to_owned()
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

/// A program and its arguments; or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words(Vec<String>);

impl Setting for Words {
    const SHAPE: Shape = Shape::List;

    fn allowed() -> String {
        "a program and its arguments, comma-separated; in the file an array, whose items may hold commas; or nothing".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        Ok(Self(raw.items()?.into_iter().map(str::to_owned).collect()))
    }

    fn shown(&self) -> Shown {
        if self.0.is_empty() { Shown::Unset } else { Shown::list(&self.0) }
    }
}

impl Setting for MasterKey {
    const SHAPE: Shape = Shape::Text;
    const SECRECY: Secrecy = Secrecy::Secret;

    fn allowed() -> String {
        Self::FORMAT.to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        Self::parse(raw.text()?).ok_or_else(Wrong::whole)
    }

    fn shown(&self) -> Shown {
        Shown::Hidden(1)
    }
}
