//! The benchmark `parse`: what verifying and reading a webhook costs, in process and without a store.

use std::fs;
use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::time::Instant;
use waypost_cloud_api::{AppSecrets, SignatureHeader, parse, sign};
use waypost_domain::{Fact, Timestamp};

use crate::corpus::Corpus;
use crate::machine::{Machine, SERVER_CORE, pin_to};
use crate::report::{Figure, Table, Target, Unit};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Messages of a body.
const SIZES: [u64; 3] = [1, 50, 1_000];

/// Different messages that are read in turn, so that no cache knows them by heart.
const MESSAGES: u64 = 2_000;

/// What a message may cost, in microseconds.
const AIM_MICROS: f64 = 10.0;

/// For how long to measure.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// How often everything is measured; median and spread are printed.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=100))]
    runs: u64,
}

/// A body as it comes, with the value of its signature header.
struct Body {
    bytes: String,
    signature: String,
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<()> {
    let machine = Machine::look(&std::env::temp_dir())?;
    pin_to(SERVER_CORE)?;
    let secrets = AppSecrets::new([SECRET]).context("a secret that is not blank")?;
    let mut figures = Vec::new();
    for size in SIZES {
        let bodies = bodies(size);
        let mut values = Vec::new();
        for _ in 0..options.runs {
            values.push(measure(&secrets, &bodies, Duration::from_secs(options.seconds))?);
        }
        figures.push(Figure {
            name: format!("verify and parse a text message, {size} in a body"),
            values,
            unit: Unit::Micros,
            target: Some(Target::UnderMicros(AIM_MICROS)),
        });
    }
    let command = format!("cargo xtask bench parse --seconds {} --runs {}", options.seconds, options.runs);
    println!("{}", Table { figures: &figures, machine: machine.to_string(), command });
    Ok(())
}

fn bodies(size: u64) -> Vec<Body> {
    let mut corpus = Corpus::new(size, SECRET, SocketAddr::from((Ipv4Addr::LOCALHOST, 80)));
    let bodies = (0..(MESSAGES / size).max(1)).map(|_| corpus.body(size, None));
    bodies.map(|bytes| Body { signature: sign(SECRET, bytes.as_bytes()), bytes }).collect()
}

/// Microseconds of this thread's core for a message: others on the core do not count.
fn measure(secrets: &AppSecrets, bodies: &[Body], time: Duration) -> Result<f64> {
    let received = Timestamp::from_millis(waypost_testkit::unix_seconds() * 1_000);
    let start = Instant::now();
    let used = core_nanos()?;
    let mut messages = 0_usize;
    while start.elapsed() < time {
        for body in bodies {
            let header = SignatureHeader::parse(body.signature.as_bytes())?;
            secrets.verify(&header, body.bytes.as_bytes())?;
            let facts = black_box(parse(body.bytes.as_bytes(), received));
            ensure!(
                facts.iter().all(|fact| matches!(fact, Fact::Message(_))),
                "a message was not understood"
            );
            messages += facts.len();
        }
    }
    Ok((core_nanos()? - used) as f64 / 1e3 / messages as f64)
}

/// Nanoseconds that this thread has had of a core.
fn core_nanos() -> Result<u64> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").context("the kernel counts no times")?;
    let had = stat.split_whitespace().next().context("no time of this thread")?;
    Ok(had.parse()?)
}
