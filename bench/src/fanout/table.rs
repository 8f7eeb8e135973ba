//! The figures side by side, with their ratios and targets.

use std::fmt;

use super::peer::{PEERS, Peer};
use crate::report::thousands;
use crate::statistics::{median, spread};

/// What is measured of each server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    BurstCpu,
    BurstRate,
    BurstP50,
    BurstP99,
    CrowdCpu,
    CrowdRate,
    CrowdP50,
    CrowdP99,
    PacedCpu,
    PacedP50,
    PacedP99,
    LonelyCpu,
    LonelyP50,
    LonelyP99,
    Memory,
    MemoryAfterBurst,
    UpgradedMemory,
    UpgradedMemoryAfterBurst,
    Sockets,
    SocketsAfterBurst,
    Connect,
    ConnectDefault,
}

/// What the median of ours should be.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// At most so many times the median of another.
    Times(Peer, f64),
    /// Not promised, but aimed at.
    Aim(Peer, f64),
    /// At most so much.
    AtMost(f64),
    /// Not promised, but aimed at.
    AimAtMost(f64),
}

/// How a figure is written.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Micros,
    Millis,
    Kilobytes,
    PerSecond,
}

struct Row {
    figure: Figure,
    name: &'static str,
    unit: Unit,
    targets: &'static [Target],
}

const fn row(figure: Figure, name: &'static str, unit: Unit, targets: &'static [Target]) -> Row {
    Row { figure, name, unit, targets }
}

use Figure as F;
use Target::{Aim, AimAtMost, AtMost, Times};
use Unit::{Kilobytes, Micros, Millis, PerSecond};

const MEMORY: &[Target] = &[AtMost(5.0), AimAtMost(3.6)];
/// The targets are those of the issue "The hub: fan-out as fast as the kernel allows".
const ROWS: [Row; 22] = [
    row(F::BurstCpu, "burst to 500: CPU per delivery", Micros, &[Times(Peer::Node, 1.0 / 5.0)]),
    row(F::BurstRate, "burst to 500: deliveries/s", PerSecond, &[]),
    row(F::BurstP50, "burst to 500: p50", Millis, &[]),
    row(F::BurstP99, "burst to 500: p99", Millis, &[Times(Peer::Node, 1.0)]),
    row(F::CrowdCpu, "burst to 5,000: CPU per delivery", Micros, &[Times(Peer::Node, 1.0 / 8.0)]),
    row(F::CrowdRate, "burst to 5,000: deliveries/s", PerSecond, &[]),
    row(F::CrowdP50, "burst to 5,000: p50", Millis, &[]),
    row(F::CrowdP99, "burst to 5,000: p99", Millis, &[Times(Peer::Node, 1.0)]),
    row(
        F::PacedCpu,
        "50/s to 500: CPU per delivery",
        Micros,
        &[Times(Peer::Bare, 1.25), Aim(Peer::Bare, 1.15)],
    ),
    row(F::PacedP50, "50/s to 500: p50", Millis, &[Times(Peer::Bare, 1.3), Times(Peer::Node, 0.5)]),
    row(F::PacedP99, "50/s to 500: p99", Millis, &[Times(Peer::Bare, 1.5), Times(Peer::Node, 0.7)]),
    row(F::LonelyCpu, "50/s to one: CPU per delivery", Micros, &[]),
    row(F::LonelyP50, "50/s to one: p50", Millis, &[AtMost(1.0)]),
    row(F::LonelyP99, "50/s to one: p99", Millis, &[]),
    row(F::Memory, "memory per idle WebSocket", Kilobytes, MEMORY),
    row(F::MemoryAfterBurst, "… after a burst to all", Kilobytes, MEMORY),
    row(F::UpgradedMemory, "memory per idle connection, polling → upgrade", Kilobytes, MEMORY),
    row(F::UpgradedMemoryAfterBurst, "… after a burst to all", Kilobytes, MEMORY),
    row(F::Sockets, "buffers of the kernel per connection, both ends, idle", Kilobytes, &[]),
    row(F::SocketsAfterBurst, "… when a burst to all has just been received", Kilobytes, &[]),
    row(F::Connect, "connect by WebSocket: CPU per client", Micros, &[Times(Peer::Node, 1.0 / 6.0)]),
    row(F::ConnectDefault, "connect by default transports: CPU per client", Micros, &[]),
];

/// Less than this is written as 0.00, and nothing is compared with it.
const COMPARED_MIN: f64 = 0.005;

/// All that was measured.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    values: Vec<(Peer, Figure, f64)>,
}

impl Sheet {
    /// One more value, of one run.
    pub(crate) fn note(&mut self, peer: Peer, figure: Figure, value: f64) {
        self.values.push((peer, figure, value));
    }

    fn values(&self, peer: Peer, figure: Figure) -> Vec<f64> {
        let values = self.values.iter().filter(|(of, what, _)| (*of, *what) == (peer, figure));
        values.map(|(.., value)| *value).collect()
    }

    fn median(&self, peer: Peer, figure: Figure) -> Option<f64> {
        let values = self.values(peer, figure);
        (!values.is_empty()).then(|| median(&values))
    }

    fn ratio(&self, peer: Peer, figure: Figure) -> Option<f64> {
        let theirs = self.median(peer, figure).filter(|theirs| *theirs >= COMPARED_MIN)?;
        Some(self.median(Peer::Ours, figure)? / theirs)
    }

    fn cell(&self, peer: Peer, row: &Row) -> String {
        let values = self.values(peer, row.figure);
        if values.is_empty() {
            return "–".to_owned();
        }
        let (least, greatest) = spread(&values);
        let [least, greatest] = [least, greatest].map(|value| row.unit.number(value));
        format!("{} ({least}–{greatest})", row.unit.write(median(&values)))
    }

    fn verdict(&self, target: Target, row: &Row) -> Option<String> {
        let word = |is_met: bool| if is_met { "met" } else { "**missed**" };
        let (told, is_met) = match target {
            Times(peer, most) => (format!("≤ {most:.3} × {peer}"), self.ratio(peer, row.figure)? <= most),
            Aim(peer, most) => (format!("aim ≤ {most:.3} × {peer}"), self.ratio(peer, row.figure)? <= most),
            AtMost(most) => {
                (format!("≤ {}", row.unit.write(most)), self.median(Peer::Ours, row.figure)? <= most)
            }
            AimAtMost(most) => {
                (format!("aim ≤ {}", row.unit.write(most)), self.median(Peer::Ours, row.figure)? <= most)
            }
        };
        Some(format!("{told}: {}", word(is_met)))
    }
}

/// In Markdown: only rows that have values.
impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| measured | ours | node | bare | ours ÷ node | ours ÷ bare | target |")?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- | --- |")?;
        for row in &ROWS {
            if PEERS.iter().all(|peer| self.values(*peer, row.figure).is_empty()) {
                continue;
            }
            write!(f, "| {} ", row.name)?;
            for peer in PEERS {
                write!(f, "| {} ", self.cell(peer, row))?;
            }
            for peer in [Peer::Node, Peer::Bare] {
                match self.ratio(peer, row.figure) {
                    Some(ratio) => write!(f, "| {ratio:.3} ")?,
                    None => write!(f, "| – ")?,
                }
            }
            let verdicts = row.targets.iter().filter_map(|target| self.verdict(*target, row));
            writeln!(f, "| {} |", verdicts.collect::<Vec<_>>().join("; "))?;
        }
        Ok(())
    }
}

impl Unit {
    fn write(self, value: f64) -> String {
        let number = self.number(value);
        match self {
            Self::Micros => format!("{number} µs"),
            Self::Millis => format!("{number} ms"),
            Self::Kilobytes => format!("{number} KB"),
            Self::PerSecond => number,
        }
    }

    fn number(self, value: f64) -> String {
        match self {
            Self::PerSecond => thousands(value),
            _ if value < 100.0 => format!("{value:.2}"),
            _ => thousands(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_one_row() {
        for row in &ROWS {
            assert_eq!(ROWS.iter().filter(|other| other.figure == row.figure).count(), 1, "{}", row.name);
        }
    }

    #[test]
    fn a_row_has_medians_spreads_ratios_and_verdicts() {
        let mut sheet = Sheet::default();
        for value in [1.0, 3.0, 2.0] {
            sheet.note(Peer::Ours, Figure::PacedCpu, value);
        }
        sheet.note(Peer::Bare, Figure::PacedCpu, 1.65);
        let row = "| 50/s to 500: CPU per delivery | 2.00 µs (1.00–3.00) | – | 1.65 µs (1.65–1.65) \
                   | – | 1.212 | ≤ 1.250 × bare: met; aim ≤ 1.150 × bare: **missed** |\n";
        assert!(sheet.to_string().ends_with(row), "{sheet}");
    }

    #[test]
    fn nothing_is_compared_with_nothing() {
        let mut sheet = Sheet::default();
        sheet.note(Peer::Ours, Figure::Sockets, 0.08);
        sheet.note(Peer::Node, Figure::Sockets, 0.0);
        sheet.note(Peer::Bare, Figure::Sockets, 0.004);
        let row = "| 0.08 KB (0.08–0.08) | 0.00 KB (0.00–0.00) | 0.00 KB (0.00–0.00) | – | – |  |\n";
        assert!(sheet.to_string().ends_with(row), "{sheet}");
    }
}
