//! Who did what.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::time::IsoTime;

/// What `GET /api/audit` takes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only what this one did: as an entry names it, or as `/api/me` names its `principal`.
    pub actor: Option<String>,
    /// Only this, such as `read`.
    pub action: Option<String>,
    /// Only what was done to this, as an entry names it.
    pub target: Option<String>,
    /// Only from this time on, such as `2026-11-06T21:20:00Z`.
    pub after: Option<String>,
    /// Only from before this time.
    pub before: Option<String>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// 1 to 100; 50 where left out.
    pub limit: Option<String>,
}

/// An entry of the audit.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditView {
    /// One more than that of the entry before.
    pub number: i64,
    /// When.
    pub at: IsoTime,
    /// Who: `account:…`, `key:…`, `token:…` (the subject where it is a UUID, else what stands for it), `anonymous`,
    /// `command` or `system`.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what, as its kind and its id; left out for lists, and where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How often, in the five minutes up to then.
    pub count: i64,
    /// The entry's place in the chain: the MAC over it and all before it.
    pub mac: String,
}

/// A page of the audit, the newest entries first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    /// The entries.
    pub data: Vec<AuditView>,
    /// For the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
