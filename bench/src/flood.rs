//! The benchmark `flood`: what a client that does little waits, alone and beside floods.
//!
//! In each run one server is measured twice, first alone and then with a flood of every kind under way. A flood has a few
//! connections of its own, each of which asks again as soon as it has its answer: that is as hard as one core can knock.
//! How each knocks says `flood/floods.rs`.

mod floods;
mod quiet;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Runtime;

use crate::corpus::CUSTOMERS;
use crate::load;
use crate::machine::Machine;
use crate::report::{Figure, Table, Target, Unit};
use crate::server::{Server, Store};
use floods::Floods;
use quiet::{Quiet, Waits};

/// The introduction of customers repeats no message that is measured.
const INTRODUCTION_SEED: u64 = u64::MAX;
/// So long the flood runs before anything is measured: what it may do at once is used up by then.
const WARM_UP: Duration = Duration::from_secs(3);

/// What to measure, and for how long.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Seconds of each of the two measurements of a run.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often everything is measured; median and spread are printed.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    runs: u64,
    /// Connections of each flood.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    connections: u16,
    /// Where the stores are made, each in a new folder that is deleted at the end. [default: the system's temporary
    /// folder]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Measures, prints each run when it is there, and the table.
pub(crate) fn run(options: &Options) -> Result<()> {
    let place = options.data_dir.clone().unwrap_or_else(std::env::temp_dir);
    let machine = Machine::look(&place)?.to_string();
    println!("{machine}\n");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut runs = Vec::new();
    for run in 1..=options.runs {
        let server = Server::start(&place, Store::Sqlite)?;
        runtime.block_on(load::fill(&server, INTRODUCTION_SEED, CUSTOMERS, |_, _| ()))?;
        runs.push(measure(&runtime, &server, (run, options))?);
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let command = format!("cargo xtask bench {}", words.join(" "));
    println!("\n{}", Table { figures: &figures(&runs), machine, command });
    Ok(())
}

/// What was measured in one run.
struct Run {
    alone: Waits,
    flooded: Waits,
}

fn measure(runtime: &Runtime, server: &Server, (run, options): (u64, &Options)) -> Result<Run> {
    let seconds = options.seconds;
    runtime.block_on(async {
        let mut quiet = Quiet::begin(server, run).await?;
        let alone = quiet.watch(seconds).await?;
        println!("run {run}, alone: {alone}");
        let mut floods = Floods::begin(server, options.connections);
        tokio::time::sleep(WARM_UP).await;
        let flooded = quiet.watch(seconds).await?;
        println!("run {run}, flooded: {flooded}; {}", floods.end().await?);
        Ok(Run { alone, flooded })
    })
}

/// Takes one figure out of what was measured.
struct P99(fn(&Waits) -> f64);

fn figures(runs: &[Run]) -> Vec<Figure> {
    let both = [
        ("a join to its ack, p99", P99(|waits| waits.join.p99)),
        ("a POST of Meta's to the client's receipt, p99", P99(|waits| waits.receipt.p99)),
    ];
    let mut figures = Vec::new();
    for (name, P99(p99)) in both {
        let figure = |more: &str, values, (unit, target)| Figure {
            name: format!("{name}{more}"),
            values,
            unit,
            target,
        };
        let of = |value: fn(&Run) -> &Waits| runs.iter().map(|run| p99(value(run))).collect::<Vec<_>>();
        figures.push(figure(", alone", of(|run| &run.alone), (Unit::Millis, None)));
        figures.push(figure(", flooded", of(|run| &run.flooded), (Unit::Millis, None)));
        let shares = runs.iter().map(|run| p99(&run.flooded) / p99(&run.alone) * 1e2).collect();
        figures.push(figure(
            ", of what it is alone",
            shares,
            (Unit::Percent, Some(Target::ShareAtMost(200.0))),
        ));
    }
    figures
}
