//! `waypost admin` and its arguments.

use clap::Subcommand;

/// What to do for whoever cannot sign in.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum AdminCommand {
    /// Prints the link by which the first administrator comes to an account. It is good once, for 30 minutes.
    ///
    /// Links that were printed before are void, and so is this one once there is an administrator.
    Link,
    /// Prints a link to a new password for whoever is locked out. It is good once, for an hour.
    Reset {
        /// What the person signs in with, or the account's id.
        #[arg(value_name = "LOGIN")]
        login: String,
        /// Asks for no one-time passwords any more: for whoever lost the device and the recovery codes.
        #[arg(long)]
        totp: bool,
    },
}
