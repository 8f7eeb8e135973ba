//! The simulation: stock clients, the wire, the hub, the recovery and the store in one thread, under a clock that only the
//! script moves, with everything that is random out of one seed. Connections break at any byte and the server is killed
//! at any step; afterwards what every client was shown is checked against the journal.
//!
//! `SIMULATION_SEED=7 cargo nextest run -p waypost-inbox --test simulation the_seed_that_is_named` repeats one seed with
//! its log, `SIMULATION_SEEDS=1000..9000` beside the same test runs many. Runs are on SQLite; with `SIMULATION_STORE=postgres`
//! on PostgreSQL, with `SIMULATION_STORE=postgres-of-two` while another node appends there too.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod application;
mod chain;
mod client;
mod clock;
mod connection;
mod dice;
mod disk;
mod facts;
mod finale;
mod ledger;
mod script;
mod world;

use std::ops::Range;
use std::panic::AssertUnwindSafe;

use disk::{Ground, Nodes};
use script::{End, Script};

/// What came of a seed.
struct Outcome {
    log: Vec<String>,
    wrong: Option<String>,
}

fn run(seed: u64, ground: &Ground) -> Outcome {
    let mut script = Script::new(seed, ground);
    loop {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let end = runtime.block_on(script.run_server());
        drop(runtime);
        if end == End::Done {
            break;
        }
        script.pause();
    }
    Outcome { log: script.world.logged(), wrong: script.world.ledger.first_wrong() }
}

/// Runs seeds until one fails.
fn check(seeds: Range<u64>, ground: &Ground) {
    for seed in seeds {
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| run(seed, ground)));
        let store = match ground {
            Ground::Sqlite => "",
            Ground::Postgres(_, Nodes::Two) => "SIMULATION_STORE=postgres-of-two ",
            Ground::Postgres(_, Nodes::One) => "SIMULATION_STORE=postgres ",
        };
        let repeat = format!(
            "{store}SIMULATION_SEED={seed} cargo nextest run -p waypost-inbox --test simulation the_seed_that_is_named --no-capture"
        );
        match outcome {
            Err(_) => panic!("seed {seed} panics; to repeat it: {repeat}"),
            Ok(Outcome { wrong: Some(what), log }) => {
                let last = log[log.len().saturating_sub(30)..].join("\n");
                panic!("seed {seed}: {last}\n{what}\nto repeat it: {repeat}");
            }
            Ok(Outcome { wrong: None, .. }) => {}
        }
    }
}

const SEEDS: u64 = 1_000;
/// Fewer, since each question crosses to the server and back: for the paths of the back end, not of the recovery.
const SEEDS_ON_POSTGRES: u64 = 64;
const BLOCKS: u64 = 8;
const BLOCKS_ON_POSTGRES: u64 = 4;

fn check_block(block: u64) {
    let size = SEEDS / BLOCKS;
    check(block * size..(block + 1) * size, &Ground::Sqlite);
}

fn check_block_on_postgres(block: u64) {
    let nodes = if block < BLOCKS_ON_POSTGRES / 2 { Nodes::One } else { Nodes::Two };
    let Some(ground) = Ground::postgres(nodes) else { return };
    let size = SEEDS_ON_POSTGRES / BLOCKS_ON_POSTGRES;
    check(block * size..(block + 1) * size, &ground);
}

macro_rules! blocks {
    ($check:ident: $($name:ident: $block:literal,)*) => {
        $(#[test]
        fn $name() {
            $check($block);
        })*
    };
}

blocks! {
    check_block:
    nobody_misses_anything_in_block_0: 0,
    nobody_misses_anything_in_block_1: 1,
    nobody_misses_anything_in_block_2: 2,
    nobody_misses_anything_in_block_3: 3,
    nobody_misses_anything_in_block_4: 4,
    nobody_misses_anything_in_block_5: 5,
    nobody_misses_anything_in_block_6: 6,
    nobody_misses_anything_in_block_7: 7,
}

blocks! {
    check_block_on_postgres:
    nobody_misses_anything_on_postgres_in_block_0: 0,
    nobody_misses_anything_on_postgres_in_block_1: 1,
    nobody_misses_anything_on_postgres_in_block_2: 2,
    nobody_misses_anything_on_postgres_in_block_3: 3,
}

/// What clients are told is the same to the byte, on whatever back end.
fn check_same(seed: u64, grounds: [&Ground; 2]) {
    let [first, second] = grounds.map(|ground| run(seed, ground));
    assert!(first.log.len() > 10);
    for (one, other) in first.log.iter().zip(&second.log) {
        assert_eq!(one, other, "seed {seed}");
    }
    assert_eq!(first.log.len(), second.log.len());
}

#[test]
fn the_same_seed_does_the_same() {
    for seed in [1, 2, 3, 40, 500] {
        check_same(seed, [&Ground::Sqlite; 2]);
    }
}

#[test]
fn the_same_seed_does_the_same_on_both_back_ends() {
    let Some(postgres) = Ground::postgres(Nodes::One) else { return };
    for seed in [1, 2, 3, 40, 500] {
        check_same(seed, [&Ground::Sqlite, &postgres]);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever repeats a seed names it")]
fn the_seed_that_is_named() {
    let ground = match std::env::var("SIMULATION_STORE").as_deref() {
        Ok("postgres") => Ground::postgres(Nodes::One).unwrap(),
        Ok("postgres-of-two") => Ground::postgres(Nodes::Two).unwrap(),
        _ => Ground::Sqlite,
    };
    if let Ok(seed) = std::env::var("SIMULATION_SEED") {
        let outcome = run(seed.parse().unwrap(), &ground);
        for line in &outcome.log {
            println!("{line}");
        }
        assert_eq!(outcome.wrong, None);
    }
    if let Ok(seeds) = std::env::var("SIMULATION_SEEDS") {
        let (first, end) = seeds.split_once("..").unwrap();
        check(first.parse().unwrap()..end.parse().unwrap(), &ground);
    }
}
