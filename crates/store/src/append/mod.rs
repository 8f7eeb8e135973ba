//! What an append decides, without reading or writing: items and what was loaded for them in, rows and steps out.
//!
//! A back end loads what the items of a group touch ([`Decider::want`] says what), lets [`Decider::decide`] decide on
//! one item after another, and writes the [`Plan`]. What was loaded is changed as decisions are made, so that later items
//! see what earlier ones did. Where the plan is not committed, [`Decider::reload`] forgets all of it.
//!
//! Deliberately absent: SQL, transactions, waiting. Start reading at [`Decider`], then `known.rs` (what is loaded) and
//! `message.rs`.

mod again;
mod amend;
mod assign;
mod audience;
mod call;
mod change;
mod customer;
mod dedup;
mod field;
mod holders;
mod item;
mod journal;
mod known;
mod merges;
mod message;
mod past;
mod plan;
mod scopes;
mod send;
mod status;
mod subject;
mod tie;
mod wants;

use std::collections::HashMap;

use waypost_domain::{AppName, PortfolioId, Timestamp};

use crate::commit::Encode;
use crate::ids::IdSource;
use crate::store::Received;
use dedup::DedupKey;
use journal::Journal;

pub(crate) use change::{ChangeItem, ChangeKind, ReactionRow};
pub(crate) use dedup::{SeenKey, WamidDigest};
pub(crate) use holders::{HeldName, HolderRow, KnownCustomer, KnownDuplicate};
pub(crate) use item::{Delivery, Item, Outcome, Reread, Undelivered};
pub(crate) use journal::next_check;
pub(crate) use known::{Heads, Known, KnownConversation, KnownNumber, KnownTalk, Sighting};
pub(crate) use plan::{HopRow, Plan, SettledRow, Write};
pub(crate) use scopes::{ScopeKind, ScopeName, Scopes};
pub(crate) use subject::{KnownCall, ParkedRow, Subject};
pub(crate) use wants::Wants;

/// The one that decides, with its state between two transactions: all of it can be read again.
pub(crate) struct Decider {
    ids: IdSource,
    journal: Journal,
    dedup: DedupKey,
    /// The portfolio of an app's accounts, where the operator says so.
    portfolios: HashMap<AppName, ScopeName>,
    known: Known,
    /// When the item came that is decided on.
    at: Timestamp,
}

/// What a decider is made of, beside the database.
pub(crate) struct Making {
    pub(crate) ids: IdSource,
    pub(crate) encode: Encode,
    pub(crate) dedup_key: [u8; 32],
    pub(crate) portfolios: Vec<(AppName, PortfolioId)>,
}

impl Decider {
    /// Goes on after `heads`.
    pub(crate) fn new(making: Making, heads: Heads) -> Self {
        let Making { ids, encode, dedup_key, portfolios } = making;
        let portfolios = portfolios.iter().map(|(app, id)| (app.clone(), ScopeName::portfolio(id)));
        Self {
            ids,
            journal: Journal::new(encode, heads.journal),
            dedup: DedupKey::new(&dedup_key),
            portfolios: portfolios.collect(),
            known: Known::new(heads),
            at: Timestamp::from_millis(0),
        }
    }

    /// Forgets whatever a plan that was not committed left here, and goes on after `heads`.
    pub(crate) fn reload(&mut self, heads: Heads) {
        self.journal.reload(heads.journal);
        self.known = Known::new(heads);
    }

    /// Forgets what was loaded for the group before, but for what the newest items are likely to touch again.
    pub(crate) fn begin_group(&mut self) {
        self.known.begin_group();
    }

    /// What it goes on after, with all that was decided.
    pub(crate) fn heads(&self) -> Heads {
        let (message, number) = self.known.newest();
        Heads {
            journal: self.journal.head(),
            message,
            number,
            has_parked_changes: self.known.may_have_parked_changes,
        }
    }

    /// Where what was loaded goes.
    pub(crate) fn known(&mut self) -> &mut Known {
        &mut self.known
    }

    /// Decides on one item. Everything that it touches has been loaded.
    pub(crate) fn decide<'a>(&mut self, item: &Item<'a>, plan: &mut Plan<'a>) -> Outcome {
        self.at = item.at();
        match item {
            Item::Message { delivery, message, digest, target } => {
                Outcome::Received(self.receive_message(plan, (delivery, *digest, *target), message))
            }
            Item::Past { delivery, past, digest, target } => {
                Outcome::Received(self.receive_past(plan, (delivery, *digest, *target), past))
            }
            Item::Call { delivery, report, digest } => {
                Outcome::Received(self.receive_call(plan, (delivery, *digest), report))
            }
            Item::Status { delivery, report, digest, what } => {
                Outcome::Received(self.receive_status(plan, (delivery, *digest, what), report))
            }
            Item::Field { delivery, report, digest } => {
                Outcome::Received(self.receive_field(plan, (delivery, *digest), report))
            }
            Item::Dead { delivery, letter } => {
                plan.write(Write::DeadLetter { delivery, letter });
                Outcome::Received(Received::Dead)
            }
            Item::OfLetter { letter, item } if self.known.has_letter(*letter) => self.decide(item, plan),
            Item::OfLetter { .. } => Outcome::LeftOut,
            Item::Revived { letter, .. } => {
                let is_there = self.known.take_letter(*letter);
                if is_there {
                    plan.write(Write::LetterGone { letter: *letter });
                }
                Outcome::Revived(is_there)
            }
            Item::Claim { claims, .. } => {
                self.claim(plan, claims);
                Outcome::LookedAfter
            }
            Item::Understand { reread } => {
                self.understand(plan, reread);
                Outcome::LookedAfter
            }
            Item::Expire { undelivered, at } => Outcome::Expired(self.expire(plan, undelivered, *at)),
            Item::Intend { app, intent, at } => Outcome::Intended(self.intend(plan, app, intent, *at)),
            Item::Settle { id, outcome, at, digest } => {
                Outcome::Settled(self.settle(plan, *id, (outcome, *digest), *at))
            }
            Item::Amend { amendment, .. } => Outcome::Amended(self.amend(plan, amendment)),
            Item::Assign { wish } => Outcome::Assigned(self.assign(plan, wish)),
            Item::Clear { conversation } => Outcome::Cleared(self.clear(plan, *conversation)),
        }
    }
}
