//! What a store stands on: files, and beside them a database that it is moved into.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use waypost_store::{MoveError, MoveProgress, Moved, Place, StoreMove, Threads};

use crate::{database, files};

pub(crate) struct Ground {
    pub(crate) files: files::Ground,
    pub(crate) database: database::Ground,
    /// Whether the next store that is opened stands on the database.
    is_on_database: AtomicBool,
}

impl Ground {
    pub(crate) fn new() -> Self {
        Self {
            files: files::Ground::new(),
            database: database::Ground::new(),
            is_on_database: AtomicBool::new(false),
        }
    }

    /// The move into a database, in small steps.
    pub(crate) fn order(&self, database: &database::Ground) -> StoreMove {
        static ORDERS: AtomicU8 = AtomicU8::new(0);
        let Place::Postgres(to) = database.place() else { unreachable!() };
        let seed = [ORDERS.fetch_add(1, Ordering::SeqCst); 32];
        StoreMove { from: self.files.data_dir(), to, seed, step_rows: 3 }
    }

    /// Moves the store into the database, telling `watch` of each step.
    pub(crate) fn try_move(
        &self,
        watch: impl FnMut(MoveProgress) -> ControlFlow<()> + Send,
    ) -> Result<Moved, MoveError> {
        self.order(&self.database).run(watch)
    }

    /// Makes the files as they were before any move, as nobody should.
    pub(crate) fn forget_move(&self) {
        self.files.execute("DELETE FROM meta WHERE key IN ('moving', 'moved_to')");
    }

    /// Moves the store, so that the next one that is opened stands on the database.
    pub(crate) fn move_over(&self) -> Moved {
        let moved = self.try_move(|_| ControlFlow::Continue(())).unwrap();
        self.use_database();
        moved
    }

    pub(crate) fn use_database(&self) {
        self.is_on_database.store(true, Ordering::SeqCst);
    }

    pub(crate) fn use_files(&self) {
        self.is_on_database.store(false, Ordering::SeqCst);
    }

    fn is_on_database(&self) -> bool {
        self.is_on_database.load(Ordering::SeqCst)
    }

    pub(crate) fn place(&self) -> Place {
        if self.is_on_database() { self.database.place() } else { self.files.place() }
    }

    pub(crate) fn threads(&self) -> Threads {
        Threads::Own
    }

    pub(crate) async fn left(&self) {
        // A database is not locked: whoever had it open needs not have gone.
        if !self.is_on_database() {
            self.files.left().await;
        }
    }

    pub(crate) fn text(&self, sql: &str) -> String {
        if self.is_on_database() { self.database.text(sql) } else { self.files.text(sql) }
    }

    pub(crate) fn hexadecimal(&self, sql: &str) -> String {
        self.files.hexadecimal(sql)
    }
}
