//! The public contract: what goes over the wire to our clients, in JSON.
//!
//! The types that matter: [`encode`] writes a journal event's body, [`encode_detail`] what a message says beyond its
//! content, [`ErrorCode`] is every reason to refuse something, [`names`] are the Socket.IO events.
//!
//! Deliberately absent: Meta's shapes, transports, storage. A body is written without its offset, which the framer
//! appends.
//!
//! Start reading at [`event`].

pub mod account;
pub mod audit;
pub mod cursor;
pub mod customer;
pub mod detail;
pub mod error_code;
pub mod event;
pub mod listing;
mod mask;
pub mod names;
mod notice;
pub mod operation;
pub mod problem;
pub mod recent;
pub mod rest;
pub mod room;
pub mod thread;
pub mod time;

pub use account::{
    AccountPage, AccountPatch, AccountView, ConfirmTotpRequest, DisableTotpRequest, EnrolmentView,
    InviteRequest, InvitedView, LimitsBody, LinkRequest, LinkUsed, LinkView, LoginRequest, MeView,
    PasswordRequest, RecoveryCodes, ResetRequest, SessionList, SessionView, UseLinkRequest,
};
pub use audit::{AuditPage, AuditQuery, AuditView};
pub use customer::{
    AliasView, CustomerEvent, CustomerPatch, CustomerView, DuplicateView, DuplicatesPage, MergeRequest,
    MergedView, MovedPhoneView,
};
pub use detail::{MediaView, MetadataView, encode_detail};
pub use error_code::ErrorCode;
pub use event::{
    AccessEvent, ConversationEvent, ErrorBody, EventSubject, FieldEvent, MessageEvent, OutboxEvent,
    StatusEvent, UpdateEvent, encode,
};
pub use listing::{
    AssignRequest, ConversationBody, ConversationPage, ConversationQuery, CustomerPage, CustomerQuery,
    PageQuery, RecentQuery, ThreadQuery,
};
pub use mask::{mask, mask_json};
pub use operation::{
    HistoryView, LetterPage, LetterSummary, LetterView, NumberList, NumberView, ReprocessedView,
};
pub use problem::Problem;
pub use recent::{ClearedBody, RecentMessages};
pub use rest::{OutboxView, SendMessageRequest, SendMessageResponse, SendRequest, TextContent};
pub use room::{
    Connected, Exception, GapNotice, JoinAck, LeaveAck, PastEvent, Refusal, Renewed, Resumed, RoomChanged,
    RoomName, ServerState, Visitor,
};
pub use thread::{MessageBody, MessagePage};
pub use time::IsoTime;
