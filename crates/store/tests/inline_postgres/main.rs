//! The suite on PostgreSQL once more, with everything within the caller's call; and what holds only there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../suite/accounts.rs"]
mod accounts;
#[path = "../suite/audit.rs"]
mod audit;
#[path = "../inline/caller.rs"]
mod caller;
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
#[path = "../postgres/ground.rs"]
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
#[path = "../suite/past.rs"]
mod past;
#[path = "../suite/positions.rs"]
mod positions;
#[path = "../suite/reach.rs"]
mod reach;
#[path = "../suite/receiving.rs"]
mod receiving;
#[path = "../suite/sending.rs"]
mod sending;
#[path = "../suite/sessions.rs"]
mod sessions;

use waypost_store::Threads;

const THREADS: Threads = Threads::Caller;
