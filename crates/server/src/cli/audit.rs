//! `waypost audit` and its arguments.

use clap::{Args, Subcommand};
use waypost_store::AuditHead;

/// What to do with the audit.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum AuditCommand {
    /// Says whether the audit is as it was written, from its beginning to its end.
    ///
    /// It works beside a running server too, and changes nothing. The exit code is 1 where something was changed, put in or
    /// taken out, and the first entry that does not fit is named. That entries are missing at the end shows only where an
    /// earlier head is given: the server logs it at its start, daily, and when it stops.
    Verify(VerifyAudit),
}

/// With what to compare.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(crate) struct VerifyAudit {
    /// A head that was logged, which the audit has to have had; may be repeated.
    #[arg(long, value_name = "NUMBER:MAC")]
    pub(crate) expect: Vec<AuditHead>,
}
