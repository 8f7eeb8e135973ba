//! The benchmark `soak`: rounds of clients that come, half come and go in every manner, against the engine alone.
//!
//! A round ends when the server says that nobody is there and its descriptors are as many as when it was fresh. What
//! stays after that is a leak: descriptors and tasks must be exactly as many, memory may be a little more (an allocator
//! keeps pages). Start reading at `visitor.rs`, which says what clients do; `look.rs` says what is looked at.

mod look;
mod visitor;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::time::Instant;

use crate::fanout::handshake::{self, NETS, Transports};
use crate::fanout::load::{Load, Pace};
use crate::fanout::peer::Server;
use crate::fanout::raise_descriptor_limit;
use crate::machine::Machine;
use look::Look;
use visitor::{Leave, VISITS};

/// Messages before the first round, so that the server's ring is full (8,192 events) and its growth is not taken for a
/// leak, and the clients that get them.
const FILL: usize = 9_000;
const FILL_CLIENTS: usize = 64;
/// Messages of a round.
const MESSAGES: usize = 64;
/// How long a server may take to be rid of clients. The longest that it waits for one is its ping: 9 s.
const SETTLE_MAX: Duration = Duration::from_secs(30);
const SETTLE_STEP: Duration = Duration::from_millis(200);
/// For the allocator to give pages back.
const REST: Duration = Duration::from_secs(1);
/// The round that memory is compared with: what grows once has grown by then.
const SETTLED_ROUND: usize = 3;
/// The last rounds, of which the greatest counts.
const LAST_ROUNDS: usize = 3;
/// How much more memory there may be at the end, in percent and in bytes.
const GROWTH_PERCENT_MAX: u64 = 5;
const GROWTH_BYTES_MAX: u64 = 1_000_000;

/// How much comes and goes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The example `fanout` of `waypost-realtime`, a release build.
    #[arg(long, value_name = "FILE", env = "BENCH_FANOUT_BIN", hide = true)]
    fanout_bin: PathBuf,
    /// How often everybody comes and goes.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(6..=100_000))]
    rounds: u32,
    /// Clients of a round: half of them join, by WebSocket and by default transports; the others come half way.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(100..=8_000))]
    clients: u32,
}

/// Soaks, prints what is there after each round, and the verdict.
pub(crate) fn run(options: &Options) -> Result<()> {
    raise_descriptor_limit()?;
    let machine = Machine::look(&std::env::temp_dir())?;
    println!("{machine}\n");
    let mut command = Command::new(&options.fanout_bin);
    command.arg("--hasty");
    let server = Server::spawn(command, "fanout --hasty")?;
    let fresh = Look::at(&server)?;
    println!("fresh: {fresh}");
    fill(&server)?;
    println!("ring filled: {}", settle(&server, &fresh)?);
    let start = Instant::now();
    let mut looks = Vec::new();
    for round in 1..=options.rounds {
        visit(&server, options.clients as usize).with_context(|| format!("round {round}"))?;
        let look = settle(&server, &fresh).with_context(|| format!("round {round}"))?;
        println!("round {round}, {:.0} s: {look}", start.elapsed().as_secs_f64());
        looks.push(look);
    }
    let clients = options.rounds * options.clients;
    let verdict = verdict(&looks)?;
    println!("\n{clients} clients in {:.0} s, on {machine}: {verdict}", start.elapsed().as_secs_f64());
    Ok(())
}

fn fill(server: &Server) -> Result<()> {
    let joined = handshake::join(server, FILL_CLIENTS, Transports::WebSocket)?;
    Load::new(server, joined)?.publish(FILL, Pace::BackToBack)?.close()?;
    Ok(())
}

/// One round: some join, others come half way, messages go to those who joined, everybody goes.
fn visit(server: &Server, clients: usize) -> Result<()> {
    let mut joined = handshake::join(server, clients / 4, Transports::WebSocket)?;
    joined.extend(handshake::join(server, clients / 4, Transports::Default)?);
    let mut load = Load::new(server, joined)?;
    let mut staying = Vec::new();
    for (number, net) in (0..clients / 2).zip(NETS.cycle()) {
        let visit = VISITS[number % VISITS.len()];
        let streams = visit(server.address(net)).context("a client that comes half way")?;
        // Half of each kind go at once, and half of those abruptly.
        let leave = Leave::abruptly_or_not(number / VISITS.len());
        match number / VISITS.len() % 4 {
            0 | 1 => streams.iter().try_for_each(|stream| leave.end(stream))?,
            _ => staying.extend(streams.into_iter().map(|stream| (leave, stream))),
        }
    }
    load.publish(MESSAGES, Pace::BackToBack)?.close()?;
    for (number, stream) in load.into_streams().enumerate() {
        Leave::of_a_member(number).end(&stream)?;
    }
    for (leave, stream) in staying {
        leave.end(&stream)?;
    }
    Ok(())
}

/// Waits until nobody is there and as many descriptors are open as when the server was fresh.
fn settle(server: &Server, fresh: &Look) -> Result<Look> {
    let nothing = |time| Load::new(server, Vec::new())?.idle(time);
    let start = Instant::now();
    loop {
        let look = Look::at(server)?;
        if look.holds_as_many_as(fresh) {
            nothing(REST)?;
            return Look::at(server);
        }
        if start.elapsed() > SETTLE_MAX {
            bail!(
                "LEAK: {} s after everybody has gone there are {look}; fresh: {fresh}",
                SETTLE_MAX.as_secs()
            );
        }
        nothing(SETTLE_STEP)?;
    }
}

/// Descriptors and tasks have been compared after each round.
fn verdict(looks: &[Look]) -> Result<String> {
    let settled = looks.get(SETTLED_ROUND - 1).context("there are more rounds than that")?.resident_bytes;
    let last = looks.iter().rev().take(LAST_ROUNDS).map(|look| look.resident_bytes).max().unwrap_or(0);
    let most = settled + settled * GROWTH_PERCENT_MAX / 100 + GROWTH_BYTES_MAX;
    let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    let (settled, last_text, most_text) = (megabytes(settled), megabytes(last), megabytes(most));
    ensure!(last <= most, "LEAK: {last_text} at the end, {settled} after round {SETTLED_ROUND}");
    Ok(format!(
        "no leak: descriptors and tasks are as many after each round as when fresh, and memory is {last_text} at the end, \
         {settled} after round {SETTLED_ROUND} (at most {most_text})"
    ))
}

#[cfg(test)]
mod tests {
    use super::{Look, verdict};

    fn rounds(megabytes: &[u64]) -> Vec<Look> {
        megabytes.iter().map(|megabytes| Look::of_memory(megabytes * 1_000_000)).collect()
    }

    #[test]
    fn memory_that_goes_on_growing_is_a_leak_and_that_of_the_first_rounds_is_not() {
        assert!(verdict(&rounds(&[20, 30, 40, 41, 40, 43])).is_ok());
        assert!(verdict(&rounds(&[20, 30, 40, 44, 40, 40])).is_err());
        assert!(verdict(&rounds(&[20, 30, 40, 42, 43, 44])).is_err());
    }
}
