//! The benchmark `instructions`: what a publish and a delivery cost in instructions, counted by valgrind.
//!
//! The engine's example `publish` is run with few and with many members and events. What all runs do alike (starting,
//! connecting) falls out of the differences, and what is left moves by less than one in a thousand from run to run, on a
//! busy machine too. The kernel's part is not in it: members are in memory. What a member costs from its coming to its
//! going is counted among few and among many, for which `rooms` has times.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::report::thousands;
use crate::rooms::Options;

const MEMBERS: [usize; 2] = [64, 192];
const EVENTS: [usize; 2] = [640, 1_920];
/// Sizes of a publish group.
const GROUPS: [usize; 2] = [1, 64];
/// Functions that are listed.
const FUNCTIONS_MAX: usize = 10;
/// Members; a life is counted between so many and twice as many of them.
const LIVES: [usize; 2] = [1_000, 10_000];

/// Instructions of one run, or of what is between runs.
#[derive(Clone, Debug, Default, PartialEq)]
struct Count {
    total: f64,
    /// Of a function itself, wherever it was inlined from.
    functions: BTreeMap<String, f64>,
}

/// What one event costs at each number of members.
struct Costs {
    publish: Count,
    delivery: Count,
}

/// Counts and prints.
pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let valgrind = Valgrind { program: &options.publish_bin, folder: &folder };
    let mut listed = String::new();
    println!("| instructions | a publish | a delivery |\n|---|---|---|");
    for group in GROUPS {
        let Costs { publish, delivery } = valgrind.costs(group)?;
        let manner = if group == 1 { "lonely".to_owned() } else { format!("in groups of {group}") };
        println!("| {manner} | {} | {} |", thousands(publish.total), thousands(delivery.total));
        listed += &format!("\nA delivery, {manner}:\n{}", Dearest(&delivery));
    }
    println!("{listed}");
    let [fewer, more] = LIVES.map(|members| thousands(members as f64));
    println!(
        "| a life: connect, join, leave, join, disconnect | among {fewer} | among {more} |\n|---|---|---|"
    );
    for (place, option) in [("in one room", "--members"), ("in a room of one's own", "--rooms")] {
        let [few, many] = LIVES.map(|members| valgrind.life(option, members));
        println!("| {place} | {} | {} |", thousands(few?), thousands(many?));
    }
    Ok(())
}

struct Valgrind<'a> {
    program: &'a Path,
    folder: &'a TempDir,
}

impl Valgrind<'_> {
    fn costs(&self, group: usize) -> Result<Costs> {
        let [few, many] = MEMBERS.map(|members| self.event(members, group));
        let (few, many) = (few?, many?);
        let delivery = many.minus(&few).over((MEMBERS[1] - MEMBERS[0]) as f64);
        let deliveries = delivery.over(1.0 / MEMBERS[0] as f64);
        Ok(Costs { publish: few.minus(&deliveries), delivery })
    }

    /// What one event costs to so many members.
    fn event(&self, members: usize, group: usize) -> Result<Count> {
        let [few, many] = EVENTS.map(|events| {
            let numbers = [members, events, group].map(|number| number.to_string());
            let [members, events, group] = numbers.each_ref().map(String::as_str);
            self.count(&["publish", "--members", members, "--events", events, "--group", group])
        });
        Ok(many?.minus(&few?).over((EVENTS[1] - EVENTS[0]) as f64))
    }

    fn life(&self, option: &str, members: usize) -> Result<f64> {
        let [some, twice] = [members, 2 * members]
            .map(|members| self.count(&["rooms", option, members.to_string().as_str()]));
        Ok(twice?.minus(&some?).over(members as f64).total)
    }

    fn count(&self, arguments: &[&str]) -> Result<Count> {
        let file = self.folder.path().join("callgrind.out");
        let mut valgrind = Command::new("valgrind");
        valgrind
            .arg("--quiet")
            .arg("--tool=callgrind")
            .arg(format!("--callgrind-out-file={}", file.display()));
        valgrind.arg(self.program).args(arguments).stdin(Stdio::null());
        output(&mut valgrind)?;
        let mut annotate = Command::new("callgrind_annotate");
        read_annotation(&output(annotate.args(["--threshold=100", "--auto=no"]).arg(&file))?)
    }
}

fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("`{name}` cannot be started"))?;
    ensure!(output.status.success(), "`{name}`: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).with_context(|| format!("`{name}` prints UTF-8"))
}

/// Lines are `1,234 (5.67%)  file:function [object]`, one for each file that a function has lines of.
fn read_annotation(text: &str) -> Result<Count> {
    let mut count = Count::default();
    for line in text.lines() {
        let Some((number, rest)) = line.trim_start().split_once(" (") else { continue };
        let Ok(instructions) = number.replace(',', "").parse::<f64>() else { continue };
        let Some((_, what)) = rest.split_once(")  ") else { continue };
        if what == "PROGRAM TOTALS" {
            count.total = instructions;
        } else if let Some((_, function)) = what.split_once(':') {
            let name = function.rsplit_once(" [").map_or(function, |(name, _)| name);
            *count.functions.entry(name.to_owned()).or_default() += instructions;
        }
    }
    ensure!(count.total > 0.0, "callgrind_annotate prints no total");
    Ok(count)
}

impl Count {
    fn minus(&self, other: &Self) -> Self {
        let mut difference = self.clone();
        difference.total -= other.total;
        for (name, instructions) in &other.functions {
            *difference.functions.entry(name.clone()).or_default() -= instructions;
        }
        difference
    }

    fn over(&self, times: f64) -> Self {
        let functions = self.functions.iter().map(|(name, count)| (name.clone(), count / times)).collect();
        Self { total: self.total / times, functions }
    }
}

/// The functions that cost most.
struct Dearest<'a>(&'a Count);

impl fmt::Display for Dearest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut functions: Vec<_> = self.0.functions.iter().collect();
        functions.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        for (name, instructions) in functions.into_iter().take(FUNCTIONS_MAX) {
            writeln!(f, "{instructions:>8.1}  {name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_summed_by_function() {
        let text = "Events shown:     Ir\n\
                    1,100 (100.0%)  PROGRAM TOTALS\n\
                    Ir                   file:function\n \
                    1,000 (90.91%)  /a/link.rs:engine::Link<A>::write [/bin/a]\n    \
                    60 ( 5.45%)  /rust/option.rs:engine::Link<A>::write\n    \
                    40 ( 3.64%)  ???:0x0001 [/lib/c.so]\n";
        let count = read_annotation(text).unwrap();
        let functions = [("0x0001", 40.0), ("engine::Link<A>::write", 1_060.0)];
        let functions = functions.map(|(name, count)| (name.to_owned(), count)).into();
        assert_eq!(count, Count { total: 1_100.0, functions });
        let half = count.minus(&count.over(2.0));
        assert_eq!((half.total, half.functions["0x0001"]), (550.0, 20.0));
        assert!(Dearest(&half).to_string().starts_with("   530.0  engine::Link"));
        assert!(read_annotation("nothing").is_err());
    }
}
