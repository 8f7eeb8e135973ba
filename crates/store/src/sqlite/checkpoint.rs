//! Copying the write-ahead log back into the database.

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use rusqlite::Connection;

use super::connection;
use crate::options::Threads;

/// Pages of the log (4 KiB each) at which it is copied back: 160 MiB. A page that is written many times meanwhile is
/// copied once.
const PAGES_MAX: usize = 40_000;

/// About how many pages a commit writes, whatever is in it: the ends of the tables that only grow.
const PAGES_OF_A_COMMIT: usize = 6;

/// About how many pages an item adds: its place among what was seen, and its own bytes.
const PAGES_OF_AN_ITEM: usize = 2;

/// Copies the log back when it has grown.
pub(crate) struct Checkpointer {
    pass: Pass,
    pages: usize,
}

/// Who makes the pass over the log.
enum Pass {
    /// A thread. It cannot reach the end of the log while the writer appends, and SQLite begins the log anew only when
    /// every page of it is copied. So the writer copies the small rest itself after each pass.
    Thread { due: mpsc::SyncSender<()>, passed: mpsc::Receiver<()> },
    /// The writer, all of it.
    Writer,
}

impl Checkpointer {
    /// Starts the thread, where there is to be one; it ends with this value.
    pub(crate) fn start(database: PathBuf, threads: Threads) -> std::io::Result<Self> {
        let pass = match threads {
            Threads::Caller => Pass::Writer,
            Threads::Own => {
                // One order and one report at a time: an order that finds one waiting adds nothing to it.
                let (due, orders) = mpsc::sync_channel(1);
                let (report, passed) = mpsc::sync_channel(1);
                std::thread::Builder::new()
                    .name("waypost-checkpoint".into())
                    .spawn(move || copy_back(&database, &orders, &report))?;
                Pass::Thread { due, passed }
            }
        };
        Ok(Self { pass, pages: 0 })
    }

    /// Counts a commit of so many items, and lets the writer do its part where a pass is due or was made.
    pub(crate) fn wrote(&mut self, items: usize, writer: &Connection) {
        self.pages += PAGES_OF_A_COMMIT + items * PAGES_OF_AN_ITEM;
        let is_due = self.pages >= PAGES_MAX;
        match &self.pass {
            Pass::Writer if is_due => log_failure(connection::checkpoint(writer)),
            Pass::Writer => return,
            Pass::Thread { due, passed } => {
                if passed.try_recv().is_ok() {
                    log_failure(connection::checkpoint(writer));
                }
                if !is_due || due.try_send(()).is_err() {
                    return;
                }
            }
        }
        self.pages = 0;
    }
}

fn copy_back(database: &Path, orders: &mpsc::Receiver<()>, report: &mpsc::SyncSender<()>) {
    let mut open = None;
    while orders.recv().is_ok() {
        let pass = match open.take().map_or_else(|| connection::open_to_write(database), Ok) {
            Ok(connection) => connection::checkpoint(open.insert(connection)),
            Err(error) => Err(error),
        };
        if pass.is_err() {
            open = None;
        }
        log_failure(pass);
        if report.send(()).is_err() {
            return;
        }
    }
}

fn log_failure(pass: rusqlite::Result<()>) {
    if let Err(error) = pass {
        tracing::warn!(error = %error, "the write-ahead log could not be copied back; the next pass tries again");
    }
}
