//! The benchmark `webhook`: how many are stored in a second, and how soon clients see them.

use std::path::PathBuf;

use anyhow::Result;
use tokio::runtime::Runtime;

use crate::burst::{self, Burst};
use crate::corpus::CUSTOMERS;
use crate::latency::{self, Audience, Latency};
use crate::load::{self, BATCHES, SINGLE, Shape};
use crate::machine::Machine;
use crate::report::{Figure, Table, Target, Unit, thousands};
use crate::server::{Server, Store};
use crate::statistics::median;

/// The store of `--full`.
const FULL_PRELOAD: u64 = 1_000_000;

/// No message of one seed repeats one of another. These are out of the way of runs, and of numbers of messages.
const INTRODUCTION_SEED: u64 = u64::MAX;
const FILL_SEED: u64 = u64::MAX - 1;

/// The measurements of throughput, in the order in which they are made.
const SHAPES: [(Part, Shape, &str, Target); 2] = [
    (Part::Single, SINGLE, "webhooks/s of 1 message", Target::AtLeast { promised: 8e3, aim: 15e3 }),
    (Part::Batch, BATCHES, "messages/s in webhooks of 50", Target::AtLeast { promised: 20e3, aim: 40e3 }),
];

/// What to measure, and for how long.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Seconds of each measurement of throughput, after 1 s of warm-up.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often everything is measured; median and spread are printed.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    runs: u64,
    /// Measures throughput also with a store that has at least this many messages.
    #[arg(long, value_name = "MESSAGES", default_value_t = 0)]
    preload: u64,
    /// The same as `--preload 1000000`.
    #[arg(long, conflicts_with = "preload")]
    full: bool,
    /// Measures with these stores, comma-separated, in turns; of more than one, what the others reach of the first.
    #[arg(long, value_delimiter = ',', default_value = "sqlite")]
    stores: Vec<Store>,
    /// Where the stores are made, each in a new folder that is deleted at the end. [default: the system's temporary
    /// folder]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Measures only these, comma-separated.
    #[arg(long, value_delimiter = ',', default_values_t = [Part::Single, Part::Batch, Part::Latency, Part::Burst])]
    only: Vec<Part>,
    /// Clients of the measurement with many.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=8_000))]
    clients: u16,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// One message in a webhook.
    Single,
    /// 50 messages in a webhook.
    Batch,
    /// From the POST to the clients.
    Latency,
    /// 1,000 updates in one webhook, to the answer and to a client.
    Burst,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Single => "single",
            Self::Batch => "batch",
            Self::Latency => "latency",
            Self::Burst => "burst",
        })
    }
}

/// Measures, prints each measurement when it is there, and the table.
pub(crate) fn run(options: &Options) -> Result<()> {
    let place = options.data_dir.clone().unwrap_or_else(std::env::temp_dir);
    let machine = Machine::look(&place)?.to_string();
    println!("{machine}\n");
    let bench = Bench {
        options: options.clone(),
        place,
        runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
    };
    let mut figures = bench.measure_empty()?;
    let preload = if options.full { FULL_PRELOAD } else { options.preload };
    if preload > 0 {
        let shares = bench.measure_full(preload, &figures)?;
        figures.extend(shares);
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let command = format!("cargo xtask bench {}", words.join(" "));
    println!("\n{}", Table { figures: &figures, machine, command });
    Ok(())
}

struct Bench {
    options: Options,
    place: PathBuf,
    /// On the thread that is pinned to the load's core whenever it runs.
    runtime: Runtime,
}

impl Bench {
    /// Every measurement has a store of its own, which knows the customers and little else.
    fn measure_empty(&self) -> Result<Vec<Figure>> {
        let mut stores: Vec<Runs> = self.options.stores.iter().map(|store| Runs::new(*store)).collect();
        for run in 1..=self.options.runs {
            for runs in &mut stores {
                self.measure_once(run, runs)?;
            }
        }
        let mut figures: Vec<Figure> = Vec::new();
        for (place, runs) in stores.iter().enumerate() {
            figures.extend(runs.rates(&stores[..place]));
            figures.extend(runs.times(self.audiences()));
            figures.extend(runs.bursts());
        }
        figures.retain(|figure| !figure.values.is_empty());
        Ok(figures)
    }

    fn measure_once(&self, run: u64, runs: &mut Runs) -> Result<()> {
        for (rates, (part, shape, name, _)) in runs.rates.iter_mut().zip(SHAPES) {
            if self.options.only.contains(&part) {
                rates.push(self.throughput((run, runs.store), name, shape)?);
            }
        }
        for (receipts, clients) in runs.receipts.iter_mut().zip(self.audiences()) {
            if self.options.only.contains(&Part::Latency) {
                receipts.push(self.latency((run, runs.store), clients)?);
            }
        }
        if self.options.only.contains(&Part::Burst) {
            runs.bursts.push(self.burst((run, runs.store))?);
        }
        Ok(())
    }

    fn audiences(&self) -> [u16; 2] {
        [1, self.options.clients]
    }

    /// One store is filled; it grows a little with each run.
    fn measure_full(&self, preload: u64, empty: &[Figure]) -> Result<Vec<Figure>> {
        let server = self.start(self.options.stores[0])?;
        let say = |stored, rate| {
            println!("filling: {} stored, the last at {}/s", thousands(stored as f64), thousands(rate));
        };
        let mut stored = self.runtime.block_on(load::fill(&server, FILL_SEED, preload, say))?;
        let mut figures = Vec::new();
        for (_, shape, name, _) in SHAPES {
            let Some(before) = empty.iter().find(|figure| figure.name == name) else { continue };
            let mut values = Vec::new();
            for run in 1..=self.options.runs {
                // What is stored is different each time, and so is the seed.
                let measuring = load::measure(&server, stored, shape, self.options.seconds);
                let measured = self.runtime.block_on(measuring)?;
                println!("run {run}, {name}, {} stored: {measured}", thousands(stored as f64));
                stored += measured.sent;
                values.push(measured.messages_per_second);
            }
            let share = |rate: &f64| rate / median(&before.values) * 1e2;
            let shares = values.iter().map(share).collect();
            let more = format!("{name}, {} and more stored", thousands(preload as f64));
            figures.push(Figure { name: more, values, unit: Unit::PerSecond, target: None });
            figures.push(Figure {
                name: "… of what it is with an empty store".to_owned(),
                values: shares,
                unit: Unit::Percent,
                target: Some(Target::Share(70.0)),
            });
        }
        server.check_stored(CUSTOMERS + stored)?;
        Ok(figures)
    }

    fn throughput(&self, (run, store): (u64, Store), name: &str, shape: Shape) -> Result<f64> {
        let server = self.start(store)?;
        let measured = self.runtime.block_on(load::measure(&server, run, shape, self.options.seconds))?;
        server.check_stored(CUSTOMERS + measured.sent)?;
        println!("run {run}, {name}{store}: {measured}");
        Ok(measured.messages_per_second)
    }

    fn latency(&self, (run, store): (u64, Store), clients: u16) -> Result<Latency> {
        let server = self.start(store)?;
        let audience = Audience { clients: clients.into(), messages_per_second: 50, seconds: 10 };
        let measured = self.runtime.block_on(latency::measure(&server, run, audience))?;
        server.check_stored(CUSTOMERS + measured.sent)?;
        println!("run {run}, POST to receipt at 50 messages/s, {clients} clients{store}: {measured}");
        Ok(measured)
    }

    fn burst(&self, (run, store): (u64, Store)) -> Result<Burst> {
        let server = self.start(store)?;
        let measured = self.runtime.block_on(burst::measure(&server, run))?;
        server.check_stored(CUSTOMERS + measured.sent)?;
        println!(
            "run {run}, a body of {} updates{store}: shown in {:.1} ms",
            burst::UPDATES,
            measured.shown.p50
        );
        Ok(measured)
    }

    /// A server with a new store to which every customer has written once.
    fn start(&self, store: Store) -> Result<Server> {
        let server = Server::start(&self.place, store)?;
        self.runtime.block_on(load::fill(&server, INTRODUCTION_SEED, CUSTOMERS, |_, _| ()))?;
        Ok(server)
    }
}

/// What was measured of one store, run by run.
struct Runs {
    store: Store,
    /// For each of [`SHAPES`].
    rates: [Vec<f64>; 2],
    /// For each audience.
    receipts: [Vec<Latency>; 2],
    bursts: Vec<Burst>,
}

impl Runs {
    fn new(store: Store) -> Self {
        Self { store, rates: Default::default(), receipts: Default::default(), bursts: Vec::new() }
    }

    fn bursts(&self) -> [Figure; 4] {
        let figure = |what: &str, target, value: fn(&Burst) -> f64| Figure {
            name: format!("a body of {} updates, {what}{}", burst::UPDATES, self.store),
            values: self.bursts.iter().map(value).collect(),
            unit: Unit::Millis,
            target,
        };
        [
            figure("stored, p50", None, |run| run.stored.p50),
            figure("shown, p50", Some(Target::Under(100.0)), |run| run.shown.p50),
            figure("shown, p99", None, |run| run.shown.p99),
            figure("shown, max", None, |run| run.shown.max),
        ]
    }

    /// Also as shares of the first store's, where there is one before this.
    fn rates(&self, before: &[Self]) -> Vec<Figure> {
        let mut figures = Vec::new();
        for (place, (.., name, target)) in SHAPES.into_iter().enumerate() {
            let values = self.rates[place].clone();
            let name = format!("{name}{}", self.store);
            let Some(first) = before.first() else {
                figures.push(Figure { name, values, unit: Unit::PerSecond, target: Some(target) });
                continue;
            };
            let share = |(rate, first): (&f64, &f64)| rate / first * 1e2;
            let shares = values.iter().zip(&first.rates[place]).map(share).collect();
            figures.push(Figure { name, values, unit: Unit::PerSecond, target: None });
            figures.push(Figure {
                name: "… of what it is on the first, run by run".to_owned(),
                values: shares,
                unit: Unit::Percent,
                target: Some(Target::Share(50.0)),
            });
        }
        figures
    }

    fn times(&self, audiences: [u16; 2]) -> impl Iterator<Item = Figure> {
        let store = self.store;
        self.receipts
            .iter()
            .zip(audiences)
            .flat_map(move |(runs, clients)| receipt_figures(runs, (clients, store)))
    }
}

fn receipt_figures(runs: &[Latency], (clients, store): (u16, Store)) -> [Figure; 3] {
    let target = (clients == 1 && store == Store::Sqlite).then_some(Target::Under(2.0));
    let figure = |quantile: &str, target, value: fn(&Latency) -> f64| Figure {
        name: format!("POST to receipt, 50 messages/s, clients: {clients}, {quantile}{store}"),
        values: runs.iter().map(value).collect(),
        unit: Unit::Millis,
        target,
    };
    [
        figure("p50", target, |run| run.receipt.p50),
        figure("p99", None, |run| run.receipt.p99),
        figure("max", None, |run| run.receipt.max),
    ]
}
