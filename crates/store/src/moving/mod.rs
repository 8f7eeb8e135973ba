//! A store in files becomes one in PostgreSQL: same journal, same epoch, same numbers, so that clients go on where they
//! were.
//!
//! The move goes in steps, each of them one transaction with the mark of how far it has come, and can be ended between and
//! within any two of them, however it ends: who runs it again goes on. All is counted and summed on both sides before
//! the source is marked as moved away, and only then can the target be served. Between these two neither can, so that
//! there are never two stores with one journal.
//!
//! Deliberately absent: SQL (`sqlite/departure.rs`, `postgres/arrival.rs`). Start reading at [`StoreMove::run`], then
//! `tables.rs` (what is moved) and `row.rs` (what a row is on both sides).

pub(crate) mod mark;
pub(crate) mod row;
pub(crate) mod tables;
mod verify;

use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::group::DatabaseError;
use crate::options::{OpenError, Threads};
use crate::postgres::arrival::{Contents, Target};
use crate::postgres::{PostgresUrl, Waiter};
use crate::sqlite::departure::Source;
use mark::{CopyPlace, Mark, Stand};
use tables::{Kind, POSTGRES_ONLY, SQLITE_ONLY, TABLES, Table, find_difference};

/// A move, of the store in a directory into a database.
#[derive(Clone, Debug)]
pub struct StoreMove {
    /// The data directory.
    pub from: PathBuf,
    /// The database, which is empty, or holds an unfinished move of the same store.
    pub to: PostgresUrl,
    /// Random bits.
    pub seed: [u8; 32],
    /// Rows that a step moves at most; what a step has not done when it fails is done again.
    pub step_rows: u32,
}

/// How far a move is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoveProgress {
    /// What is being done.
    pub stage: MoveStage,
    /// With which table.
    pub table: &'static str,
    /// How many of its rows are done.
    pub rows: u64,
    /// How many it has.
    pub of: u64,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveStage {
    /// Rows go over.
    Copying,
    /// What is in the directory is summed up.
    SummingSource,
    /// What came to be in the database is.
    SummingTarget,
}

/// What was moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Of each table, how many rows it has on both sides. Empty where the move was finished before.
    pub tables: Vec<(&'static str, u64)>,
}

/// What is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Differing {
    /// The rows of a table: how many there are, or what they hold.
    #[error("`{table}` has {source_rows} rows here, {target_rows} there, and they are not the same")]
    Rows {
        /// Which one.
        table: &'static str,
        /// Rows in the directory.
        source_rows: u64,
        /// Rows in the database.
        target_rows: u64,
    },
    /// What is known of the store as a whole.
    #[error("`meta` is not the same here and there")]
    Meta,
}

/// Why a store was not moved, or not moved back.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// There is nothing to move.
    #[error("there is no store in {0}")]
    NoStore(PathBuf),
    /// The directory cannot be used.
    #[error("the store that is to be moved cannot be opened")]
    Source(#[source] OpenError),
    /// The database cannot be used.
    #[error("the database cannot be used")]
    Target(#[source] OpenError),
    /// The store is in another database.
    #[error("{path} was moved before, to {to}")]
    MovedBefore {
        /// The directory.
        path: PathBuf,
        /// Where its store is.
        to: String,
    },
    /// The store is where it was.
    #[error("{0} was not moved to this database: there is nothing to take back")]
    NotMoved(PathBuf),
    /// The store has gone on since it was moved.
    #[error(
        "the journal or the audit has gone on since the move, or sends were given up: what came since would be lost"
    )]
    GoneOn,
    /// The database holds a store.
    #[error("the database holds a store of its own, whose journal has {entries} entries: give an empty one")]
    Occupied {
        /// The number of its newest entry.
        entries: u64,
    },
    /// The database holds something, though no store.
    #[error(
        "the database is not empty: there are rows in `{table}` (an API key, perhaps): give an empty one"
    )]
    NotEmpty {
        /// Where there is something.
        table: &'static str,
    },
    /// The database holds something of another store.
    #[error("the database holds an unfinished move of another store: give an empty one")]
    OtherMove,
    /// A table or a column that this program does not know how to move.
    #[error("the column `{column}` of `{table}` is not one that can be moved: use another version")]
    Schema {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A row cannot be read.
    #[error("the store that is to be moved cannot be read")]
    Read(#[source] DatabaseError),
    /// The database does not take the rows, or is gone.
    #[error("the database failed; run this again, it goes on where it was")]
    Write(#[source] DatabaseError),
    /// The two are not the same.
    #[error(
        "what came to be in the database is not what is in the directory; run this again, it begins anew"
    )]
    Differs(#[source] Differing),
    /// The file was damaged before it was moved.
    #[error(
        "the journal in the directory is damaged: the check of entry {number} does not follow from the one before"
    )]
    BrokenJournal {
        /// The entry's number.
        number: u64,
    },
    /// Whoever watches wanted no more.
    #[error("stopped; run this again, it goes on where it was")]
    Stopped,
}

/// Who is told of each step, and may end the move after it.
type Watch<'a> = &'a mut (dyn FnMut(MoveProgress) -> ControlFlow<()> + Send);

impl StoreMove {
    /// Moves the store, or goes on where an earlier run stopped; blocks until that is done. `watch` is told of each step,
    /// and may end the move there: what was done stays, and the next run goes on.
    ///
    /// # Errors
    /// See [`MoveError`]. Whatever it is, the store in the directory is as it was, and can be served again, unless it
    /// was marked as moved already; then another run finishes the move.
    pub fn run(
        &self,
        mut watch: impl FnMut(MoveProgress) -> ControlFlow<()> + Send,
    ) -> Result<Moved, MoveError> {
        waiter()?.wait(|| self.carry_out(&mut watch))
    }

    /// Makes the directory the store again, if nothing was stored in the database since the move; the database is then
    /// refused by servers.
    ///
    /// # Errors
    /// See [`MoveError`].
    pub fn take_back(&self) -> Result<(), MoveError> {
        waiter()?.wait(|| self.carry_back())
    }

    async fn carry_out(&self, watch: Watch<'_>) -> Result<Moved, MoveError> {
        let source = self.open_source()?;
        let target = Target::connect(&self.to).await.map_err(MoveError::Target)?;
        check_columns(&source, &target).await?;
        let Some(mark) = self.begin(&source, &target).await? else { return Ok(Moved::default()) };
        let mark = self.copy_all((&source, &target), mark, &mut *watch).await?;
        let tables = match verify::verify(&source, &target, watch).await {
            Err(error @ MoveError::Differs(_)) => {
                // The next run finds that this was another move, and begins anew.
                source.forget_move().map_err(MoveError::Source)?;
                return Err(error);
            }
            verified => verified?,
        };
        let heads = source.heads().map_err(read)?;
        source.mark_moved(&self.to.to_string()).map_err(read)?;
        target.finish(heads, &mark).await.map_err(MoveError::Write)?;
        Ok(Moved { tables })
    }

    fn open_source(&self) -> Result<Source, MoveError> {
        // Opening makes what is missing.
        if !self.from.join("waypost.db").exists() {
            return Err(MoveError::NoStore(self.from.clone()));
        }
        Source::open(&self.from, self.seed).map_err(MoveError::Source)
    }

    /// Finds out where the move goes on, or begins it; `None` where it is finished.
    async fn begin(&self, source: &Source, target: &Target) -> Result<Option<Mark>, MoveError> {
        let epoch = source.epoch().map_err(read)?;
        match target.contents().await.map_err(MoveError::Target)? {
            Contents::Move(mark, _) if mark.id == source.id() => match mark.stand {
                Stand::Copying(_) => return Ok(Some(mark)),
                Stand::Finished { .. } => return Ok(None),
                Stand::Undone => {}
            },
            Contents::Nothing => {}
            Contents::Store | Contents::Move(Mark { stand: Stand::Finished { .. }, .. }, _) => {
                let entries = target.head().await.map_err(MoveError::Write)?.number;
                return Err(MoveError::Occupied { entries });
            }
            Contents::Rows(table) => return Err(MoveError::NotEmpty { table }),
            // The source was served since, or what came over was not the same.
            Contents::Move(_, found) if found == epoch.as_str() => {}
            Contents::Move(..) => return Err(MoveError::OtherMove),
        }
        if let Some(to) = source.moved_to() {
            return Err(MoveError::MovedBefore { path: self.from.clone(), to: to.to_owned() });
        }
        let mark = Mark { id: source.id().to_owned(), stand: Stand::Copying(CopyPlace::before(0)) };
        let meta = source.meta().map_err(read)?;
        target.begin(&meta, (source.dedup_key(), &mark)).await.map_err(MoveError::Write)?;
        Ok(Some(mark))
    }

    /// Copies what is not there yet; the mark at the end.
    async fn copy_all(
        &self,
        (source, target): (&Source, &Target),
        mut mark: Mark,
        watch: Watch<'_>,
    ) -> Result<Mark, MoveError> {
        let Stand::Copying(mut place) = mark.stand.clone() else { return Ok(mark) };
        while let Some(table) = TABLES.get(place.table()) {
            let of = source.count(table).map_err(read)?;
            tell(watch, table.progress(MoveStage::Copying, place.rows, of))?;
            let next_rows = |place: &CopyPlace| {
                source.rows_after(table, place.after.as_deref(), self.step_rows).map_err(MoveError::Read)
            };
            while let Some((rows, last)) = next_rows(&place)? {
                place = CopyPlace { after: Some(last), rows: place.rows + rows.count(), ..place };
                let next = Mark { id: mark.id.clone(), stand: Stand::Copying(place.clone()) };
                target.copy(table, rows, (&mark, &next)).await.map_err(MoveError::Write)?;
                mark = next;
                tell(watch, table.progress(MoveStage::Copying, place.rows, of))?;
            }
            // This is not written down: what comes after a table's last row is found again to be nothing.
            place = CopyPlace::before(place.table() + 1);
        }
        Ok(mark)
    }

    async fn carry_back(&self) -> Result<(), MoveError> {
        let source = self.open_source()?;
        let target = Target::connect(&self.to).await.map_err(MoveError::Target)?;
        let not_moved = || MoveError::NotMoved(self.from.clone());
        let Contents::Move(mark, _) = target.contents().await.map_err(MoveError::Target)? else {
            return Err(not_moved());
        };
        if source.moved_to().is_none() || mark.id != source.id() {
            return Err(not_moved());
        }
        if let Stand::Finished { version } = mark.stand
            && target.head().await.map_err(MoveError::Write)?.version != version
        {
            return Err(MoveError::GoneOn);
        }
        let audit_head = source.audit_head().map_err(read)?;
        if target.audit_head().await.map_err(MoveError::Write)? > audit_head {
            return Err(MoveError::GoneOn);
        }
        // First the one, then the other: in between neither is served.
        let undone = Mark { id: mark.id.clone(), stand: Stand::Undone };
        target.go_on(&mark, &undone).await.map_err(MoveError::Write)?;
        source.forget_move().map_err(MoveError::Source)
    }
}

/// Waits on a thread beside the caller's, who may be on a runtime.
fn waiter() -> Result<Waiter, MoveError> {
    Waiter::new(Threads::Caller).map_err(MoveError::Target)
}

fn read(error: impl Into<DatabaseError>) -> MoveError {
    MoveError::Read(error.into())
}

/// Refuses what would be left behind: a column that one of the two has and this program does not move.
async fn check_columns(source: &Source, target: &Target) -> Result<(), MoveError> {
    let here = source.columns().map_err(read)?;
    let there = target.columns().await.map_err(MoveError::Target)?;
    let difference = find_difference(here, &SQLITE_ONLY, Kind::in_sqlite)
        .or_else(|| find_difference(there, &POSTGRES_ONLY, Kind::in_postgres));
    match difference {
        None => Ok(()),
        Some(found) => Err(MoveError::Schema { table: found.table, column: found.column }),
    }
}

fn tell(watch: Watch<'_>, progress: MoveProgress) -> Result<(), MoveError> {
    match watch(progress) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(MoveError::Stopped),
    }
}

impl Table {
    const fn progress(&'static self, stage: MoveStage, rows: u64, of: u64) -> MoveProgress {
        MoveProgress { stage, table: self.name, rows, of }
    }
}
