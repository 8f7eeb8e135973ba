//! What is kept for a time only: found by a reader, and taken out by the writer, a few rows at a time, so that no
//! webhook waits for more than one small step.

use std::time::Duration;

use waypost_domain::Timestamp;
use waypost_domain::time::DAY_MS;

use crate::append::WamidDigest;
use crate::options::Limits;
use crate::pins::Pins;
use crate::sessions::SessionId;

/// Rows that go in one transaction: measured at about a millisecond for journal rows.
pub(crate) const STEP_ROWS: usize = 200;

/// One kind of thing that is kept for a time only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prune {
    Journal,
    OldDeadLetters,
    ExcessDeadLetters,
    OldParkedStatuses,
    ExcessParkedStatuses,
    OldParkedChanges,
    ExcessParkedChanges,
    FieldReports,
    CallReports,
    Seen,
}

/// The keys of rows that are due, the oldest first.
#[derive(Clone, Debug)]
pub(crate) enum Doomed {
    /// By the only number in the key.
    Rows(Vec<i64>),
    Seen(Vec<(i64, WamidDigest, String)>),
}

impl Doomed {
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Rows(rows) => rows.is_empty(),
            Self::Seen(keys) => keys.is_empty(),
        }
    }
}

impl Prune {
    pub(crate) const ALL: [Self; 10] = [
        Self::Journal,
        Self::OldDeadLetters,
        Self::ExcessDeadLetters,
        Self::OldParkedStatuses,
        Self::ExcessParkedStatuses,
        Self::OldParkedChanges,
        Self::ExcessParkedChanges,
        Self::FieldReports,
        Self::CallReports,
        Self::Seen,
    ];

    /// What a row is compared with to be due: a time, a day, bytes or a number of rows.
    pub(crate) fn bound(self, limits: &Limits, now: Timestamp) -> i64 {
        let days_ago = |days: i64| now.plus_millis(-days.saturating_mul(DAY_MS));
        let bound = |max: u64| i64::try_from(max).unwrap_or(i64::MAX);
        match self {
            Self::Journal => days_ago(limits.journal_days).as_millis(),
            Self::OldDeadLetters => days_ago(limits.dead_letter_days).as_millis(),
            Self::ExcessDeadLetters => bound(limits.dead_letter_bytes_max),
            Self::OldParkedStatuses | Self::OldParkedChanges => {
                days_ago(limits.parked_status_days).as_millis()
            }
            Self::ExcessParkedStatuses | Self::ExcessParkedChanges => bound(limits.parked_statuses_max),
            Self::FieldReports | Self::CallReports => days_ago(limits.report_days).as_millis(),
            Self::Seen => days_ago(limits.dedup_days).day(),
        }
    }

    /// Those of the rows that may go: of the journal's entries only those that nobody holds. From now on nobody can.
    pub(crate) fn let_go<'a>(self, rows: &'a [i64], pins: &Pins, now: Duration) -> &'a [i64] {
        let (Self::Journal, Some(&newest)) = (self, rows.last()) else { return rows };
        let number = |row: i64| u64::try_from(row).unwrap_or(0);
        let below = pins.doom(number(newest) + 1, now);
        &rows[..rows.partition_point(|&row| number(row) < below)]
    }
}

/// Why sessions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionPrune {
    /// They have ended.
    Ended,
    /// There are too many.
    Excess,
}

impl SessionPrune {
    pub(crate) const ALL: [Self; 2] = [Self::Ended, Self::Excess];
}

/// A session that is to go, unless it is seen before that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DoomedSession {
    pub(crate) session: SessionId,
    pub(crate) seen_at: Timestamp,
}
