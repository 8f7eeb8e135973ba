//! `[retention]`: how long what is stored is kept.

use super::key::{Section, section};
use super::{Bytes, Count, Days, Hours};

section! {
    Section::Retention;
    /// How long what is kept for a while is kept. Messages are kept for ever.
    pub(crate) struct RetentionConfig {
        /// How long webhooks that could not be understood are kept.
        dead_letter_days: Days<1, 3_650> = "30";
        /// How much of them is kept; the oldest go first.
        dead_letter_bytes_max: Bytes<1_048_576, 1_099_511_627_776> = "1073741824";
        /// How long a status, a reaction, an edit or a revoke waits for its message.
        parked_status_days: Days<1, 365> = "30";
        /// How many statuses, and how many of the others together, wait for their message; the oldest go first.
        parked_statuses_max: Count<1, 100_000_000> = "100000";
        /// How long a message or status is known as already seen. Meta repeats a webhook for days, and tries to
        /// deliver a message for 30: a status, reaction, edit or revoke that comes later than this no longer finds its
        /// message, and an old chat that is shared later than this repeats it.
        dedup_days: Days<30, 3_650> = "45";
        /// How long the raw items of calls, and of fields other than messages (templates, accounts, preferences), are kept.
        report_days: Days<1, 3_650> = "90";
        /// How long events are kept for clients that come back: who was away longer is told of a gap.
        journal_days: Days<1, 3_650> = "7";
        /// How long a client that went away may come back to its rooms and its place, from its last sign of life.
        session_hours: Hours<1, 87_600> = "24";
        /// How many of them are remembered; those seen longest ago go first.
        sessions_max: Count<1, 100_000_000> = "200000";
        /// How long it is kept who did what.
        audit_days: Days<1, 36_500> = "365";
    }
}
