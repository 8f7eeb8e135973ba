//! Answers of the older reads.

use serde::Serialize;
use utoipa::ToSchema;
use waypost_domain::ThreadRow;

use crate::thread::ThreadMessage;

/// The answer of the older reads: the newest 50 at most, the newest first.
#[derive(Serialize, ToSchema)]
pub struct RecentMessages<'a> {
    /// `true`.
    success: bool,
    data: Vec<ThreadMessage<'a>>,
}

impl<'a> RecentMessages<'a> {
    /// The answer with these messages.
    #[must_use]
    pub fn new(rows: &'a [ThreadRow]) -> Self {
        let data = rows.iter().map(|row| ThreadMessage::new(&row.message, &row.aftermath)).collect();
        Self { success: true, data }
    }
}

/// The answer of `POST /whatsapp/conversation/{id}/clear`.
#[derive(Serialize, ToSchema)]
pub struct ClearedBody {
    /// `true`.
    pub success: bool,
}
