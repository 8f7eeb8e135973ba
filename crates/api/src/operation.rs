//! Bodies of the routes for whoever looks after the server.

use serde::Serialize;
use utoipa::ToSchema;

use crate::time::IsoTime;

/// `GET /api/numbers`: our business numbers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NumberList {
    /// All of them, in the order in which they became known.
    pub data: Vec<NumberView>,
}

/// A business number.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NumberView {
    /// Meta's id of it.
    pub phone_number_id: String,
    /// The account that it belongs to, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waba_id: Option<String>,
    /// The app that it is claimed for, or that signed for it first.
    pub app: String,
    /// Whether it is bound to its app and account by configuration.
    pub claimed: bool,
    /// How far the phone has shared its old chats, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryView>,
}

/// How far a phone has shared its old chats.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryView {
    /// 0 is the last day, 1 the last 90 days, 2 the last 180: the highest that was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<u32>,
    /// In per cent; 100 is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<u32>,
    /// When the business declined to share them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub declined_at: Option<IsoTime>,
}

/// `GET /api/dead-letters`: a page of what could not be used.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LetterPage {
    /// The newest first.
    pub data: Vec<LetterSummary>,
    /// The `cursor` of the next page; left out where this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A dead letter, without its bytes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LetterSummary {
    /// Its id.
    pub id: String,
    /// `not_json`, `empty`, `item`, `refused`, `not_allowed`, `foreign_app` or `foreign_waba`.
    pub kind: String,
    /// What was wrong and where.
    pub reason: String,
    /// The app that signed it.
    pub app: String,
    /// When it was received.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: IsoTime,
    /// How many bytes it has.
    pub size: u64,
}

/// `GET /api/dead-letters/{id}`: a dead letter with its bytes.
#[derive(Clone, Serialize, ToSchema)]
pub struct LetterView {
    /// What is told of it.
    #[serde(flatten)]
    pub summary: LetterSummary,
    /// The bytes as they came, in Base64.
    pub raw: String,
    /// The bytes as text, where they are UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// `POST /api/dead-letters/reprocess`: what came of reading everything again.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReprocessedView {
    /// Dead letters that say something now, and are gone.
    pub dead_letters_understood: usize,
    /// Dead letters that are left.
    pub dead_letters_left: usize,
    /// Messages of a type that was not known, and edits to such a type, that are understood now.
    pub messages_understood: usize,
    /// Those whose type is not known to this version either.
    pub messages_left: usize,
}
