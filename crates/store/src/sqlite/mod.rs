//! The embedded back end: a file for each purpose, each with one writer and a pool of readers.

pub(crate) mod append;
pub(crate) mod checkpoint;
pub(crate) mod connection;
pub(crate) mod dedup_key;
pub(crate) mod housekeeping;
pub(crate) mod journal;
pub(crate) mod keys;
pub(crate) mod pages;
pub(crate) mod positions;
pub(crate) mod readers;
pub(crate) mod rows;
pub(crate) mod sessions;
pub(crate) mod transaction;
pub(crate) mod writer;
