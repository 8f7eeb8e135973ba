//! The embedded back end: one `waypost.db`, one writer thread, a pool of readers.

pub(crate) mod append;
pub(crate) mod checkpoint;
pub(crate) mod connection;
pub(crate) mod housekeeping;
pub(crate) mod job;
pub(crate) mod keys;
pub(crate) mod pages;
pub(crate) mod readers;
pub(crate) mod rows;
pub(crate) mod writer;
