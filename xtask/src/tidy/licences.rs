//! The licences of all crates that a build may contain.

use super::{Problem, Tree};

/// Licences under which others may be given a binary that contains the code, with no more than a notice.
const ALLOWED: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "NCSA",
    "OpenSSL",
    "Unicode-3.0",
    "Zlib",
];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in tree.metadata.foreign() {
        let name = format!("{} {}", package.name, package.version);
        match &package.license {
            None => problems.push(format!("{name}: names no licence")),
            Some(licence) if !is_allowed(licence) => problems.push(format!("{name}: {licence}")),
            Some(_) => {}
        }
    }
    problems
}

/// Whether an SPDX expression can be met with allowed licences alone. What is not understood is not allowed.
fn is_allowed(expression: &str) -> bool {
    // Before SPDX expressions, cargo's manual told to write `MIT/Apache-2.0`.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = Words { rest: spaced.split_whitespace().collect() };
    let allowed = words.any_of();
    allowed == Some(true) && words.rest.is_empty()
}

/// The words of an expression that are not yet read. `AND` binds tighter than `OR`.
struct Words<'a> {
    rest: Vec<&'a str>,
}

impl Words<'_> {
    fn any_of(&mut self) -> Option<bool> {
        let mut allowed = self.all_of()?;
        while self.take("OR") {
            // Both sides are read in any case.
            allowed |= self.all_of()?;
        }
        Some(allowed)
    }

    fn all_of(&mut self) -> Option<bool> {
        let mut allowed = self.one()?;
        while self.take("AND") {
            allowed &= self.one()?;
        }
        Some(allowed)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let allowed = self.any_of()?;
            return self.take(")").then_some(allowed);
        }
        let mut licence = self.next()?;
        if self.take("WITH") {
            licence = format!("{licence} WITH {}", self.next()?);
        }
        Some(ALLOWED.contains(&licence.as_str()))
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.rest.first() == Some(&word);
        if found {
            self.rest.remove(0);
        }
        found
    }

    fn next(&mut self) -> Option<String> {
        (!self.rest.is_empty()).then(|| self.rest.remove(0).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::super::metadata::Metadata;
    use super::*;

    #[test]
    fn expressions_are_met_where_a_choice_allows() {
        for allowed in [
            "MIT",
            "MIT/Apache-2.0",
            "Unlicense OR MIT",
            "MIT OR Apache-2.0 OR LGPL-2.1-or-later",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        ] {
            assert!(is_allowed(allowed), "{allowed}");
        }
        for refused in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "MIT OR",
            "(MIT",
            "MIT MIT",
            "",
            "GPL-3.0 OR MIT AND GPL-3.0",
            "MIT WITH Surprise",
        ] {
            assert!(!is_allowed(refused), "{refused}");
        }
    }

    #[test]
    fn a_crate_without_a_licence_is_found() {
        let metadata = Metadata::of_members(&[("mystery", &[])]).into_foreign();
        let tree = Tree { metadata, ..Tree::default() };
        assert_eq!(check(&tree), ["mystery 0.1.0: names no licence"]);
    }
}
