//! What is printed: a line for each measurement, and at the end a table for the documentation.

use std::fmt;

use crate::latency::Latency;
use crate::load::Throughput;
use crate::statistics::{median, spread};
use crate::usage::Company;

/// When others use more of a core than this, the figure says more about them than about the server. (A few percent are
/// the kernel's own, for the disk and the network.)
const UNDISTURBED_PERCENT_MAX: f64 = 15.0;

/// What a figure should reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// At least so many; the aim is more.
    AtLeast { promised: f64, aim: f64 },
    /// At least such a share, in percent.
    Share(f64),
    /// At most such a share, in percent.
    ShareAtMost(f64),
    /// Less than so many milliseconds.
    Under(f64),
    /// Less than so many microseconds.
    UnderMicros(f64),
}

/// A row of the table: one thing that was measured, once in each run.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
    pub(crate) unit: Unit,
    pub(crate) target: Option<Target>,
}

/// How a figure's values are written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    PerSecond,
    Percent,
    Millis,
    Micros,
}

impl Unit {
    fn write(self, value: f64) -> String {
        match self {
            Self::PerSecond => thousands(value),
            Self::Percent => format!("{value:.0} %"),
            Self::Millis => format!("{value:.2} ms"),
            Self::Micros => format!("{value:.2} µs"),
        }
    }
}

impl Figure {
    fn verdict(&self) -> String {
        let value = median(&self.values);
        let word = |is_met: bool| if is_met { "met" } else { "**missed**" };
        match self.target {
            None => String::new(),
            Some(Target::AtLeast { promised, aim }) => format!(
                "≥ {}: {}; aim {}: {}",
                thousands(promised),
                word(value >= promised),
                thousands(aim),
                word(value >= aim)
            ),
            Some(Target::Share(percent)) => format!("≥ {percent:.0} %: {}", word(value >= percent)),
            Some(Target::ShareAtMost(percent)) => format!("≤ {percent:.0} %: {}", word(value <= percent)),
            Some(Target::UnderMicros(micros)) => format!("< {micros} µs: {}", word(value < micros)),
            Some(Target::Under(millis)) => format!("< {millis} ms: {}", word(value < millis)),
        }
    }
}

/// The table, in Markdown.
pub(crate) struct Table<'a> {
    pub(crate) figures: &'a [Figure],
    pub(crate) machine: String,
    pub(crate) command: String,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "`{}`", self.command)?;
        writeln!(f, "on {}.\n", self.machine)?;
        writeln!(f, "| measured | median | runs from–to | target |\n|---|---|---|---|")?;
        for figure in self.figures {
            let (least, greatest) = spread(&figure.values);
            let [median, least, greatest] =
                [median(&figure.values), least, greatest].map(|value| figure.unit.write(value));
            writeln!(f, "| {} | {median} | {least}–{greatest} | {} |", figure.name, figure.verdict())?;
        }
        Ok(())
    }
}

impl fmt::Display for Throughput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = thousands(self.messages_per_second);
        write!(f, "{rate} messages/s, {:.1} µs CPU each; {}", self.micros_per_message, self.used)
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let receipt = &self.receipt;
        write!(
            f,
            "p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms; {}",
            receipt.p50, receipt.p99, receipt.max, self.used
        )
    }
}

impl fmt::Display for crate::usage::Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server {:.0} % of its core (", self.server_percent)?;
        for (position, (name, percent)) in self.threads.iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(f, "{comma}{name} {percent:.0}")?;
        }
        write!(f, "; others {:.0} %), ", self.server_others_percent)?;
        write!(f, "load {:.0} % of its (others {:.0} %)", self.load_percent, self.load_others_percent)?;
        f.write_str(if self.is_disturbed() { "; DISTURBED" } else { "" })
    }
}

impl crate::usage::Used {
    /// Whether others used so much of a core that the figure is theirs too.
    pub(crate) fn is_disturbed(&self) -> bool {
        let server_others_percent = match self.company {
            Company::Nobody => self.server_others_percent,
            Company::Database => 0.0,
        };
        server_others_percent.max(self.load_others_percent) > UNDISTURBED_PERCENT_MAX
    }
}

/// A whole number with commas.
pub(crate) fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut written = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_median_spread_and_verdict() {
        let figures = [
            Figure {
                name: "webhooks/s".to_owned(),
                values: vec![9_000.0, 12_500.4, 14_000.0],
                unit: Unit::PerSecond,
                target: Some(Target::AtLeast { promised: 8_000.0, aim: 15_000.0 }),
            },
            Figure {
                name: "p50".to_owned(),
                values: vec![2.5],
                unit: Unit::Millis,
                target: Some(Target::Under(2.0)),
            },
        ];
        let table = Table { figures: &figures, machine: "a machine".into(), command: "bench".into() };
        let rows = "| webhooks/s | 12,500 | 9,000–14,000 | ≥ 8,000: met; aim 15,000: **missed** |\n\
                    | p50 | 2.50 ms | 2.50 ms–2.50 ms | < 2 ms: **missed** |\n";
        assert!(table.to_string().ends_with(rows), "{table}");
    }
}
