//! Dependencies that nothing uses: lines of the workspace's table, and lines of a package whose code never says the
//! name.

use super::{Problem, Tree};

/// Dependencies that code need not name: package, dependency, reason.
const NEED_NO_NAME: [(&str, &str, &str); 0] = [];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = check_workspace_table(tree);
    for package in tree.metadata.members() {
        let folder = tree.metadata.folder(package);
        for dependency in &package.dependencies {
            let excused = NEED_NO_NAME
                .iter()
                .any(|(name, excused, _)| *name == package.name && *excused == dependency.name);
            if !excused && !names(tree, &folder, &dependency.identifier()) {
                problems.push(format!("{folder}Cargo.toml: no code uses `{}`", dependency.name));
            }
        }
    }
    problems
}

/// Whether Rust code below the folder has the identifier as a word.
fn names(tree: &Tree, folder: &str, identifier: &str) -> bool {
    let code = tree.files.iter().filter(|file| file.path.starts_with(folder) && file.path.ends_with(".rs"));
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.into_iter().any(|file| file.text.split(|c| !is_word(c)).any(|word| word == identifier))
}

/// Lines of `[workspace.dependencies]` that no package inherits.
fn check_workspace_table(tree: &Tree) -> Vec<Problem> {
    let Some(root) = tree.file("Cargo.toml") else { return Vec::new() };
    let manifests: Vec<_> = tree
        .files
        .iter()
        .filter(|file| file.path != "Cargo.toml" && file.path.ends_with("Cargo.toml"))
        .collect();
    let inherits = |line: &str, key: &str| {
        let rest = line.strip_prefix(key).map(str::trim_start);
        rest.is_some_and(|rest| {
            rest.starts_with(".workspace") || (rest.starts_with('=') && rest.contains("workspace = true"))
        })
    };
    let used = |key: &str| manifests.iter().any(|file| file.text.lines().any(|line| inherits(line, key)));
    let unused = keys(&root.text).filter(|key| !used(key));
    unused.map(|key| format!("Cargo.toml: no package inherits `{key}`")).collect()
}

fn keys(manifest: &str) -> impl Iterator<Item = &str> {
    let table = manifest.lines().skip_while(|line| *line != "[workspace.dependencies]").skip(1);
    table.take_while(|line| !line.starts_with('[')).filter_map(|line| Some(line.split_once('=')?.0.trim()))
}

#[cfg(test)]
mod tests {
    use super::super::metadata::Metadata;
    use super::*;

    const ROOT: &str = "[workspace]\n[workspace.dependencies]\nserde = { version = \"1\" }\nslab = \"0.4\"\n\
                        rand = \"1\"\n[profile.dev]\nopt-level = 1\n";

    #[test]
    fn a_line_that_nobody_inherits_is_found() {
        let member = "[dependencies]\nserde.workspace = true\nrand = { workspace = true, features = [] }\nslab = \"1\"\n";
        let tree = Tree::of(&[("Cargo.toml", ROOT), ("a/Cargo.toml", member)]);
        assert_eq!(check(&tree), ["Cargo.toml: no package inherits `slab`"]);
    }

    #[test]
    fn a_dependency_that_no_code_names_is_found() {
        let mut tree = Tree::of(&[
            ("a/src/lib.rs", "use tokio_util::sync;\nstruct Randomness;\n"),
            ("b/src/lib.rs", "use rand::rng;\n"),
        ]);
        tree.metadata = Metadata::of_members(&[("a", &["tokio-util", "rand"])]);
        assert_eq!(check(&tree), ["a/Cargo.toml: no code uses `rand`"]);
    }
}
