//! The load generator: drives a release binary from outside, on another core, and prints what it measured.
//!
//! `cargo xtask bench` builds the binary and runs this. Start reading at [`webhook`], which says what is measured; then
//! `load.rs` and `latency.rs`, which say how. [`fanout`] and [`soak`] drive the engine without a store;
//! `fanout/load.rs` says how. [`flood`] has many clients that harm, and one that is to notice nothing. They all know a server only by its wire: requests are ready bytes, clients are sockets, and
//! CPU time is what the kernel says. [`rooms`] and [`instructions`] run a program that has the clients in itself, and
//! [`parse`] calls what it measures.

#![expect(clippy::print_stdout, reason = "to print is what a benchmark is for")]

mod bare;
mod burst;
mod client;
mod corpus;
mod fanout;
mod flood;
mod http;
mod instructions;
mod latency;
mod load;
mod machine;
mod parse;
mod report;
mod rooms;
mod server;
mod soak;
mod statistics;
mod usage;
mod webhook;

use clap::{Parser, Subcommand};

/// Benchmarks of release builds. What is measured is started for it and runs on core 0; a load runs on core 1.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Subcommand)]
enum Benchmark {
    /// Webhooks stored in a second, one by one and in batches of 50, and the time from a POST to a client's receipt.
    Webhook(webhook::Options),
    /// Events shown to many clients: the engine alone, beside Node's `socket.io` and a lower bound.
    Fanout(fanout::Options),
    /// What a client that does little waits, alone and beside floods of events, joins, connections, requests and logins.
    Flood(flood::Options),
    /// Instructions of a publish and of a delivery, counted by valgrind: no clock, no kernel, and nearly no noise.
    Instructions(rooms::Options),
    /// Microseconds to verify and to read a message, alone and in large bodies, in process.
    Parse(parse::Options),
    /// What joining, leaving and disconnecting cost as rooms grow in size and number, in process and without a kernel.
    Rooms(rooms::Options),
    /// Rounds of clients that come, half come and go in every manner: whether descriptors and memory return.
    Soak(soak::Options),
    /// The lower bound of `fanout`, which starts it.
    #[command(hide = true)]
    Bare,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().benchmark {
        Benchmark::Webhook(options) => webhook::run(&options),
        Benchmark::Fanout(options) => fanout::run(&options),
        Benchmark::Flood(options) => flood::run(&options),
        Benchmark::Instructions(options) => instructions::run(&options),
        Benchmark::Parse(options) => parse::run(&options),
        Benchmark::Rooms(options) => rooms::run(&options),
        Benchmark::Soak(options) => soak::run(&options),
        Benchmark::Bare => bare::run(),
    }
}
