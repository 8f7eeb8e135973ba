//! What the operator sees: logs and metrics. Neither holds a text, a number, a name or a `wamid`.

mod logs;
mod metrics;
mod seldom;

pub(crate) use logs::start as start_logs;
pub(crate) use metrics::{Metrics, WebhookOutcome};
pub(crate) use seldom::Seldom;
