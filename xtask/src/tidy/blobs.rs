//! Large files: a clone carries them for ever, also after they are deleted.

use super::{Problem, Tree};

const BYTES_MAX: u64 = 1024 * 1024;

/// Where large files are meant to be.
const FIXTURES: &str = "tests/fixtures/";

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let large = tree.files.iter().filter(|file| file.bytes > BYTES_MAX && !file.path.starts_with(FIXTURES));
    large.map(|file| format!("{}: {} KiB", file.path, file.bytes / 1024)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_is_found_unless_it_is_a_fixture() {
        let large = "x".repeat(1024 * 1024 + 1);
        let tree = Tree::of(&[
            ("docs/film.txt", &large),
            ("tests/fixtures/big.json", &large),
            ("a.txt", &large[1..]),
        ]);
        assert_eq!(check(&tree), ["docs/film.txt: 1024 KiB"]);
    }
}
