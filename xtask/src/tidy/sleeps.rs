//! Tests that sleep and hope. They await a condition (`testkit::eventually`) or step a clock instead.

use super::{Problem, Tree};

/// What sleeps.
const SLEEPS: [&str; 8] = [
    "thread::sleep(",
    "time::sleep(",
    "time.sleep(",
    "asyncio.sleep(",
    " sleep(Duration",
    "setTimeout(resolve",
    "(resolve) => setTimeout(",
    "timers/promises",
];

/// Tests that may: path and reason.
const ALLOWED: [(&str, &str); 0] = [];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.sources(&[".rs", ".ts", ".tsx", ".mjs", ".js", ".py"]) {
        if ALLOWED.iter().any(|(path, _)| *path == file.path) {
            continue;
        }
        for (number, line) in file.test_lines() {
            if SLEEPS.iter().any(|sleep| line.contains(sleep)) {
                problems.push(format!(
                    "{}:{number}: a test sleeps: await a condition or step a clock",
                    file.path
                ));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_in_a_test_is_found_and_one_in_the_product_is_not() {
        let text = "fn a() { time::sleep(x); }\n#[cfg(test)]\nmod tests {\n    std::thread::sleep(x);\n}\n";
        let tree = Tree::of(&[("crates/a/src/lib.rs", text)]);
        let problems = check(&tree);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("crates/a/src/lib.rs:4:"), "{problems:?}");
    }

    #[test]
    fn a_script_that_sleeps_is_found() {
        let tree = Tree::of(&[
            ("tests/clients/a.mjs", "await new Promise((resolve) => setTimeout(resolve, 100));\n"),
            ("tests/clients/b.py", "    time.sleep(0.1)\n"),
        ]);
        assert_eq!(check(&tree).len(), 2);
    }
}
