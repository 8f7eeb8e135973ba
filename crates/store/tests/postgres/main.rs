//! The suite once more, on PostgreSQL; and what holds only there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../suite/accounts.rs"]
mod accounts;
#[path = "../suite/audit.rs"]
mod audit;
#[path = "../suite/calls.rs"]
mod calls;
#[path = "../suite/changes.rs"]
mod changes;
#[path = "../suite/data_keys.rs"]
mod data_keys;
#[path = "../suite/fields.rs"]
mod fields;
#[path = "../suite/fixture.rs"]
mod fixture;
mod ground;
#[path = "../suite/housekeeping.rs"]
mod housekeeping;
#[path = "../suite/identity.rs"]
mod identity;
#[path = "../suite/journal.rs"]
mod journal;
#[path = "../suite/keys.rs"]
mod keys;
#[path = "../suite/letters.rs"]
mod letters;
#[path = "../suite/listing.rs"]
mod listing;
#[path = "../suite/merging.rs"]
mod merging;
#[path = "../suite/orders.rs"]
mod orders;
mod outside;
#[path = "../suite/past.rs"]
mod past;
#[path = "../suite/positions.rs"]
mod positions;
mod proxy;
#[path = "../suite/reach.rs"]
mod reach;
#[path = "../suite/receiving.rs"]
mod receiving;
#[path = "../suite/sending.rs"]
mod sending;
#[path = "../suite/sessions.rs"]
mod sessions;
mod start;
mod tls;
mod trouble;

use waypost_store::Threads;

/// Who does the work in this run of the suite; `../inline_postgres` is the other one.
const THREADS: Threads = Threads::Own;
