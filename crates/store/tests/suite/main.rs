//! What the store promises, from outside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;
mod housekeeping;
mod identity;
mod journal;
mod receiving;
mod sending;
mod trouble;
