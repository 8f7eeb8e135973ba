//! What the binary can do, one command a file.

pub(crate) mod admin;
pub(crate) mod audit;
pub(crate) mod demo;
pub(crate) mod key;
pub(crate) mod master_key;
pub(crate) mod migrate_store;
pub(crate) mod purpose;
pub(crate) mod reprocess;
pub(crate) mod serve;
pub(crate) mod simulate;
