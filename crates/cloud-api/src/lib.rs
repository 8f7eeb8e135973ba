//! Meta's shapes, which stop here: what WhatsApp's Cloud API delivers and accepts becomes the words of `domain`.
//!
//! The things that matter: [`AppSecrets`] tells whether a body is Meta's, [`parse`] turns it into [`Fact`]s, item by
//! item, and [`GraphClient`] sends.
//!
//! Deliberately absent: storage, HTTP serving, a clock, logging, and every decision about what a fact means. The
//! only I/O is the Graph client's. Nothing here keeps a body once it is parsed, and no error holds personal data.
//!
//! Start reading at [`webhook`], then `webhook/message.rs`; the rules come from Meta's "webhooks" reference.
//!
//! [`Fact`]: waypost_domain::Fact

mod errors;
pub mod graph;
mod json;
mod shapes;
pub mod signature;
pub mod webhook;

pub use graph::{AccessToken, GraphClient, GraphSettings, GraphSetupError, OutgoingText};
pub use signature::{AppSecrets, InvalidSecrets, MalformedSignature, SignatureHeader, WrongSignature, sign};
pub use webhook::parse;
