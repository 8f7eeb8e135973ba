//! Dead letters, claims, and messages of unknown types.

use waypost_domain::WabaId;

use super::{Parameter, Statement};
use crate::append::Write;
use crate::columns::text_to_column;

const DEAD_LETTERS: &str = "INSERT INTO dead_letters (received_at, app, kind, reason, raw, around)
     SELECT received_at, app, kind, reason, raw, around
     FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[]) WITH ORDINALITY
         AS u (received_at, app, kind, reason, raw, around, place) ORDER BY place";
const GONE: &str = "DELETE FROM dead_letters WHERE id = ANY ($1::bigint[])";
const UNCLAIMED: &str = "UPDATE numbers SET claimed = false WHERE claimed";
const CLAIMED: &str = "UPDATE numbers n SET claimed = true, app = u.app,
         waba = coalesce(u.waba, CASE WHEN n.app = u.app THEN n.waba END)
     FROM unnest($1::bigint[], $2::text[], $3::text[]) AS u (id, app, waba) WHERE n.id = u.id";
const UNKNOWN: &str = "INSERT INTO unknown_types (message) SELECT * FROM unnest($1::bigint[])";
const UNDERSTOOD: &str = "DELETE FROM unknown_types WHERE message = ANY ($1::bigint[])";

type LetterColumns = (i64, String, &'static str, String, Vec<u8>, Option<Vec<u8>>);

/// Their rows, as they will be after the plan.
#[derive(Default)]
pub(super) struct Letters {
    dead: Vec<LetterColumns>,
    gone: Vec<i64>,
    /// Whether all claims are taken back before those that follow.
    are_claims_new: bool,
    claimed: Vec<(i64, String, Option<String>)>,
    unknown: Vec<i64>,
    understood: Vec<i64>,
}

impl Letters {
    pub(super) fn take(&mut self, write: &Write<'_>) {
        match write {
            Write::DeadLetter { delivery, letter } => self.dead.push((
                delivery.received.as_millis(),
                delivery.app.as_str().into(),
                letter.kind.as_str(),
                text_to_column(&letter.reason).into_owned(),
                letter.raw.clone(),
                letter.around.as_ref().map(|around| around.as_str().into()),
            )),
            Write::LetterGone { letter } => self.gone.push(letter.0),
            Write::Unclaimed => {
                self.are_claims_new = true;
                self.claimed.clear();
            }
            Write::Claimed { row, claim } => self.claimed.push((
                *row,
                claim.app.as_str().into(),
                claim.waba.as_ref().map(WabaId::as_str).map(str::to_owned),
            )),
            Write::UnknownType { seq } => self.unknown.push(*seq),
            Write::Understood { seq } => self.understood.push(*seq),
            _ => {}
        }
    }

    pub(super) fn into_statements(self, all: &mut Vec<Statement>) {
        columns!(all, DEAD_LETTERS, self.dead, |(a, b, c, d, e, f)| (a, b, c, d, e, f));
        if self.are_claims_new {
            all.push(Statement { sql: UNCLAIMED, parameters: Vec::new() });
        }
        columns!(all, CLAIMED, self.claimed, |(a, b, c)| (a, b, c));
        for (sql, rows) in [(GONE, self.gone), (UNKNOWN, self.unknown), (UNDERSTOOD, self.understood)] {
            if !rows.is_empty() {
                all.push(Statement { sql, parameters: vec![Box::new(rows) as Parameter] });
            }
        }
    }
}
