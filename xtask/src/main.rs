//! `cargo xtask`: everything about this repository that is more than one command.
//!
//! A subcommand is a file: it takes its arguments and a [`Place`]. [`process`] runs other programs, and [`Report`]
//! tells a person what was done and what was not.
//!
//! Deliberately absent: cleverness about the product. What can be asked of the binary is asked of the binary.
//!
//! Start reading at [`test`], then `tidy.rs` for the rules that it keeps.

#![expect(clippy::print_stdout, reason = "a command-line tool talks on its standard output")]

mod bench;
mod build_web;
mod demo;
mod fuzz;
mod generate;
mod place;
mod postgres;
mod process;
mod python;
mod report;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

use anyhow::Result;

use place::Place;
use report::Report;

const HELP: &str = "\
cargo xtask: what this repository can do

  cargo xtask demo [-- ARGS]     builds the page and the server and runs the demonstration
                                 (ARGS are those of `waypost demo`, such as --listen 127.0.0.1:8080)
  cargo xtask test [--install]   runs every test and says what could not be tested;
                                 --install first installs the system packages that are missing
  cargo xtask fuzz [TARGET] [--seconds N]
                                 runs the fuzzer on one target or on each, and keeps the inputs that reach new code
  cargo xtask bench NAME [ARGS]  runs a benchmark against a release build; `bench --help` lists them
  cargo xtask tidy               checks what the compiler does not: who depends on whom, sizes, leftovers, licences
  cargo xtask generate [--check] writes the generated files that are committed, or says which are out of date
  cargo xtask build-web          builds the front-end parts that the binary embeds

Needed: Rust, a C compiler, and Node.js 20 or newer (for the page and the tests with stock clients). Tests with stock
clients in Python need Python 3.11 or newer; their packages are kept in your cache folder. Tests on PostgreSQL use the
server that TEST_POSTGRES_URL names, or the one on port 5432, or start one of the installed PostgreSQL 14 or newer.
Child builds use CARGO_TARGET_DIR, by default a folder in your cache folder, so that a fresh clone need not
compile the dependencies again. The gate for a change is .ci/run.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            println!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let Some((name, rest)) = arguments.split_first() else {
        print!("{HELP}");
        return Ok(ExitCode::FAILURE);
    };
    let place = Place::find()?;
    match name.as_str() {
        "demo" => demo::run(&place, rest),
        "test" => test::run(&place, rest),
        "fuzz" => fuzz::run(&place, rest),
        "bench" => bench::run(&place, rest),
        "tidy" => tidy::run(&place, rest),
        "generate" => generate::run(&place, rest),
        "build-web" => build_web::run(&place, rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        other => anyhow::bail!("there is no `{other}`\n\n{HELP}"),
    }
}
