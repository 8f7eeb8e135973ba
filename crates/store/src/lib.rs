//! Where everything is kept: one way in ([`Store`]'s appends), one thing that comes out of it ([`Commits`], the
//! journal's new entries in order), and reads beside them.
//!
//! The types that matter: [`Store`] is the handle, [`Options`] what it is built from, [`Commit`] what one
//! transaction made visible, [`Session`] what a client may come back to and [`HeldPosition`] from where.
//!
//! Deliberately absent: who listens, what an event looks like in JSON (an [`Encode`] function is given at
//! construction), what time it is (a [`Clock`] is), and Meta's shapes. Nothing outside `sqlite` and `postgres` knows SQL.
//!
//! Start reading at [`store`], then `group.rs` (the group commit; `desk.rs` is the way to it), then `append/mod.rs` (what an
//! append decides), and what a back end does about it: `sqlite/writer.rs` or `postgres/writer.rs`.

pub mod accounts;
pub mod audit;
pub mod clock;
pub mod commit;
pub mod customers;
pub mod data_keys;
pub mod error;
pub mod ids;
pub mod keys;
pub mod listing;
pub mod moving;
pub mod options;
pub mod page;
mod places;
pub mod position;
pub mod sessions;
pub mod store;

mod append;
mod back_end;
mod columns;
mod desk;
mod group;
mod health;
mod housekeeping;
mod job;
mod letters;
mod outlet;
mod pins;
mod postgres;
mod session_job;
mod sqlite;

pub use accounts::Accounts;
pub use audit::{Audit, AuditHead, AuditPlace, AuditRecord, AuditRequest};
pub use clock::Clock;
pub use commit::{Commit, Commits, CommittedEvent, Encode, EncodedEvent, Step};
pub use customers::{CustomerRecord, Family, MergedCustomer, MovedPhone, PossibleDuplicate};
pub use data_keys::DataKeys;
pub use error::{AmendError, AppendError, ConversationError, ReadError, SendError};
pub use ids::IdSource;
pub use keys::{ApiKey, Keys};
pub use letters::{Letter, LetterHead, LetterId, OurNumber, UnknownMessage};
pub use listing::{Cleared, ConversationRequest, CustomerRequest, Depth, RecentRequest, ThreadRequest};
pub use moving::{Differing, MoveError, MoveProgress, MoveStage, Moved, StoreMove};
pub use options::{Limits, OpenError, Options, Place, Threads};
pub use page::{JournalPage, PageError, PageRequest};
pub use places::CustomerThreads;
pub use position::{Gap, HeldPosition, PositionError};
pub use postgres::{PostgresUrl, PostgresUrlError};
pub use sessions::{NewSession, Session, SessionError, SessionId, SessionRoom, Tenure};
pub use store::{Binding, CustomerMatch, Intent, Received, Store, StoreCounts};
