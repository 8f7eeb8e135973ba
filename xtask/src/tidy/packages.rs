//! What every package says about itself, and the lints that it takes from the workspace.

use super::{Problem, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in tree.metadata.members() {
        let manifest = tree.metadata.manifest(package);
        if package.description.as_deref().is_none_or(|text| text.trim().is_empty()) {
            problems.push(format!("{manifest}: no description"));
        }
        let inherits_lints = |text: &str| text.contains("\n[lints]\nworkspace = true\n");
        if !tree.file(&manifest).is_some_and(|file| inherits_lints(&file.text)) {
            problems.push(format!("{manifest}: no `[lints]` with `workspace = true`"));
        }
        let Some(library) = tree.metadata.library(package) else { continue };
        if !tree.file(&library).is_some_and(|file| file.text.starts_with("//! ")) {
            problems.push(format!("{library}: does not open with what the crate is for (`//!`)"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::metadata::Metadata;
    use super::*;

    #[test]
    fn a_package_that_says_nothing_is_found_three_times() {
        let mut tree = Tree::of(&[("a/Cargo.toml", "[package]\n"), ("a/src/lib.rs", "pub fn f() {}\n")]);
        tree.metadata = Metadata::of_members(&[("a", &[])]);
        assert_eq!(check(&tree).len(), 3);
    }

    #[test]
    fn one_that_says_it_all_is_not() {
        let manifest = "[package]\n\n[lints]\nworkspace = true\n";
        let mut tree = Tree::of(&[("a/Cargo.toml", manifest), ("a/src/lib.rs", "//! For tests.\n")]);
        tree.metadata = Metadata::of_members(&[("a", &[])]);
        tree.metadata.packages[0].description = Some("For tests.".to_owned());
        assert!(check(&tree).is_empty());
    }
}
