//! `[audit]`: who did what.

use std::path::{Path, PathBuf};

use super::key::{Demo, Section, section};
use super::setting::{Raw, Setting, Shape, Shown, Wrong};

section! {
    Section::Audit;
    /// Who did what.
    pub(crate) struct AuditConfig {
        /// The file of the key without which nobody can change the audit unnoticed; `audit.key` in the data directory where
        /// it is not set. It is made at the first start, for its owner only. Keep a copy elsewhere, and keep it out of where
        /// backups of the database go. All servers of one database need the same one.
        key_file: Option<KeyFile> = "", demo Demo::Own;
    }
}

/// The path of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyFile(PathBuf);

impl KeyFile {
    pub(crate) fn as_path(&self) -> &Path {
        &self.0
    }
}

impl Setting for KeyFile {
    const SHAPE: Shape = Shape::Text;

    fn allowed() -> String {
        "the path of a file".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let text = raw.text()?;
        if text.is_empty() || text.ends_with('/') { Err(Wrong::whole()) } else { Ok(Self(text.into())) }
    }

    fn shown(&self) -> Shown {
        Shown::text(self.0.to_string_lossy())
    }
}
