//! Links between documents.

use super::{Problem, Tree};

/// Links in Markdown files to files that git does not have.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        for (number, target) in links(&file.text) {
            if !leads_somewhere(tree, &file.path, target) {
                problems.push(format!("{}:{number}: there is no {target}", file.path));
            }
        }
    }
    problems
}

/// The targets of inline links and pictures, outside of code, with their lines.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_block = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        if in_block {
            continue;
        }
        // Every second part stands between backticks; a link's own text may, its target may not.
        for (place, _) in line.match_indices("](") {
            let in_code = line[..place].matches('`').count() % 2 == 1;
            let target = line[place + 2..].split([')', ' ']).next().unwrap_or_default();
            if !in_code {
                found.push((index + 1, target));
            }
        }
    }
    found
}

fn leads_somewhere(tree: &Tree, from: &str, target: &str) -> bool {
    let path = target.split('#').next().unwrap_or_default();
    if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
        return true;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part != ".." {
            parts.push(part);
        } else if parts.pop().is_none() {
            return false;
        }
    }
    let wanted = parts.join("/");
    let folder = format!("{wanted}/");
    !path.starts_with('/')
        && tree.files.iter().any(|file| file.path == wanted || file.path.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str) -> Vec<Problem> {
        check(&Tree::of(&[("docs/a.md", text), ("README.md", ""), ("crates/store/src/lib.rs", "")]))
    }

    #[test]
    fn a_link_to_nothing_is_found() {
        assert_eq!(check_text("See\n[this](../NOTHING.md)."), ["docs/a.md:2: there is no ../NOTHING.md"]);
        for dead in
            ["[x](b.md#part)", "[x](/README.md)", "![x](picture.png \"A title\")", "[x](../../README.md)"]
        {
            assert_eq!(check_text(dead).len(), 1, "{dead}");
        }
    }

    #[test]
    fn links_to_files_folders_parts_and_elsewhere_are_good() {
        for good in [
            "[x](../README.md)",
            "[`x`](../crates/store/src/lib.rs#L1)",
            "[x](../crates/store)",
            "[x](a.md#part) and [y](#part)",
            "[x](https://example.org/a.md)",
            "`[x](nothing.md)`",
            "```\n[x](nothing.md)\n```",
        ] {
            assert_eq!(check_text(good), Vec::<Problem>::new(), "{good}");
        }
    }
}
