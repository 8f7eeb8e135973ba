//! The benchmark `fanout`: our engine, Node's and the lower bound side by side, each alone on its core in turn.
//!
//! Start reading at `peer.rs` (what is compared), then `delivery.rs`, `memory.rs` and `connecting.rs` (what is measured).
//! `ledger.rs` is the proof that every client got every message once and in order: without it there is no figure.

mod connecting;
mod delivery;
pub(crate) mod handshake;
mod ledger;
pub(crate) mod load;
pub(crate) mod memory;
mod message;
pub(crate) mod peer;
mod table;

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::machine::Machine;
use connecting::Crowd as Newcomers;
use delivery::Audience;
use handshake::Transports;
use load::Pace;
use memory::Crowd;
use peer::{PEERS, Peer, Programs, Server};
use table::{Figure, Sheet};

/// Messages a second of what is paced.
const RATE: u32 = 50;
/// Seconds of it before the measured ones.
const WARM_UP_SECONDS: usize = 2;

/// What to measure, and for how long.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    programs: Programs,
    /// Measures only these, comma-separated.
    #[arg(long, value_delimiter = ',', default_values_t = [Part::Burst, Part::Paced, Part::Memory, Part::Connect])]
    only: Vec<Part>,
    /// Measures only these servers, comma-separated.
    #[arg(long, value_delimiter = ',', default_values_t = PEERS)]
    peers: Vec<Peer>,
    /// How often everything is measured; median and spread are printed. [default: 3, and 1 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: Option<u32>,
    /// Seconds of each measurement at a pace, after 2 s of warm-up. [default: 10, and 2 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=600))]
    seconds: Option<u16>,
    /// A short check that everything works; the figures are worth little.
    #[arg(long)]
    quick: bool,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Messages back to back, to 500 and to 5,000 clients.
    Burst,
    /// 50 messages a second, to 500 clients and to one.
    Paced,
    /// What idle connections keep.
    Memory,
    /// What letting a client in costs.
    Connect,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Burst => "burst",
            Self::Paced => "paced",
            Self::Memory => "memory",
            Self::Connect => "connect",
        })
    }
}

/// How much of everything.
struct Plan {
    runs: u32,
    bursts: [Audience; 2],
    paced: [Audience; 2],
    crowd: Crowd,
    newcomers: Newcomers,
}

impl Plan {
    fn of(options: &Options) -> Self {
        // By how much a short check is shorter.
        let (part, runs, seconds, idle) = if options.quick { (8, 1, 2, 2) } else { (1, 3, 10, 10) };
        let seconds = usize::from(options.seconds.unwrap_or(seconds));
        let rate = RATE as usize;
        let burst = |clients, messages: usize| Audience {
            clients,
            warm_up: messages / 5,
            messages: messages / part,
            pace: Pace::BackToBack,
        };
        let paced = |clients| Audience {
            clients,
            warm_up: WARM_UP_SECONDS * rate,
            messages: seconds * rate,
            pace: Pace::PerSecond(RATE),
        };
        Self {
            runs: options.runs.unwrap_or(runs),
            bursts: [burst(500, 2_000), burst(5_000, 200)],
            paced: [paced(500), paced(1)],
            crowd: Crowd { clients: 9_000 / part, idle: Duration::from_secs(idle) },
            newcomers: Newcomers { warm_up: 500, clients: 4_000 / part },
        }
    }
}

/// Measures, prints each measurement when it is there, and the table.
pub(crate) fn run(options: &Options) -> Result<()> {
    raise_descriptor_limit()?;
    let machine = Machine::look(&std::env::temp_dir())?;
    println!("{machine}\n");
    let plan = Plan::of(options);
    let mut bench = Bench { options, sheet: Sheet::default(), run: 0, disturbed: 0 };
    for run in 1..=plan.runs {
        bench.run = run;
        for part in &options.only {
            for peer in PEERS.into_iter().filter(|peer| options.peers.contains(peer)) {
                bench.measure(*part, peer, &plan).with_context(|| format!("{part}, {peer}"))?;
            }
        }
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("\n`cargo xtask bench {}`\non {machine}.\n\n{}", words.join(" "), bench.sheet);
    if bench.disturbed > 0 {
        println!("DISTURBED: measurements during which others used a core: {}.", bench.disturbed);
    }
    Ok(())
}

struct Bench<'a> {
    options: &'a Options,
    sheet: Sheet,
    run: u32,
    disturbed: u32,
}

/// The figures that deliveries to an audience give.
#[derive(Clone, Copy)]
struct Told {
    cpu: Figure,
    rate: Option<Figure>,
    p50: Figure,
    p99: Figure,
}

const BURSTS: [Told; 2] = [
    Told {
        cpu: Figure::BurstCpu,
        rate: Some(Figure::BurstRate),
        p50: Figure::BurstP50,
        p99: Figure::BurstP99,
    },
    Told {
        cpu: Figure::CrowdCpu,
        rate: Some(Figure::CrowdRate),
        p50: Figure::CrowdP50,
        p99: Figure::CrowdP99,
    },
];
const PACED: [Told; 2] = [
    Told { cpu: Figure::PacedCpu, rate: None, p50: Figure::PacedP50, p99: Figure::PacedP99 },
    Told { cpu: Figure::LonelyCpu, rate: None, p50: Figure::LonelyP50, p99: Figure::LonelyP99 },
];
const MEMORY: [(Transports, Figure, Figure); 2] = [
    (Transports::WebSocket, Figure::Memory, Figure::MemoryAfterBurst),
    (Transports::Default, Figure::UpgradedMemory, Figure::UpgradedMemoryAfterBurst),
];
const CONNECT: [(Transports, Figure); 2] =
    [(Transports::WebSocket, Figure::Connect), (Transports::Default, Figure::ConnectDefault)];

impl Bench<'_> {
    /// Every measurement has a server of its own.
    fn measure(&mut self, part: Part, peer: Peer, plan: &Plan) -> Result<()> {
        match part {
            Part::Burst => {
                plan.bursts.iter().zip(BURSTS).try_for_each(|(to, told)| self.deliver(peer, to, told))
            }
            Part::Paced => {
                plan.paced.iter().zip(PACED).try_for_each(|(to, told)| self.deliver(peer, to, told))
            }
            Part::Memory => {
                for (transports, idle, after_burst) in MEMORY.into_iter().filter(|(by, ..)| peer.speaks(*by))
                {
                    let kept = memory::measure(&self.start(peer)?, plan.crowd, transports)?;
                    self.say(peer, &format!("memory of {}, {transports}", plan.crowd.clients), &kept);
                    self.sheet.note(peer, idle, kept.idle);
                    self.sheet.note(peer, after_burst, kept.after_burst);
                    if transports == Transports::WebSocket {
                        self.sheet.note(peer, Figure::Sockets, kept.sockets_idle);
                        self.sheet.note(peer, Figure::SocketsAfterBurst, kept.sockets_after_burst);
                    }
                }
                Ok(())
            }
            Part::Connect => {
                for (transports, figure) in CONNECT.into_iter().filter(|(by, _)| peer.speaks(*by)) {
                    let connected = connecting::measure(&self.start(peer)?, plan.newcomers, transports)?;
                    self.disturbed += u32::from(connected.used.is_disturbed());
                    self.say(peer, &format!("connect {}, {transports}", plan.newcomers.clients), &connected);
                    self.sheet.note(peer, figure, connected.micros());
                }
                Ok(())
            }
        }
    }

    fn deliver(&mut self, peer: Peer, audience: &Audience, told: Told) -> Result<()> {
        let delivered = delivery::measure(&self.start(peer)?, audience)?;
        let Audience { clients, messages, pace, .. } = audience;
        self.disturbed += u32::from(delivered.used.is_disturbed());
        self.say(peer, &format!("{messages} messages {pace} to {clients}"), &delivered);
        let latency = delivered.account.latency;
        self.sheet.note(peer, told.cpu, delivered.micros());
        self.sheet.note(peer, told.p50, latency.p50);
        self.sheet.note(peer, told.p99, latency.p99);
        if let Some(rate) = told.rate {
            self.sheet.note(peer, rate, delivered.per_second());
        }
        Ok(())
    }

    fn start(&self, peer: Peer) -> Result<Server> {
        Server::start(peer, &self.options.programs)
    }

    fn say(&self, peer: Peer, what: &str, measured: &dyn fmt::Display) {
        println!("run {}, {what}, {peer}: {measured}", self.run);
    }
}

/// Thousands of connections need as many descriptors, here and in the servers, which inherit the limit.
pub(crate) fn raise_descriptor_limit() -> Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .context("cannot raise the limit of descriptors")
}
