//! What Waypost is about, and nothing of how it is done: messages and the lattice of their statuses, customers
//! and the aliases they are known by, events and who may see them, principals and the access policy.
//!
//! The types that matter: [`Fact`] is what came in, [`Event`] is what somebody may want to see, and
//! [`MessageState`] is the lattice between the two.
//!
//! Deliberately absent: I/O, a clock, randomness, async, and serialisation. Time and random bits are arguments;
//! Meta's JSON lives in `cloud-api`, ours in `api`, SQL in `store`.
//!
//! Start reading at [`fact`], then [`status`], then [`event`].

mod debug;

pub mod access;
pub mod account;
pub mod advice;
pub mod assignment;
pub mod audience;
pub mod audit;
pub mod call;
pub mod change;
pub mod claims;
pub mod customer;
pub mod detail;
pub mod event;
pub mod fact;
pub mod history;
pub mod identity;
pub mod ids;
pub mod listing;
pub mod message;
pub mod notice;
pub mod offset;
pub mod outbox;
pub mod pid;
pub mod pricing;
pub mod status;
pub mod time;
pub mod window;

pub use access::{
    Action, ActionKind, KeyScope, LimitError, Limits, Permission, Permissions, Person, Place, Principal,
    PrincipalId, Reach, Rights, Role, RoleName, Sees, Standing, View, customer_scopes, general_scopes, may,
    visible,
};
pub use account::{Account, AccountState, Login, PasswordFault, PersonName, check_password};
pub use advice::{Advice, Remedy, advice};
pub use assignment::{
    AccessChange, AccessTurn, AssignedTo, Assignment, AssignmentChange, AssignmentWish, Responder, Wish,
};
pub use audience::{Address, Audience, Breadth, Scope};
pub use audit::{AuditAction, AuditActor, AuditEntry, AuditFilter, AuditName, AuditTarget};
pub use call::{Call, CallReport, CallStage};
pub use change::{Author, MessageChange, MessageReaction, MessageUpdate, Reactor, Renewal, Version};
pub use claims::{Claim, Claims};
pub use customer::{Alias, AliasKind, CustomerAliases, CustomerName, ExternalId, Username};
pub use detail::{Detail, Typed};
pub use event::{Event, FieldNotice};
pub use fact::{DeadLetter, DeadLetterKind, Fact, FieldReport, ReceivedMessage, StatusReport};
pub use history::{PastBody, PastMessage};
pub use identity::{Amendment, CustomerChange, CustomerUpdate, Tie};
pub use ids::{
    AccountId, AccountSessionId, AppName, ConversationId, CustomerId, MessageId, OutboxId, PhoneNumberId,
    PortfolioId, WabaId, Wamid,
};
pub use listing::{
    Aftermath, Conversation, ConversationFilter, ConversationPlace, CustomerPlace, CustomerRow,
    CustomerSearch, FoundBy, MessageHistory, Page, PageSize, StatusHop, ThreadPlace, ThreadRow, ThreadSpan,
    Wording,
};
pub use message::{DetailJson, Direction, ErrorDetail, Message, MessageType, RawJson, Source};
pub use notice::{CustomerNotes, HistorySync, MarketingChoice, Notice};
pub use offset::{Epoch, Offset};
pub use outbox::{LinkPreview, OutboxEntry, OutboxState, Recipient, SendIntent, SendOutcome};
pub use pid::Pid;
pub use pricing::Pricing;
pub use status::{MessageState, Reported, StatusChange, StatusTimes};
pub use time::Timestamp;
pub use window::{Window, WindowState};
