//! The benchmark `rooms`: what joining, leaving, disconnecting and a delivery cost as rooms grow in size and in number.
//!
//! The engine's example `publish` does it in a process of its own, with members in memory, and times itself; this asks
//! for it at three sizes and compares. What a socket does may cost what the socket holds, not what the room does.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::machine::{Machine, SERVER_CORE, pin_to};
use crate::report::thousands;
use crate::statistics::{median, spread};

/// Members, or rooms of one member, and how often they are measured: few take so little time that one run says little.
const SIZES: [(usize, usize); 3] = [(1_000, 25), (10_000, 9), (100_000, 3)];
/// How much more anything may cost with the most than with the fewest. Their memory does not fit into caches, so that it
/// cannot be the same.
const RATIO_MAX: f64 = 3.0;
/// Deliveries of one run.
const DELIVERIES: usize = 4_000_000;

/// The program that is measured.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The example `publish` of `waypost-realtime`, a release build.
    #[arg(long, value_name = "FILE", env = "BENCH_PUBLISH_BIN", hide = true)]
    pub(crate) publish_bin: PathBuf,
}

/// A row: one figure at each of [`SIZES`], with all its runs.
struct Row {
    name: &'static str,
    values: [Vec<f64>; SIZES.len()],
}

/// What is run, and the rows of the figures that it prints.
struct Question {
    arguments: fn(usize) -> Vec<String>,
    rows: &'static [(&'static str, &'static str)],
}

const QUESTIONS: [Question; 3] = [
    Question {
        arguments: |members| words(&["rooms", "--members"], members),
        rows: &[
            ("join_ns", "join one room of so many"),
            ("leave_ns", "leave it"),
            ("disconnect_ns", "disconnect from it"),
        ],
    },
    Question {
        arguments: |rooms| words(&["rooms", "--rooms"], rooms),
        rows: &[
            ("join_ns", "join one of so many rooms of one"),
            ("leave_ns", "leave it"),
            ("disconnect_ns", "disconnect from it"),
        ],
    },
    Question {
        arguments: |members| {
            let mut words = words(&["publish", "--members"], members);
            words.extend(["--events".to_owned(), (DELIVERIES / members).to_string()]);
            words
        },
        rows: &[("delivery_ns", "a delivery to a room of so many")],
    },
];

/// Measures and prints the table.
pub(crate) fn run(options: &Options) -> Result<()> {
    let machine = Machine::look(&std::env::temp_dir())?;
    pin_to(SERVER_CORE)?;
    let mut rows = Vec::new();
    for question in &QUESTIONS {
        rows.extend(ask(options, question)?);
    }
    println!("`cargo xtask bench rooms`\non {machine}.\n\n{}", Table(&rows));
    Ok(())
}

fn ask(options: &Options, question: &Question) -> Result<Vec<Row>> {
    let empty = |(_, name): &(_, &'static str)| Row { name, values: Default::default() };
    let mut rows: Vec<Row> = question.rows.iter().map(empty).collect();
    for (place, (size, runs)) in SIZES.into_iter().enumerate() {
        for _ in 0..runs {
            let output = Command::new(&options.publish_bin).args((question.arguments)(size)).output();
            let output = output.context("the example `publish` cannot be started")?;
            ensure!(output.status.success(), "`publish`: {}", String::from_utf8_lossy(&output.stderr));
            let printed = String::from_utf8(output.stdout).context("`publish` prints UTF-8")?;
            for (row, (figure, _)) in rows.iter_mut().zip(question.rows) {
                row.values[place].push(read_figure(&printed, figure)?);
            }
        }
    }
    Ok(rows)
}

fn words(first: &[&str], size: usize) -> Vec<String> {
    first.iter().map(|word| (*word).to_owned()).chain([size.to_string()]).collect()
}

fn read_figure(printed: &str, figure: &str) -> Result<f64> {
    let line = printed.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).with_context(|| format!("no `{figure}` in {printed:?}"))
}

impl Row {
    /// How many times what it is with the fewest.
    fn ratio(&self) -> f64 {
        let [fewest, .., most] = &self.values;
        median(most) / median(fewest)
    }
}

struct Table<'a>(&'a [Row]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [fewest, .., most] = SIZES.map(|(size, _)| thousands(size as f64));
        write!(f, "| nanoseconds, median (runs from–to) |")?;
        for (size, _) in SIZES {
            write!(f, " {} |", thousands(size as f64))?;
        }
        writeln!(f, " {most} : {fewest} | aim |\n|---|{}---|---|", "---|".repeat(SIZES.len()))?;
        for row in self.0 {
            write!(f, "| {} |", row.name)?;
            for values in &row.values {
                let (least, greatest) = spread(values);
                let [middle, least, greatest] = [median(values), least, greatest].map(thousands);
                write!(f, " {middle} ({least}–{greatest}) |")?;
            }
            let ratio = row.ratio();
            let verdict = if ratio <= RATIO_MAX { "met" } else { "**missed**" };
            writeln!(f, " {ratio:.2} | ≤ {RATIO_MAX}: {verdict} |")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_compares_the_most_with_the_fewest() {
        assert_eq!(read_figure("join_ns 81.5\nleave_ns 3.0\n", "leave_ns").unwrap(), 3.0);
        assert!(read_figure("join_ns 81.5\n", "leave_ns").is_err());
        let row = |most| Row { name: "join", values: [vec![100.0, 120.0, 110.0], vec![0.0], vec![most]] };
        let rows = [row(330.0), row(1_331.0)];
        let expected = "| join | 110 (100–120) | 0 (0–0) | 330 (330–330) | 3.00 | ≤ 3: met |\n\
                        | join | 110 (100–120) | 0 (0–0) | 1,331 (1,331–1,331) | 12.10 | ≤ 3: **missed** |\n";
        assert!(Table(&rows).to_string().ends_with(expected), "{}", Table(&rows));
    }
}
