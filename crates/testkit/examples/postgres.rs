//! Finds the PostgreSQL for a run of tests, or starts one; prints where it is, or an empty line, and then what it is, or why
//! there is none. Keeps it until its standard input ends. `cargo xtask test` runs it, so that one place knows how to find a
//! server.

#![expect(clippy::print_stdout, reason = "it talks to whoever started it")]

use std::io;
use std::process::ExitCode;

use waypost_testkit::postgres;

fn main() -> ExitCode {
    let found = match postgres::find() {
        Ok(found) => found,
        Err(why) => {
            println!("\n{why}");
            return ExitCode::FAILURE;
        }
    };
    println!("{}\n{}", found.url, found.what);
    // Nothing is ever written there: it ends with whoever started this, however that ends.
    match io::copy(&mut io::stdin(), &mut io::sink()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
