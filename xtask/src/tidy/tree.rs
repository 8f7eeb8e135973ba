//! What is checked: the files that git knows or would add, and what cargo knows.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::metadata::Metadata;
use crate::place::Place;
use crate::process;

/// The checks quote what they look for, in code and in tests, and would find themselves.
const QUOTES_WHAT_IT_LOOKS_FOR: &str = "xtask/src/tidy/";

/// Everything that checks look at.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) files: Vec<File>,
    pub(super) metadata: Metadata,
}

/// A file of the repository.
pub(super) struct File {
    /// From the root, with slashes.
    pub(super) path: String,
    pub(super) bytes: u64,
    /// Its text, or nothing if it is not UTF-8.
    pub(super) text: String,
}

impl Tree {
    pub(super) fn read(place: &Place) -> Result<Self> {
        let mut git = Command::new("git");
        git.current_dir(place.root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let listed = process::output(&mut git).context("the files are those that git knows")?;
        let mut files = Vec::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()).collect::<HashSet<_>>() {
            match fs::read(place.root().join(path)) {
                Ok(bytes) => files.push(File {
                    path: path.to_owned(),
                    bytes: bytes.len() as u64,
                    text: String::from_utf8(bytes).unwrap_or_default(),
                }),
                // Deleted and not yet committed; or a link to a folder.
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => {}
                Err(error) => return Err(error).context(path.to_owned()),
            }
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Self { files, metadata: Metadata::read(place)? })
    }

    /// A tree of these files, for tests of checks.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| File {
            path: (*path).to_owned(),
            bytes: text.len() as u64,
            text: (*text).to_owned(),
        });
        Self { files: files.collect(), metadata: Metadata::default() }
    }

    /// Source files with one of these endings, without those that quote what checks look for.
    pub(super) fn sources(&self, endings: &[&str]) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| {
            !file.path.starts_with(QUOTES_WHAT_IT_LOOKS_FOR)
                && endings.iter().any(|end| file.path.ends_with(end))
        })
    }

    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    /// Whether the whole file is for tests.
    pub(super) fn is_test(&self) -> bool {
        let path = &self.path;
        path.starts_with("tests/")
            || path.contains("/tests/")
            || path.ends_with("/tests.rs")
            || path.ends_with(".test.ts")
            || path.ends_with(".test.tsx")
    }

    /// The numbered lines of the product: those before the unit tests, which stand last.
    pub(super) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = if self.is_test() { 0 } else { self.start_of_tests() };
        self.lines().take(end)
    }

    /// The numbered lines of tests.
    pub(super) fn test_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let start = if self.is_test() { 0 } else { self.start_of_tests() };
        self.lines().skip(start)
    }

    /// All lines, numbered from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// How many lines stand before `#[cfg(test)] mod … {`. (`mod tests;` is no end: that file is a test as a whole.)
    fn start_of_tests(&self) -> usize {
        let lines: Vec<&str> = self.text.lines().collect();
        let opens_module = |line: &str| line.starts_with("mod ") && line.ends_with('{');
        let start =
            lines.windows(2).position(|pair| pair[0].starts_with("#[cfg(test)]") && opens_module(pair[1]));
        start.unwrap_or(lines.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_tests_are_told_from_the_product() {
        let tree = Tree::of(&[("crates/a/src/lib.rs", "fn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n")]);
        let file = &tree.files[0];
        assert_eq!(file.product_lines().count(), 2);
        assert_eq!(file.test_lines().next(), Some((3, "#[cfg(test)]")));
    }

    #[test]
    fn test_files_have_no_product() {
        for path in ["tests/tests/webhook.rs", "crates/a/src/session/tests.rs", "packages/p/tests/a.test.ts"]
        {
            let tree = Tree::of(&[(path, "one\ntwo\n")]);
            assert_eq!(tree.files[0].product_lines().count(), 0, "{path}");
            assert_eq!(tree.files[0].test_lines().count(), 2, "{path}");
        }
    }
}
