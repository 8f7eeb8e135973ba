//! The simulation: stock clients, the wire, the hub, the recovery and SQLite in one thread, under a clock that only the
//! script moves, with everything that is random out of one seed. Connections break at any byte and the server is killed
//! at any step; afterwards what every client was shown is checked against the journal.
//!
//! `SIMULATION_SEED=7 cargo nextest run -p waypost-inbox --test simulation the_seed_that_is_named` repeats one seed with
//! its log, `SIMULATION_SEEDS=1000..9000` beside the same test runs many.

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

use script::{End, Script};

/// What came of a seed.
struct Outcome {
    log: Vec<String>,
    wrong: Option<String>,
}

fn run(seed: u64) -> Outcome {
    let mut script = Script::new(seed);
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
fn check(seeds: Range<u64>) {
    for seed in seeds {
        let outcome = std::panic::catch_unwind(|| run(seed));
        let repeat = format!(
            "SIMULATION_SEED={seed} cargo nextest run -p waypost-inbox --test simulation the_seed_that_is_named --no-capture"
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
const BLOCKS: u64 = 8;

fn check_block(block: u64) {
    let size = SEEDS / BLOCKS;
    check(block * size..(block + 1) * size);
}

macro_rules! blocks {
    ($($name:ident: $block:literal,)*) => {
        $(#[test]
        fn $name() {
            check_block($block);
        })*
    };
}

blocks! {
    nobody_misses_anything_in_block_0: 0,
    nobody_misses_anything_in_block_1: 1,
    nobody_misses_anything_in_block_2: 2,
    nobody_misses_anything_in_block_3: 3,
    nobody_misses_anything_in_block_4: 4,
    nobody_misses_anything_in_block_5: 5,
    nobody_misses_anything_in_block_6: 6,
    nobody_misses_anything_in_block_7: 7,
}

#[test]
fn the_same_seed_does_the_same() {
    for seed in [1, 2, 3, 40, 500] {
        let (first, second) = (run(seed).log, run(seed).log);
        assert!(first.len() > 10);
        for (one, other) in first.iter().zip(&second) {
            assert_eq!(one, other, "seed {seed}");
        }
        assert_eq!(first.len(), second.len());
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever repeats a seed names it")]
fn the_seed_that_is_named() {
    if let Ok(seed) = std::env::var("SIMULATION_SEED") {
        let outcome = run(seed.parse().unwrap());
        for line in &outcome.log {
            println!("{line}");
        }
        assert_eq!(outcome.wrong, None);
    }
    if let Ok(seeds) = std::env::var("SIMULATION_SEEDS") {
        let (first, end) = seeds.split_once("..").unwrap();
        check(first.parse().unwrap()..end.parse().unwrap());
    }
}
