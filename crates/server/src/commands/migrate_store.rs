//! `waypost migrate-store`: the store goes from the data directory into PostgreSQL, and back while that is possible.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::Context as _;
use waypost_store::{Clock as _, MoveProgress, MoveStage, Moved, Place, StoreMove};

use super::purpose::claim_for_server;
use crate::cli::MigrateStore;
use crate::clock::{SystemClock, random_seed};
use crate::config::Config;

/// Rows of a step: a few of these are done in a second, so that there is something to see and little to do again.
const STEP_ROWS: u32 = 5_000;

/// How often a line is written where nobody watches.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// How often it is where somebody does.
const LIVE_LINE_EVERY: Duration = Duration::from_millis(200);

/// Moves the store, or takes that back.
pub(crate) fn migrate_store(asked: &MigrateStore, config: &Config) -> anyhow::Result<()> {
    let Place::Postgres(to) = config.store.place() else {
        anyhow::bail!(
            "WAYPOST_STORE says where to move the store, such as postgres://user:password@host:5432/database"
        )
    };
    let from = config.store.data_dir.as_path().to_path_buf();
    claim_for_server(&Place::Directory(from.clone()))?;
    let told = format!("{} and {to}", from.display());
    let order = StoreMove { from, to, seed: random_seed()?, step_rows: STEP_ROWS };
    if asked.undo {
        order.take_back()?;
        return say(&format!("taken back between {told}: set WAYPOST_STORE=sqlite and start the server\n"));
    }
    let mut report = Report::new();
    let moved = order.run(|progress| {
        report.tell(&progress);
        ControlFlow::Continue(())
    })?;
    report.end();
    say(&summary(&moved, report.clock.monotonic()))
}

fn summary(moved: &Moved, took: Duration) -> String {
    if moved.tables.is_empty() {
        return "it was moved before: start the server\n".to_owned();
    }
    let mut text = String::new();
    let mut rows = 0;
    for (table, count) in &moved.tables {
        // A String takes any text.
        let (Ok(()) | Err(_)) = writeln!(text, "{table:>16} {count:>12}");
        rows += count;
    }
    let rate = per_second(rows, took);
    let seconds = took.as_secs_f64();
    text + &format!(
        "{rows} rows moved and compared in {seconds:.1} s ({rate} rows/s). Both sides hold the same: start the server\n"
    )
}

fn say(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("cannot write to the terminal")
}

/// What is seen of a move on stderr: one line that changes, or on no terminal a line now and then.
struct Report {
    clock: SystemClock,
    is_terminal: bool,
    told_at: Option<Duration>,
    /// What is being done, since when, and how many rows were done before.
    current: Option<(MoveStage, &'static str, Duration, u64)>,
}

impl Report {
    fn new() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self { clock: SystemClock::new(), is_terminal, told_at: None, current: None }
    }

    fn tell(&mut self, progress: &MoveProgress) {
        let now = self.clock.monotonic();
        let (stage, table, began, before) = match self.current {
            Some(current) if (current.0, current.1) == (progress.stage, progress.table) => current,
            _ => (progress.stage, progress.table, now, progress.rows),
        };
        self.current = Some((stage, table, began, before));
        let every = if self.is_terminal { LIVE_LINE_EVERY } else { LINE_EVERY };
        let is_last = progress.rows == progress.of && progress.of > 0;
        if !is_last && self.told_at.is_some_and(|told_at| now < told_at + every) {
            return;
        }
        self.told_at = Some(now);
        let rate = per_second(progress.rows - before, now.saturating_sub(began));
        self.write(&line(progress, rate));
    }

    fn end(&self) {
        if self.is_terminal {
            self.write("");
        }
    }

    fn write(&self, line: &str) {
        let written = if self.is_terminal {
            // Back to the begin of the line, and away with what was there.
            write!(std::io::stderr(), "\r\x1b[2K{line}")
        } else {
            writeln!(std::io::stderr(), "{line}")
        };
        // A move does not end because nobody can watch it.
        let (Ok(()) | Err(_)) = written;
    }
}

fn line(progress: &MoveProgress, rate: u64) -> String {
    let MoveProgress { stage, table, rows, of } = progress;
    let what = match stage {
        MoveStage::Copying => "moving",
        MoveStage::SummingSource => "reading again",
        MoveStage::SummingTarget => "comparing",
    };
    format!("{what} {table}: {rows} of {of} rows, {rate} rows/s")
}

fn per_second(rows: u64, time: Duration) -> u64 {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
    rows.saturating_mul(1_000) / millis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_done_and_how_fast() {
        let progress =
            MoveProgress { stage: MoveStage::Copying, table: "messages", rows: 5_000, of: 200_000 };
        let rate = per_second(5_000, Duration::from_millis(250));
        assert_eq!(line(&progress, rate), "moving messages: 5000 of 200000 rows, 20000 rows/s");
        assert_eq!(per_second(7, Duration::ZERO), 7_000);
    }

    #[test]
    fn the_summary_counts_every_table() {
        let moved = Moved { tables: vec![("messages", 3), ("seen", 4)] };
        let text = summary(&moved, Duration::from_secs(2));
        assert!(text.ends_with(
            "7 rows moved and compared in 2.0 s (3 rows/s). Both sides hold the same: start the server\n"
        ));
        assert_eq!(text.lines().count(), 3);
        assert!(summary(&Moved::default(), Duration::ZERO).contains("moved before"));
    }
}
