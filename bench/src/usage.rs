//! How busy the server is: its CPU time by thread, and what else its core does.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::Instant;

use crate::machine::{LOAD_CORE, SERVER_CORE};

/// CPU time so far, in the kernel's clock ticks.
pub(crate) struct Usage {
    at: Instant,
    server: u64,
    /// The server's once more, from the scheduler: to the nanosecond, but without threads that have ended.
    server_exact: Duration,
    threads: BTreeMap<String, u64>,
    /// What the whole core was busy with, the server included.
    server_core: u64,
    /// This process.
    load: u64,
    load_exact: Duration,
    load_core: u64,
}

/// What was used between two looks.
#[derive(Clone, Debug)]
pub(crate) struct Used {
    pub(crate) elapsed: Duration,
    pub(crate) server: Duration,
    /// The same, and the load's, exactly, if no thread has ended.
    pub(crate) server_exact: Duration,
    pub(crate) load_exact: Duration,
    /// Shares of the time, in percent; the others are those on the same core.
    pub(crate) server_percent: f64,
    pub(crate) server_others_percent: f64,
    pub(crate) load_percent: f64,
    pub(crate) load_others_percent: f64,
    /// By the name of the thread, the busiest first.
    pub(crate) threads: Vec<(String, f64)>,
    pub(crate) company: Company,
}

/// Who is meant to use the server's core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    /// The server.
    Nobody,
    /// Its database too.
    Database,
}

impl Used {
    /// The same, of a server that has company.
    pub(crate) fn in_company(self, company: Company) -> Self {
        Self { company, ..self }
    }
}

impl Usage {
    pub(crate) fn look(pid: u32) -> Result<Self> {
        let cores = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
        let mut threads = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{pid}/task")).context("the server is gone")? {
            // A thread may end between the listing and the look.
            let Ok(stat) = fs::read_to_string(task?.path().join("stat")) else { continue };
            let (name, ticks) = read_task(&stat)?;
            *threads.entry(name).or_insert(0) += ticks;
        }
        let process = fs::read_to_string(format!("/proc/{pid}/stat")).context("the server is gone")?;
        let own = fs::read_to_string("/proc/self/stat")?;
        Ok(Self {
            at: Instant::now(),
            server: read_task(&process)?.1,
            server_exact: exact(&format!("/proc/{pid}/task"))?,
            threads,
            server_core: read_core(&cores, SERVER_CORE)?,
            load: read_task(&own)?.1,
            load_exact: exact("/proc/self/task")?,
            load_core: read_core(&cores, LOAD_CORE)?,
        })
    }

    /// What was used since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Used {
        let elapsed = self.at.duration_since(earlier.at);
        let percent = |ticks: u64| time(ticks).as_secs_f64() / elapsed.as_secs_f64() * 1e2;
        let server = self.server - earlier.server;
        let server_core = self.server_core - earlier.server_core;
        let load = self.load - earlier.load;
        let load_core = self.load_core - earlier.load_core;
        let mut threads: Vec<_> = self
            .threads
            .iter()
            .map(|(name, now)| {
                let before = earlier.threads.get(name).copied().unwrap_or(0);
                (name.clone(), percent(now.saturating_sub(before)))
            })
            .filter(|(_, percent)| *percent >= 1.0)
            .collect();
        threads.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        Used {
            elapsed,
            server: time(server),
            server_exact: self.server_exact.saturating_sub(earlier.server_exact),
            load_exact: self.load_exact.saturating_sub(earlier.load_exact),
            server_percent: percent(server),
            server_others_percent: percent(server_core.saturating_sub(server)),
            load_percent: percent(load),
            load_others_percent: percent(load_core.saturating_sub(load)),
            threads,
            company: Company::Nobody,
        }
    }
}

fn time(ticks: u64) -> Duration {
    Duration::from_micros(ticks * 1_000_000 / rustix::param::clock_ticks_per_second())
}

/// Name and CPU time of a line of `/proc/PID/stat`: the name is in parentheses and may hold anything; user and system
/// time are the 14th and 15th fields.
fn read_task(stat: &str) -> Result<(String, u64)> {
    let (head, rest) = stat.rsplit_once(") ").context("no name in stat")?;
    let (_, name) = head.split_once('(').context("no name in stat")?;
    let times = rest.split(' ').skip(11).take(2).map(str::parse::<u64>);
    Ok((name.to_owned(), times.sum::<Result<u64, _>>().context("no times in stat")?))
}

/// CPU time of the threads of `/proc/PID/task` that have not ended.
fn exact(tasks: &str) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for task in fs::read_dir(tasks).context("the server is gone")? {
        let Ok(schedule) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        sum += read_schedule(&schedule)?;
    }
    Ok(sum)
}

/// CPU time of a line of `/proc/PID/task/TID/schedstat`: the first field, in nanoseconds.
fn read_schedule(schedule: &str) -> Result<Duration> {
    let first = schedule.split(' ').next().unwrap_or_default();
    Ok(Duration::from_nanos(first.parse().context("no time in schedstat")?))
}

/// Busy time of a core of `/proc/stat`: all but idle and waiting for the disk (the 4th and 5th), and without the guest
/// times, which user time has already.
fn read_core(stat: &str, core: usize) -> Result<u64> {
    let label = format!("cpu{core} ");
    let line =
        stat.lines().find_map(|line| line.strip_prefix(&label)).context("no such core in /proc/stat")?;
    let fields: Vec<u64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    Ok(fields.iter().take(8).enumerate().filter(|(at, _)| ![3, 4].contains(at)).map(|(_, ticks)| ticks).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc_are_read() {
        let stat = "71 (a b) c) S 1 71 71 0 -1 4194560 1 0 0 0 120 30 5 6 20 0 1 0 99";
        assert_eq!(read_task(stat).unwrap(), ("a b) c".to_owned(), 150));
        assert_eq!(read_schedule("1500 7 2\n").unwrap(), Duration::from_nanos(1_500));
        let stat = "cpu  1 1 1 1\ncpu0 10 1 2 500 60 3 4 5 9 9\ncpu1 1 0 0 0 0 0 0 0 0 0\n";
        assert_eq!((read_core(stat, 0).unwrap(), read_core(stat, 1).unwrap()), (25, 1));
    }
}
