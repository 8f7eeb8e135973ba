//! Calls.

use serde::Serialize;
use utoipa::ToSchema;
use waypost_domain::Call;

use crate::time::IsoTime;

/// How a call went.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallView {
    /// `offered`, `ringing`, `accepted`, `failed`, `completed` or `rejected`.
    stage: &'static str,
    /// How long the two talked; not there where they did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u32>,
    /// When they began to talk.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    began_at: Option<IsoTime>,
    /// When they ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<IsoTime>,
}

impl CallView {
    pub(super) fn new(call: &Call) -> Self {
        Self {
            stage: call.stage.as_str(),
            seconds: call.seconds(),
            began_at: call.began_at.map(IsoTime),
            ended_at: call.ended_at.map(IsoTime),
        }
    }
}
