//! WhatsApp says that several names are one person's: the customers who hold them are one from then on. And it says whose
//! an account is: what was a scope of its own is part of another from then on.

use std::borrow::Cow;

use waypost_domain::detail::{Card, CardOrigin, SystemChange};
use waypost_domain::identity::Tie;
use waypost_domain::{Alias, AliasKind, CustomerId, FieldReport, ReceivedMessage, Source, Timestamp, Typed};

use super::Decider;
use super::customer::Newcomer;
use super::item::Delivery;
use super::plan::Plan;
use super::scopes::ScopeName;

/// The most names that are taken from one item: an old and a new one of each kind, and a few cards.
const NAMES_MAX: usize = 16;

/// All names of the sender, where the message says that there are others beside those it comes from. The last phone
/// number among them is the sender's now.
pub(super) fn linked_names(message: &ReceivedMessage) -> Option<Vec<Cow<'_, Alias>>> {
    // In a group it is somebody's of the group, who is no customer here.
    if message.source != Source::Customer || message.customer.of_kind(AliasKind::Group).is_some() {
        return None;
    }
    let told: Vec<Cow<'_, Alias>> = match &message.detail.typed {
        Typed::System(system) if matches!(system.change, SystemChange::Number | SystemChange::UserId) => {
            system.now.iter().flat_map(|now| now.iter()).map(Cow::Borrowed).collect()
        }
        Typed::Contacts(cards) => cards.iter().filter_map(own_number).collect(),
        _ => return None,
    };
    if told.is_empty() {
        return None;
    }
    let names = message.customer.iter().map(Cow::Borrowed).chain(told);
    Some(names.take(NAMES_MAX).collect())
}

/// The sender's own number, where the card was asked for.
fn own_number(card: &Card) -> Option<Cow<'_, Alias>> {
    if card.origin != Some(CardOrigin::ContactRequest) {
        return None;
    }
    let phone = card.phones.first()?;
    let written = || Alias::dialled(phone.number.as_ref()?.as_str()).map(Cow::Owned);
    phone.wa_id.as_ref().map(Cow::Borrowed).or_else(written)
}

/// Who is told to be called by several names.
pub(super) struct LinkOf {
    pub(super) scope: i64,
    /// The row of our number to which the customer wrote.
    pub(super) to: Option<i64>,
    pub(super) at: Timestamp,
}

impl Decider {
    /// Makes one customer of all who hold these names, and attaches the others. The last phone is what is shown.
    pub(super) fn link(&mut self, plan: &mut Plan<'_>, of: &LinkOf, names: &[Cow<'_, Alias>]) {
        let scope = of.scope;
        let mut holders: Vec<CustomerId> = Vec::new();
        for name in names {
            let name = name.canonical();
            self.settle_name(plan, &name, scope);
            holders.extend(self.known.holder(&name, scope));
        }
        let phone = names.iter().rev().find(|name| name.kind == AliasKind::Phone);
        let person = self.make_one(plan, &holders);
        let person = person.or_else(|| {
            let shown = phone.or(names.first())?;
            let new = Newcomer { number: &shown.value, name: None, to: of.to, at: of.at };
            Some(self.create_customer(plan, &new))
        });
        let Some(person) = person else { return };
        for name in names {
            if self.known.holder(&name.canonical(), scope).is_none() {
                self.attach(plan, name, (person, scope));
            }
        }
        // Who had it before the two became one may have had others since.
        if let Some(phone) = phone
            && let Some(holder) = self.known.holder(&phone.canonical(), scope)
        {
            self.show_number(plan, phone, holder);
        }
    }

    /// Does what a webhook field says of who is who, and of whose an account is.
    pub(super) fn tie<'a>(&mut self, plan: &mut Plan<'a>, delivery: &'a Delivery, report: &'a FieldReport) {
        for tie in &report.ties {
            match tie {
                Tie::Names(names) => {
                    let Some(number) = &report.number else { continue };
                    let row = self.number(plan, &delivery.app, number, report.waba.as_ref());
                    let scope = self.known.scope_of(row);
                    let names: Vec<Cow<'_, Alias>> = tied_names(names).map(Cow::Borrowed).collect();
                    self.link(plan, &LinkOf { scope, to: None, at: delivery.received }, &names);
                }
                Tie::Owner { .. } => {
                    let Some((waba, portfolio)) = owner_scopes(tie) else { continue };
                    let (of_waba, of_portfolio) = (self.scope(plan, waba), self.scope(plan, portfolio));
                    self.unite(plan, of_waba, of_portfolio);
                }
            }
        }
    }
}

/// As many names as are looked at.
pub(super) fn tied_names(names: &[Alias]) -> impl Iterator<Item = &Alias> {
    names.iter().take(NAMES_MAX)
}

/// The account that a tie places in a portfolio, and the portfolio, as scopes.
pub(super) fn owner_scopes(tie: &Tie) -> Option<(ScopeName, ScopeName)> {
    match tie {
        Tie::Owner { waba, portfolio } => Some((ScopeName::waba(waba), ScopeName::portfolio(portfolio))),
        Tie::Names(_) => None,
    }
}
