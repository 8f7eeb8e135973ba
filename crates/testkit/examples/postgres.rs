//! Finds the PostgreSQL for a run of tests, or starts one, prints where it is and what it is, and keeps it until its standard
//! input ends. `cargo xtask test` runs it, so that there is one place that knows how to find a server.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to whoever started it")]

use std::io::{self, Read as _};
use std::process::ExitCode;

use waypost_testkit::postgres;

fn main() -> ExitCode {
    let found = match postgres::find() {
        Ok(found) => found,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    println!("{}\n{}", found.url, found.what);
    // Nothing is ever written there: it ends with whoever started this, however that ends.
    match io::stdin().read_to_end(&mut Vec::new()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
