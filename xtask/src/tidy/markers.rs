//! Leftovers: what is written while one works and must not be there when one has finished.

use super::tree::File;
use super::{Problem, Tree};

/// Text that must not be in certain files.
struct Marker {
    text: &'static str,
    /// Files by their ending.
    endings: &'static [&'static str],
    /// Files by the beginning of their path.
    below: &'static str,
    instead: &'static str,
}

const RUST: &[&str] = &[".rs"];
const SCRIPTS: &[&str] = &[".ts", ".tsx", ".mjs", ".js"];

const MARKERS: [Marker; 14] = [
    Marker { text: "todo!(", endings: RUST, below: "", instead: "write it, or open an issue" },
    Marker { text: "unimplemented!(", endings: RUST, below: "", instead: "write it, or open an issue" },
    Marker { text: "dbg!(", endings: RUST, below: "", instead: "delete it" },
    Marker { text: "#[ignore]", endings: RUST, below: "", instead: "give the reason: #[ignore = \"…\"]" },
    Marker { text: "debugger;", endings: SCRIPTS, below: "", instead: "delete it" },
    Marker {
        text: "console.log(",
        endings: SCRIPTS,
        below: "packages/",
        instead: "delete it, or show it to the person",
    },
    Marker { text: "test.only(", endings: SCRIPTS, below: "", instead: "run all tests" },
    Marker { text: "it.only(", endings: SCRIPTS, below: "", instead: "run all tests" },
    Marker { text: "describe.only(", endings: SCRIPTS, below: "", instead: "run all tests" },
    Marker { text: "test.skip(", endings: SCRIPTS, below: "", instead: "mend the test or delete it" },
    Marker { text: "it.skip(", endings: SCRIPTS, below: "", instead: "mend the test or delete it" },
    Marker { text: "describe.skip(", endings: SCRIPTS, below: "", instead: "mend the test or delete it" },
    Marker { text: "<<<<<<< ", endings: &[""], below: "", instead: "finish the merge" },
    Marker { text: ">>>>>>> ", endings: &[""], below: "", instead: "finish the merge" },
];

/// Files in which an unnumbered note of work to do is a leftover.
const WITH_NOTES: [&str; 12] =
    [".rs", ".ts", ".tsx", ".mjs", ".js", ".py", ".css", ".html", ".toml", ".sql", ".md", ".ci/run"];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for marker in &MARKERS {
        for file in tree.sources(marker.endings).filter(|file| file.path.starts_with(marker.below)) {
            let found = file.lines().filter(|(_, line)| line.contains(marker.text));
            problems.extend(found.map(|(number, _)| report(file, number, marker.text, marker.instead)));
        }
    }
    for file in tree.sources(&WITH_NOTES) {
        for (number, line) in file.lines() {
            if let Some(word) = ["TODO", "FIXME", "XXX"].into_iter().find(|word| has_unnumbered(line, word)) {
                problems.push(report(file, number, word, "name its issue: TODO(#12)"));
            }
        }
    }
    problems
}

fn report(file: &File, number: usize, found: &str, instead: &str) -> Problem {
    format!("{}:{number}: `{}`: {instead}", file.path, found.trim())
}

/// Whether the word stands in the line alone, without the number of an issue behind it.
fn has_unnumbered(line: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + word.len()..]);
        let alone = !before.ends_with(is_letter) && !after.starts_with(is_letter);
        let number = after.trim_start_matches(['(', ' ']).strip_prefix('#');
        alone && !number.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_found_with_their_line() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "fn a() {\n    todo!()\n}\n"),
            ("packages/a/src/a.ts", "console.log('here');\n"),
            ("packages/a/tests/a.test.ts", "test.only('x', () => {});\n"),
            ("crates/a/src/b.rs", "#[ignore]\n"),
        ]);
        let problems = check(&tree);
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems[0].starts_with("crates/a/src/lib.rs:2: `todo!(`"), "{problems:?}");
    }

    #[test]
    fn markers_are_bound_to_their_files() {
        let tree = Tree::of(&[
            ("tests/clients/join.mjs", "console.log(JSON.stringify(event));\n"),
            ("crates/a/src/lib.rs", "let rest = words.skip(1); // it.skip(1)\n"),
            ("crates/a/src/b.rs", "#[ignore = \"needs a real number\"]\n"),
        ]);
        assert!(check(&tree).is_empty());
    }

    #[test]
    fn a_note_of_work_to_do_needs_an_issue() {
        for numbered in ["// TODO(#12): later", "// TODO #7", "let TODOS = 1;", "nothing"] {
            assert!(!has_unnumbered(numbered, "TODO"), "{numbered}");
        }
        for unnumbered in ["// TODO: later", "// TODO(me)", "TODO", "/* TODO # */"] {
            assert!(has_unnumbered(unnumbered, "TODO"), "{unnumbered}");
        }
    }
}
