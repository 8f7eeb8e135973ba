//! What a server holds: descriptors and memory as the kernel sees them, and what it says of itself.

use std::fmt;
use std::fs;

use anyhow::{Context as _, Result};

use crate::fanout::handshake::Stream;
use crate::fanout::memory::resident_bytes;
use crate::fanout::peer::Server;

/// One look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// The one of the connection that asks is among them.
    descriptors: usize,
    pub(crate) resident_bytes: u64,
    counts: Counts,
}

/// What the server says is there. The connection that asks is among the tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    connections: u64,
    sockets: u64,
    tasks: u64,
    slow_closed: u64,
    refused: u64,
}

impl Look {
    pub(crate) fn at(server: &Server) -> Result<Self> {
        let mut asking = Stream::open(server.address(1))?;
        asking.write("GET /counts HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")?;
        let counts = Counts::read(&asking.answer()?)?;
        let descriptors = fs::read_dir(format!("/proc/{}/fd", server.pid())).context("the server is gone")?;
        let descriptors = descriptors.count();
        // Not closed before: when the server would follow is its own affair, and the count would be one or the other.
        drop(asking);
        Ok(Self { descriptors, resident_bytes: resident_bytes(server.pid())?, counts })
    }

    /// Whether nobody is there any more, and nothing is left of anybody. What was refused or slow stays counted.
    pub(crate) fn holds_as_many_as(&self, fresh: &Self) -> bool {
        let held = |look: &Self| {
            let Counts { connections, sockets, tasks, .. } = look.counts;
            [connections, sockets, tasks]
        };
        held(self) == held(fresh) && self.descriptors == fresh.descriptors
    }

    #[cfg(test)]
    pub(super) fn of_memory(resident_bytes: u64) -> Self {
        Self { descriptors: 0, resident_bytes, counts: Counts::default() }
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { descriptors, resident_bytes, counts } = self;
        let Counts { connections, sockets, tasks, slow_closed, refused } = counts;
        write!(
            f,
            "{descriptors} descriptors, {tasks} tasks, {connections} connections, {sockets} sockets, "
        )?;
        write!(f, "VmRSS {:.2} MB", *resident_bytes as f64 / 1e6)?;
        write!(f, "; so far {slow_closed} closed as slow, {refused} refused")
    }
}

impl Counts {
    fn read(text: &str) -> Result<Self> {
        let count = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|count| count.parse().ok()).with_context(|| format!("no `{name}` in the counts"))
        };
        Ok(Self {
            connections: count("connections")?,
            sockets: count("sockets")?,
            tasks: count("tasks")?,
            slow_closed: count("slow_closed")?,
            refused: count("handshakes_refused")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn counts_are_read_by_their_names() {
        let text = "connections 1\nsockets 2\ntasks 3\nslow_closed 4\nhandshakes_refused 5\n";
        let counts = Counts { connections: 1, sockets: 2, tasks: 3, slow_closed: 4, refused: 5 };
        assert_eq!(Counts::read(text).unwrap(), counts);
        assert!(Counts::read("connections 1\n").is_err());
    }
}
