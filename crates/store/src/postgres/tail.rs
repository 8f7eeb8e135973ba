//! What came into the journal since: from other nodes, or from a COMMIT whose answer was lost.

use bytes::Bytes;
use tokio_postgres::Row;
use waypost_domain::{Alias, AliasKind, CustomerId, Epoch, Offset};

use super::link::{Link, rows};
use super::rows::{id, known, to_column, unsigned};
use crate::append::Heads;
use crate::commit::{CommittedEvent, Step};
use crate::group::DatabaseError;

/// Entries that are read at once; whoever is further behind reads on.
const ENTRIES_MAX: u64 = 2_000;

/// The head as it is in the database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// Raised by each append: what was decided on an older one is decided again.
    pub(super) version: i64,
    pub(super) heads: Heads,
}

/// What came after an entry that was handed on.
pub(super) struct Since {
    pub(super) head: Head,
    /// In order, as it would have been handed on.
    pub(super) steps: Vec<Step>,
    /// Whether `steps` end at the head.
    pub(super) is_all: bool,
}

/// The head, and what there is after the entry numbered `after`, as far as one reading goes.
pub(super) async fn read_since(link: &Link, epoch: Epoch, after: u64) -> Result<Since, DatabaseError> {
    let head = read_head(link, epoch).await?;
    let newest = head.heads.journal.number;
    let until = newest.min(after.saturating_add(ENTRIES_MAX));
    let steps = if after < until { read_steps(link, epoch, (after, until)).await? } else { Vec::new() };
    let numbers = steps.iter().filter_map(|step| match step {
        Step::Event(event) => Some(event.offset.number),
        Step::Bind { .. } => None,
    });
    // A hole here would be one for every client.
    if newest < after || !numbers.eq(after + 1..=until) {
        return Err(Box::new(NotNext { after }));
    }
    Ok(Since { head, steps, is_all: until == newest })
}

/// The journal does not go on where it was read before: a copy was put back, or entries were deleted, while this server
/// was running.
#[derive(Debug, thiserror::Error)]
#[error(
    "the journal does not go on after entry {after}, which was shown: after it was put back, restart this server"
)]
struct NotNext {
    after: u64,
}

pub(super) async fn read_head(link: &Link, epoch: Epoch) -> Result<Head, DatabaseError> {
    let sql = r#"SELECT version, number, "check", message, "row", EXISTS (SELECT 1 FROM parked_changes)
        FROM journal_head"#;
    let rows = rows(link, sql, &[]).await?;
    let row = known(rows.first(), "journal_head")?;
    let journal = Offset { epoch, number: unsigned(row, 1)?, check: unsigned(row, 2)? };
    let heads = Heads {
        journal,
        message: row.try_get(3)?,
        number: row.try_get(4)?,
        has_parked_changes: row.try_get(5)?,
    };
    Ok(Head { version: row.try_get(0)?, heads })
}

/// What came after an entry and up to another. A name that became a customer's right after the first, or right after the
/// last, may be handed on twice; saying so again changes nothing.
async fn read_steps(
    link: &Link,
    epoch: Epoch,
    (after, until): (u64, u64),
) -> Result<Vec<Step>, DatabaseError> {
    let bounds = (to_column(after), to_column(until));
    let sql =
        "SELECT since, kind, value, customer FROM aliases WHERE since >= $1 AND since <= $2 ORDER BY since";
    let names = rows(link, sql, &[&bounds.0, &bounds.1]).await?;
    let mut bound = Vec::with_capacity(names.len());
    for row in &names {
        let kind = known(AliasKind::parse(row.try_get(1)?), "aliases.kind")?;
        let alias = known(Alias::parse(kind, row.try_get(2)?), "aliases.value")?;
        let customer = CustomerId::from_bytes(id(row, 3)?);
        for name in alias.awaited_as() {
            bound.push((unsigned::<u64>(row, 0)?, Step::Bind { name, customer }));
        }
    }
    let mut bound = bound.into_iter().peekable();
    let sql = r#"SELECT number, "check", name, body, audience FROM journal
        WHERE number > $1 AND number <= $2 ORDER BY number"#;
    let entries = rows(link, sql, &[&bounds.0, &bounds.1]).await?;
    let mut steps = Vec::with_capacity(entries.len() + names.len());
    for row in &entries {
        let event = entry(row, epoch)?;
        while let Some((_, bind)) = bound.next_if(|(since, _)| *since < event.offset.number) {
            steps.push(bind);
        }
        steps.push(Step::Event(event));
    }
    steps.extend(bound.map(|(_, bind)| bind));
    Ok(steps)
}

/// The entry in a row of number, check, name, body and audience.
pub(super) fn entry(row: &Row, epoch: Epoch) -> Result<CommittedEvent, DatabaseError> {
    Ok(CommittedEvent {
        offset: Offset { epoch, number: unsigned(row, 0)?, check: unsigned(row, 1)? },
        name: row.try_get::<_, String>(2)?.into(),
        body: Bytes::from(row.try_get::<_, Vec<u8>>(3)?),
        audience: known(row.try_get::<_, &str>(4)?.parse().ok(), "journal.audience")?,
    })
}
