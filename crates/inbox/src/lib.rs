//! The use cases, one verb a file. It is the only place that orders "stored" before "shown".
//!
//! What matters: [`receive`] takes a webhook in, [`reprocess`] what was not understood then, [`show`] hands on what
//! was committed, [`Reply`] sends, [`follow`] joins rooms, [`amend`] says who a customer is, [`resume`] lets a client
//! begin where it was, [`catch_up`] reads the journal for who is behind, [`Reader`] reads what is stored.
//!
//! Deliberately absent: HTTP, configuration, SQL, who a credential belongs to. Bodies come in as bytes, principals as
//! values.
//!
//! Start reading at [`receive`], then [`show`].

pub mod amend;
pub mod assign;
pub mod catch_up;
pub mod clear;
pub mod encode;
pub mod follow;
pub mod holdings;
pub mod numbers;
pub mod read;
pub mod receive;
pub mod reply;
pub mod reprocess;
pub mod resume;
pub mod seats;
pub mod show;
mod sight;

mod meaning;

pub use amend::{AmendError, amend, see_customer, see_duplicates};
pub use assign::assign;
pub use catch_up::{History, HistoryError, history, page};
pub use clear::{ClearedOf, clear};
pub use encode::encoder;
pub use follow::{FollowError, Follower, join, leave};
pub use holdings::{Held, Holdings};
pub use meaning::monitor_scope;
pub use numbers::{ClaimError, Numbers};
pub use read::{LookError, Reader};
pub use receive::{ALERT_FIELD, Receipt, receive};
pub use reply::{Reply, ReplyError, SendText, To};
pub use reprocess::{ReprocessError, Reprocessed, reprocess};
pub use resume::{Admission, Claim, Newcomer, ResumeError, begin_unkept, resume};
pub use seats::{Seat, SeatLost, Seats};
pub use show::{ShowError, show};
