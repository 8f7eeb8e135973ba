//! What was done, how long it took, and what was not done and why.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The steps of a run. A failed step does not end it, so that one run shows all that is wrong.
#[derive(Default)]
pub(crate) struct Report {
    steps: Vec<Step>,
    not_run: Vec<String>,
}

struct Step {
    title: String,
    took: Duration,
    failed: Option<String>,
}

/// What may be left out of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gaps {
    /// A person's run: what could not be tested is told.
    Told,
    /// Continuous integration: what could not be tested is an error.
    Refused,
}

impl Report {
    /// Does a step and returns what it gave, or `None` if it failed, which is remembered.
    #[expect(clippy::disallowed_methods, reason = "the time that a step really takes")]
    pub(crate) fn step<T>(&mut self, title: &str, step: impl FnOnce() -> Result<T>) -> Option<T> {
        println!("\n=== {title}");
        let start = Instant::now();
        let result = step();
        let took = start.elapsed();
        let (value, failed) = match result {
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        match &failed {
            None => println!("--- {title}: {:.1} s", took.as_secs_f64()),
            Some(error) => println!("--- {title}: FAILED after {:.1} s: {error}", took.as_secs_f64()),
        }
        self.steps.push(Step { title: title.to_owned(), took, failed });
        value
    }

    /// Remembers what could not be tested.
    pub(crate) fn not_run(&mut self, what: &str, because: &str) {
        let line = format!("not run: {what}, because {because}");
        println!("{line}");
        self.not_run.push(line);
    }

    /// Prints the summary; an error if anything failed, or was not run where that is refused.
    pub(crate) fn finish(self, gaps: Gaps) -> Result<()> {
        println!("\n=== Summary");
        let mut failed = 0;
        for step in &self.steps {
            let mark = if step.failed.is_some() { "FAILED" } else { "ok" };
            println!("{mark:>6} {:7.1} s  {}", step.took.as_secs_f64(), step.title);
            failed += usize::from(step.failed.is_some());
        }
        for line in &self.not_run {
            println!("{line}");
        }
        if failed > 0 {
            bail!("{failed} of {} steps failed", self.steps.len());
        }
        if gaps == Gaps::Refused && !self.not_run.is_empty() {
            bail!("{} could not be run, and CI=true asks for everything", self.not_run.len());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_run_but_not_the_next_step() {
        let mut report = Report::default();
        assert_eq!(report.step("one", || -> Result<u8> { bail!("no") }), None);
        assert_eq!(report.step("two", || Ok(2)), Some(2));
        assert_eq!(report.finish(Gaps::Told).unwrap_err().to_string(), "1 of 2 steps failed");
    }

    #[test]
    fn a_gap_is_told_to_a_person_and_refused_in_ci() {
        let with_gap = || {
            let mut report = Report::default();
            report.not_run("browser tests", "there is no Chromium");
            report
        };
        assert!(with_gap().finish(Gaps::Told).is_ok());
        assert!(with_gap().finish(Gaps::Refused).is_err());
    }
}
