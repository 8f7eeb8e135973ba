//! The machine that the figures are of, and which of its cores this process runs on.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use rustix::thread::{CpuSet, sched_setaffinity};
use tokio::time::Instant;

use crate::statistics::Quantiles;

/// Where the server runs.
pub(crate) const SERVER_CORE: usize = 0;
/// Where the load and the clients run.
pub(crate) const LOAD_CORE: usize = 1;

/// How often the disk is asked for its time.
const SYNCS: usize = 300;

/// Makes the calling thread, and whatever it starts from now on, run on that core alone.
pub(crate) fn pin_to(core: usize) -> Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores)
        .with_context(|| format!("cannot run on core {core}: the benchmark needs cores 0 and 1"))
}

/// What a reader has to know to compare figures.
pub(crate) struct Machine {
    cores: usize,
    cpu: String,
    kernel: String,
    sync: Quantiles,
}

impl Machine {
    /// Looks around, and writes to `folder` to see how long its disk takes. To be called before anything is pinned:
    /// only the cores that this thread may use are counted.
    pub(crate) fn look(folder: &Path) -> Result<Self> {
        let uname = rustix::system::uname();
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Ok(Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cpu: model.map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned()),
            kernel: format!("{} {}", uname.sysname().to_string_lossy(), uname.release().to_string_lossy()),
            sync: time_syncs(folder).context("cannot time the disk")?,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cores, cpu, kernel, sync } = self;
        write!(f, "{cores} cores, {cpu}, {kernel}; ")?;
        write!(f, "fdatasync of 4 KB: p50 {:.2} ms, p99 {:.2} ms", sync.p50, sync.p99)
    }
}

/// The time that 4 KB more in a file take to be safe.
fn time_syncs(folder: &Path) -> Result<Quantiles> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let start = Instant::now();
        file.write_all(&[0x57; 4_096])?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    Ok(Quantiles::of(times))
}
