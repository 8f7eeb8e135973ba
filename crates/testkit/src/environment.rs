//! What `cargo xtask test` prepares for the tests, and tells them by variables.

use std::env;
use std::path::PathBuf;

/// The binary to test, built once for all tests: `TEST_WAYPOST_BIN`.
///
/// # Panics
///
/// When the variable is absent or names no file.
#[must_use]
pub fn waypost_binary() -> PathBuf {
    required("TEST_WAYPOST_BIN")
}

/// The folder with the stock clients that npm installed: `TEST_CLIENTS_DIR`.
///
/// # Panics
///
/// When the variable is absent or names nothing.
#[must_use]
pub fn clients_dir() -> PathBuf {
    required("TEST_CLIENTS_DIR")
}

/// The conformance server of `waypost-realtime`: `TEST_CONFORMANCE_BIN`.
///
/// # Panics
///
/// When the variable is absent or names no file.
#[must_use]
pub fn conformance_binary() -> PathBuf {
    required("TEST_CONFORMANCE_BIN")
}

/// A Python that has the stock clients for it, `TEST_PYTHON`, or `None` where there is none: then `cargo xtask test` says
/// so at its end, and fails in continuous integration. A test that needs it returns.
#[must_use]
pub fn python() -> Option<PathBuf> {
    env::var_os("TEST_PYTHON").map(PathBuf::from)
}

/// The browser, `TEST_CHROMIUM`, or `None` where there is none: then `cargo xtask test` says so at its end, and fails
/// in continuous integration. A test that needs it returns.
#[must_use]
pub fn chromium() -> Option<PathBuf> {
    env::var_os("TEST_CHROMIUM").map(PathBuf::from)
}

fn required(variable: &str) -> PathBuf {
    let Some(path) = env::var_os(variable).map(PathBuf::from) else {
        panic!("{variable} is not set: run `cargo xtask test`, which prepares what these tests need");
    };
    assert!(path.exists(), "{variable} names {}, which is not there: run `cargo xtask test`", path.display());
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "run `cargo xtask test`")]
    fn an_absent_variable_says_what_to_run() {
        required("TEST_WAYPOST_NO_SUCH_VARIABLE");
    }
}
