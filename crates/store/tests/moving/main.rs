//! A store in files is moved to PostgreSQL, and is the same store there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod audit;
mod content;
mod database;
#[expect(dead_code, reason = "the suite needs more of it")]
#[path = "../suite/ground.rs"]
mod files;
#[expect(dead_code, reason = "the suite needs more of it")]
#[path = "../suite/fixture.rs"]
mod fixture;
mod ground;
mod interruption;
mod rows;
mod same;
mod sources;
mod targets;

use waypost_store::Threads;

const THREADS: Threads = Threads::Own;
