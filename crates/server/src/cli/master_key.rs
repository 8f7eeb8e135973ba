//! `waypost master-key` and its arguments.

use std::path::PathBuf;

use clap::Subcommand;

/// What to do with the master key.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum MasterKeyCommand {
    /// Makes a master key in a new file, and says what to put into the configuration. It never shows the key.
    ///
    /// Keep a copy of the file, apart from the backups of the database: what is sealed is lost with it.
    Init {
        /// The file to make, outside the data directory; without this the one that master_key.file names.
        #[arg(long, value_name = "PATH")]
        file: Option<PathBuf>,
    },
    /// Says which master key is configured, and which ones the database wants.
    Check,
    /// Puts another master key in the place of the configured one: the keys in the database are wrapped by it from now on.
    ///
    /// Make the other one with `waypost master-key init --file PATH` before. Afterwards name it in the configuration, start
    /// all servers again, and keep the old one as long as you keep backups from before.
    Rotate {
        /// The file of the other master key.
        #[arg(long, value_name = "PATH")]
        new_file: PathBuf,
    },
}
