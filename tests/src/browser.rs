//! A page in headless Chromium, driven by `clients/page.mjs` step by step.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use waypost_testkit::{chromium, clients_dir};

/// The size of a page in pixels.
pub type Size = (u32, u32);

/// A page; the browser ends with this value.
pub struct Page {
    child: Child,
    /// `None` once it was closed, at the end.
    stdin: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Page {
    /// Starts a browser with an empty page. `None` where there is no Chromium: then the test says so and returns;
    /// `cargo xtask test` fails for it in continuous integration.
    ///
    /// # Panics
    /// When Node.js is missing.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "a test that was not run has to say so")]
    pub fn open((width, height): Size) -> Option<Self> {
        let Some(chromium) = chromium() else {
            eprintln!("not run: because there is no Chromium (TEST_CHROMIUM)");
            return None;
        };
        let mut child = Command::new("node")
            .current_dir(clients_dir())
            .arg("page.mjs")
            .arg(chromium)
            .args([width.to_string(), height.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node.js is installed; `cargo xtask test` says so where it is not");
        let stdin = child.stdin.take().expect("stdin is piped");
        let answers = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Some(Self { child, stdin: Some(stdin), answers })
    }

    /// Loads an address.
    #[track_caller]
    pub fn goto(&mut self, url: &str) {
        self.step(&json!({ "do": "goto", "url": url }));
    }

    /// Waits until an element is to be seen.
    #[track_caller]
    pub fn see(&mut self, selector: &str) {
        self.see_many(selector, 1);
    }

    /// Waits until as many elements are to be seen.
    #[track_caller]
    pub fn see_many(&mut self, selector: &str, count: usize) {
        self.step(&json!({ "do": "see", "selector": selector, "count": count }));
    }

    /// Waits until an element is not to be seen.
    #[track_caller]
    pub fn gone(&mut self, selector: &str) {
        self.step(&json!({ "do": "gone", "selector": selector }));
    }

    /// Clicks the first such element.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        self.step(&json!({ "do": "click", "selector": selector }));
    }

    /// Writes into the first such field.
    #[track_caller]
    pub fn fill(&mut self, selector: &str, text: &str) {
        self.step(&json!({ "do": "fill", "selector": selector, "text": text }));
    }

    /// What a person reads in the first such element.
    #[track_caller]
    pub fn text(&mut self, selector: &str) -> String {
        self.step(&json!({ "do": "text", "selector": selector })).as_str().unwrap_or_default().to_owned()
    }

    /// An attribute of every such element there is now.
    #[track_caller]
    pub fn attributes(&mut self, selector: &str, name: &str) -> Vec<String> {
        let values = self.step(&json!({ "do": "attributes", "selector": selector, "name": name }));
        let values = values.as_array().into_iter().flatten();
        values.map(|value| value.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// What the address bar shows.
    #[track_caller]
    pub fn address(&mut self) -> String {
        self.step(&json!({ "do": "address" })).as_str().unwrap_or_default().to_owned()
    }

    /// Keeps a picture of the page, and says where.
    #[track_caller]
    #[expect(clippy::print_stderr, reason = "a person looks at the pictures, and has to find them")]
    pub fn screenshot(&mut self, path: &Path) {
        self.step(&json!({ "do": "screenshot", "path": path }));
        eprintln!("picture: {}", path.display());
    }

    /// What went wrong on the page by itself: errors and warnings of its console, failed requests, requests to
    /// elsewhere.
    #[track_caller]
    pub fn problems(&mut self) -> Vec<String> {
        let problems = self.step(&json!({ "do": "problems" }));
        problems.as_array().into_iter().flatten().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn step(&mut self, step: &Value) -> Value {
        let stdin = self.stdin.as_mut().expect("it is closed at the end only");
        writeln!(stdin, "{step}").expect("the browser's script reads its steps");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the script answers in UTF-8");
        let mut answer: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("the script ended at {step}"));
        match answer.get("error") {
            None => answer["ok"].take(),
            Some(error) => panic!("{step}: {error}"),
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // The browser is closed by its script, which ends with its stdin; a kill would leave the browser behind.
        drop(self.stdin.take());
        drop(self.child.wait());
    }
}
