//! Structured logs on stderr, for people or for programs.

use std::io::IsTerminal as _;

use tracing_subscriber::fmt;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::{LogFilter, LogFormat};

/// Starts logging for the whole process.
///
/// # Errors
/// Where it was started before.
pub(crate) fn start(filter: &LogFilter, format: LogFormat) -> Result<(), TryInitError> {
    let lines = fmt()
        .with_env_filter(filter.env_filter())
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    }
}
