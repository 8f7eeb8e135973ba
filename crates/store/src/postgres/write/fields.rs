//! What fields other than messages say of customers, numbers and calls. Of two that say different things the newest counts, and of
//! two of one second the one that is greater as text, so that their order means nothing.

use waypost_domain::{CustomerName, Timestamp};

use super::{Id, Last, Parameter, Statement};
use crate::append::Write;

const SAVED_NAMES: &str = r#"UPDATE customers c SET saved_name = u.name, saved_name_at = u.at
     FROM unnest($1::bytea[], $2::text[], $3::bigint[]) AS u (id, name, at)
     WHERE c.id = u.id AND (coalesce(c.saved_name_at, 0), coalesce(c.saved_name, '') COLLATE "C")
         < (u.at, coalesce(u.name, '') COLLATE "C")"#;
const CHOICES: &str = r#"UPDATE customers c SET marketing = u.choice, marketing_at = u.at
     FROM unnest($1::bytea[], $2::text[], $3::bigint[]) AS u (id, choice, at)
     WHERE c.id = u.id AND (coalesce(c.marketing_at, 0), coalesce(c.marketing, '') COLLATE "C")
         < (u.at, u.choice COLLATE "C")"#;
const HISTORY_SYNCS: &str = "INSERT INTO history_syncs AS h (number, phase, progress, declined_at)
     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
     ON CONFLICT (number) DO UPDATE SET phase = greatest(h.phase, excluded.phase),
         progress = greatest(h.progress, excluded.progress),
         declined_at = greatest(h.declined_at, excluded.declined_at)";

const CALLS: &str = "INSERT INTO calls (message, stage, at, began_at, ended_at, talk_seconds)
     SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
     ON CONFLICT (message) DO UPDATE SET stage = excluded.stage, at = excluded.at,
         began_at = excluded.began_at, ended_at = excluded.ended_at, talk_seconds = excluded.talk_seconds";
const CALL_REPORTS: &str = "INSERT INTO call_reports (message, received_at, raw)
     SELECT message, received_at, raw FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) WITH ORDINALITY
         AS u (message, received_at, raw, place) ORDER BY place";

type SyncColumns = (Option<i64>, Option<i64>, Option<i64>);
type CallColumns = (&'static str, i64, Option<i64>, Option<i64>, Option<i64>);

/// Their rows, as they will be after the plan.
#[derive(Default)]
pub(super) struct Fields {
    names: Last<Id, (i64, Option<String>)>,
    choices: Last<Id, (i64, &'static str)>,
    syncs: Last<i64, SyncColumns>,
    calls: Last<i64, CallColumns>,
    call_reports: Vec<(i64, i64, Vec<u8>)>,
}

impl Fields {
    pub(super) fn take(&mut self, write: &Write<'_>) {
        match write {
            Write::SavedName { customer, name, at } => {
                let row = (at.as_millis(), name.map(CustomerName::as_str).map(str::to_owned));
                let newest = self.names.of(customer.to_bytes().into(), || row.clone());
                if *newest < row {
                    *newest = row;
                }
            }
            Write::Marketing { customer, choice, at } => {
                let row = (at.as_millis(), choice.as_str());
                let newest = self.choices.of(customer.to_bytes().into(), || row);
                *newest = row.max(*newest);
            }
            Write::HistorySync { number, progress, at } => {
                let declined_at = progress.is_declined().then_some(at.as_millis());
                let highest = self.syncs.of(*number, Default::default);
                highest.0 = highest.0.max(progress.phase.map(i64::from));
                highest.1 = highest.1.max(progress.progress.map(i64::from));
                highest.2 = highest.2.max(declined_at);
            }
            Write::Call { seq, known, report, received } => {
                let call = &known.call;
                let row = (
                    call.stage.as_str(),
                    known.at.as_millis(),
                    call.began_at.map(Timestamp::as_millis),
                    call.ended_at.map(Timestamp::as_millis),
                    call.talk_seconds.map(i64::from),
                );
                self.calls.put(*seq, row);
                self.call_reports.push((*seq, received.as_millis(), report.raw.as_str().into()));
            }
            _ => {}
        }
    }

    pub(super) fn into_statements(self, all: &mut Vec<Statement>) {
        columns!(all, SAVED_NAMES, self.names.rows, |(a, (c, b))| (a, b, c));
        columns!(all, CHOICES, self.choices.rows, |(a, (c, b))| (a, b, c));
        columns!(all, HISTORY_SYNCS, self.syncs.rows, |(a, (b, c, d))| (a, b, c, d));
        columns!(all, CALLS, self.calls.rows, |(a, (b, c, d, e, f))| (a, b, c, d, e, f));
        columns!(all, CALL_REPORTS, self.call_reports, |(a, b, c)| (a, b, c));
    }
}
