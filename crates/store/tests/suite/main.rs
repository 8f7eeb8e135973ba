//! What the store promises, from outside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod audit;
mod calls;
mod changes;
mod data_keys;
mod fields;
mod fixture;
mod ground;
mod housekeeping;
mod identity;
mod journal;
mod keys;
mod letters;
mod listing;
mod merging;
mod orders;
mod past;
mod positions;
mod reach;
mod receiving;
mod sending;
mod sessions;
mod trouble;

use waypost_store::Threads;

/// Who does the work in this run of the suite; `../inline` is the other one.
const THREADS: Threads = Threads::Own;
