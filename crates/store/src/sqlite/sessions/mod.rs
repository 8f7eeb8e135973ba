//! `sessions.db`: sessions and the rooms they are in, with a writer of their own.

pub(crate) mod housekeeping;
pub(crate) mod statements;
pub(crate) mod writer;
