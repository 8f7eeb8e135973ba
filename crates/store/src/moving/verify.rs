//! That both sides hold the same: of every table the number of its rows and a checksum over them, the journal's checks from
//! one entry to the next, and what is known of the store as a whole.

use std::ops::ControlFlow;

use super::row::{Checksum, Rows, field};
use super::tables::{JOURNAL, TABLES, Table};
use super::{Differing, MoveError, MoveStage, Watch, read, tell};
use crate::append::next_check;
use crate::postgres::arrival::Target;
use crate::sqlite::departure::{Source, push};

/// Rows between two words about how far it is.
const TELL_ROWS: u64 = 5_000;

/// Reads all of both sides; of each table, how many rows it has.
pub(super) async fn verify(
    source: &Source,
    target: &Target,
    watch: Watch<'_>,
) -> Result<Vec<(&'static str, u64)>, MoveError> {
    let mut tables = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let here = sum_source(source, table, &mut *watch)?;
        let (there, broken) = sum_target(target, (table, here.rows), &mut *watch).await?;
        if here != there {
            return Err(MoveError::Differs(Differing::Rows {
                table: table.name,
                source_rows: here.rows,
                target_rows: there.rows,
            }));
        }
        if let Some(number) = broken {
            return Err(MoveError::BrokenJournal { number });
        }
        tables.push((table.name, here.rows));
    }
    let mut here = source.meta().map_err(read)?;
    here.push(("dedup_key".into(), source.dedup_key().into()));
    let mut there = target.meta().await.map_err(MoveError::Write)?;
    here.sort();
    there.sort();
    if here == there { Ok(tables) } else { Err(MoveError::Differs(Differing::Meta)) }
}

fn sum_source(source: &Source, table: &'static Table, watch: Watch<'_>) -> Result<Checksum, MoveError> {
    let of = source.count(table).map_err(read)?;
    let mut statement = source.all_rows(table).map_err(read)?;
    let mut found = statement.query([]).map_err(read)?;
    let (mut sum, mut rows) = (Checksum::default(), Rows::default());
    while let Some(row) = found.next().map_err(read)? {
        rows.clear();
        push(row, table, &mut rows).map_err(MoveError::Read)?;
        sum.add(rows.bytes());
        if sum.rows % TELL_ROWS == 0 {
            tell(watch, table.progress(MoveStage::SummingSource, sum.rows, of))?;
        }
    }
    tell(watch, table.progress(MoveStage::SummingSource, sum.rows, of))?;
    Ok(sum)
}

/// The sum, and the number of an entry of the journal whose check does not follow.
async fn sum_target(
    target: &Target,
    (table, of): (&'static Table, u64),
    watch: Watch<'_>,
) -> Result<(Checksum, Option<u64>), MoveError> {
    let mut sum = Checksum::default();
    let mut chain = Chain::default();
    let mut told = Ok(());
    let read = target.read(table, |row| {
        sum.add(row);
        if table.name == JOURNAL {
            chain.follow(row);
        }
        if sum.rows % TELL_ROWS == 0 {
            told = tell(watch, table.progress(MoveStage::SummingTarget, sum.rows, of));
        }
        if told.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    read.await.map_err(MoveError::Write)?;
    told?;
    tell(watch, table.progress(MoveStage::SummingTarget, sum.rows, of))?;
    Ok((sum, chain.broken))
}

/// The journal's entries, each of which tells the check of the next. What comes before the oldest is not known, unless it
/// is the first of all.
#[derive(Default)]
struct Chain {
    last: Option<(u64, u64)>,
    /// The number of the first entry that does not follow.
    broken: Option<u64>,
}

impl Chain {
    /// Goes on with a row of the journal.
    fn follow(&mut self, row: &[u8]) {
        let (number, check) = (number(row, 0), number(row, 1));
        let (name, body) = (field(row, 2).unwrap_or_default(), field(row, 4).unwrap_or_default());
        let follows = |before: u64| {
            u32::try_from(before).is_ok_and(|before| u64::from(next_check(before, name, body)) == check)
        };
        let is_next = match self.last {
            None => number != 1 || follows(0),
            Some((last, before)) => number == last + 1 && follows(before),
        };
        self.last = Some((number, check));
        if !is_next {
            self.broken = self.broken.or(Some(number));
        }
    }
}

/// A column of numbers that are never negative; 0 where it is none.
fn number(row: &[u8], index: usize) -> u64 {
    let bytes = field(row, index).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    bytes.map_or(0, u64::from_be_bytes)
}
