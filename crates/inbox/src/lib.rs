//! The use cases, one verb a file. It is the only place that orders "stored" before "shown".
//!
//! What matters: [`receive`] takes a webhook in, [`show`] hands on what was committed, [`Reply`] sends, [`follow`]
//! joins rooms.
//!
//! Deliberately absent: HTTP, configuration, SQL, who a credential belongs to. Bodies come in as bytes, principals as
//! values.
//!
//! Start reading at [`receive`], then [`show`].

pub mod encode;
pub mod follow;
pub mod receive;
pub mod reply;
pub mod show;

pub use encode::encoder;
pub use follow::{FollowError, Followed, join_customer, join_general};
pub use receive::receive;
pub use reply::{Reply, ReplyError, SendText, To};
pub use show::{ShowError, show};
