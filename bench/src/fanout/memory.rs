//! What a connection keeps in memory: the rise of the server's resident set, when nothing has happened for a while.

use std::fmt;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::handshake::{self, Transports};
use super::load::{Load, Pace};
use super::peer::Server;

/// Connect and go first, so that the code that is loaded and what is kept for all is not counted.
const FIRST: usize = 64;
/// Until these are gone.
const PUT_AWAY: Duration = Duration::from_secs(1);
/// Messages of the burst.
const BURST: usize = 32;

/// How many connect, and how long they wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    pub(crate) clients: usize,
    pub(crate) idle: Duration,
}

/// Kilobytes of 1,000 bytes, each connection.
pub(crate) struct Kept {
    pub(crate) idle: f64,
    /// Idle again, after a burst to all.
    pub(crate) after_burst: f64,
    /// Of the kernel, for the buffers of both ends.
    pub(crate) sockets_idle: f64,
    /// The same, when everybody has just received the burst.
    pub(crate) sockets_after_burst: f64,
}

/// Connects them, waits, publishes a burst to all, and waits again.
pub(crate) fn measure(server: &Server, crowd: Crowd, transports: Transports) -> Result<Kept> {
    drop(handshake::join(server, FIRST, transports)?);
    Load::new(server, Vec::new())?.idle(PUT_AWAY)?;
    let before = resident_bytes(server.pid())?;
    let mut load = Load::new(server, handshake::join(server, crowd.clients, transports)?)?;
    let each = |now: u64| (now as f64 - before as f64) / 1e3 / crowd.clients as f64;
    let sockets = || Ok::<_, anyhow::Error>(socket_bytes()? as f64 / 1e3 / crowd.clients as f64);
    load.idle(crowd.idle)?;
    let (idle, sockets_idle) = (each(resident_bytes(server.pid())?), sockets()?);
    load.publish(BURST, Pace::BackToBack)?.close()?;
    let sockets_after_burst = sockets()?;
    load.idle(crowd.idle)?;
    let after_burst = each(resident_bytes(server.pid())?);
    Ok(Kept { idle, after_burst, sockets_idle, sockets_after_burst })
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { idle, after_burst, sockets_idle, sockets_after_burst } = self;
        write!(f, "{idle:.2} KB each, {after_burst:.2} KB after a burst; ")?;
        write!(
            f,
            "buffers of the kernel {sockets_idle:.2} KB, at the end of the burst {sockets_after_burst:.2} KB"
        )
    }
}

pub(crate) fn resident_bytes(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the server is gone")?;
    read_resident(&status)
}

fn read_resident(status: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in status")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().context("no number in VmRSS")?;
    Ok(kibibytes * 1024)
}

/// What the buffers of all TCP sockets of the machine take.
fn socket_bytes() -> Result<u64> {
    let stat = fs::read_to_string("/proc/net/sockstat").context("cannot read /proc/net/sockstat")?;
    Ok(read_pages(&stat)? * rustix::param::page_size() as u64)
}

/// The last field of the line of TCP.
fn read_pages(stat: &str) -> Result<u64> {
    let line = stat.lines().find(|line| line.starts_with("TCP: ")).context("no TCP in sockstat")?;
    let (_, pages) = line.rsplit_once(" mem ").context("no pages of TCP in sockstat")?;
    pages.parse().context("no number of pages in sockstat")
}

#[cfg(test)]
mod tests {
    use super::{read_pages, read_resident};

    #[test]
    fn the_resident_set_is_read() {
        let status = "Name:\tnode\nVmHWM:\t   90000 kB\nVmRSS:\t    81234 kB\nThreads:\t1\n";
        assert_eq!(read_resident(status).unwrap(), 81_234 * 1024);
        assert!(read_resident("VmRSS: none").is_err());
    }

    #[test]
    fn the_pages_of_tcp_are_read() {
        let stat = "sockets: used 19\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 12\nUDP: inuse 0 mem 0\n";
        assert_eq!(read_pages(stat).unwrap(), 12);
        assert!(read_pages("UDP: inuse 0 mem 0\n").is_err());
    }
}
