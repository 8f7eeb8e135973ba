//! `waypost audit`: whether the audit is as it was written.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use waypost_domain::{AuditAction, AuditActor, AuditTarget};
use waypost_store::audit::{AuditVerified, verify};

use crate::audit::Trail;
use crate::cli::AuditCommand;
use crate::clock::SystemClock;
use crate::config::Config;

/// Does what is asked, beside a server that may be running on the same data.
pub(crate) fn audit(command: &AuditCommand, config: &Config) -> anyhow::Result<()> {
    let AuditCommand::Verify(asked) = command;
    let told = summary(&verify(&config.audit_place(), &asked.expect)?);
    std::io::stdout().write_all(told.as_bytes()).context("cannot write to the terminal")
}

fn summary(AuditVerified { entries, pruned_to, head }: &AuditVerified) -> String {
    let pruned = match pruned_to {
        0 => String::new(),
        last => format!(", after entry {last}, up to which it was pruned"),
    };
    format!("the audit is as it was written: {entries} entries{pruned}\nhead {head}\n")
}

/// The audit of whoever runs a command. It is opened before the command does anything, so that nothing is done that could
/// not be noted.
pub(crate) fn open_trail(config: &Config) -> anyhow::Result<Trail> {
    Trail::open(&config.audit_place(), Arc::new(SystemClock::new()))
}

/// Notes what a command has done, and waits until that is written.
pub(crate) async fn note(
    trail: &Trail,
    action: AuditAction,
    target: Option<AuditTarget>,
) -> anyhow::Result<()> {
    trail.note_as(AuditActor::Command, action, target);
    trail.settle().await.context("it was done, and is not in the audit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_how_many_and_where_it_ends() {
        let head = format!("7:{}", "0".repeat(64)).parse().unwrap();
        let whole = AuditVerified { entries: 7, pruned_to: 0, head };
        assert!(summary(&whole).starts_with("the audit is as it was written: 7 entries\nhead 7:000"));
        let pruned = AuditVerified { entries: 3, pruned_to: 4, head };
        assert!(summary(&pruned).contains("3 entries, after entry 4, up to which it was pruned"));
    }
}
