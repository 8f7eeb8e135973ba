//! What has to be loaded before an item can be decided on.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use waypost_domain::{
    Alias, CustomerAliases, CustomerId, Direction, OutboxId, OutboxState, PhoneNumberId, PrincipalId,
    Recipient, SendIntent, SendOutcome,
};

use super::Decider;
use super::dedup::{SeenKey, WamidDigest};
use super::item::Item;
use super::known::Known;

/// Keys of rows that are to be loaded. What is not found is not there.
#[derive(Default)]
pub(crate) struct Wants {
    pub(crate) numbers: Vec<PhoneNumberId>,
    pub(crate) holders: Vec<Alias>,
    pub(crate) customers: Vec<CustomerId>,
    pub(crate) conversations: Vec<(CustomerId, i64)>,
    pub(crate) seen: Vec<SeenKey>,
    pub(crate) messages: Vec<i64>,
    pub(crate) calls: Vec<i64>,
    pub(crate) parked: Vec<(i64, WamidDigest)>,
    /// Messages whose reactions are to be loaded.
    pub(crate) reactions: Vec<i64>,
    pub(crate) parked_changes: Vec<(i64, WamidDigest)>,
    pub(crate) sends: Vec<OutboxId>,
    pub(crate) sends_by_key: Vec<(PrincipalId, Box<str>)>,
    /// Whether what is found may lead to more.
    leads_on: bool,
}

impl Wants {
    pub(crate) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
            && self.holders.is_empty()
            && self.customers.is_empty()
            && self.conversations.is_empty()
            && self.seen.is_empty()
            && self.messages.is_empty()
            && self.calls.is_empty()
            && self.parked.is_empty()
            && self.reactions.is_empty()
            && self.parked_changes.is_empty()
            && self.sends.is_empty()
            && self.sends_by_key.is_empty()
    }

    /// Whether, once all this is loaded, there may be more to ask for.
    pub(crate) const fn leads_on(&self) -> bool {
        self.leads_on
    }

    /// All that was wanted is loaded.
    pub(crate) fn settle(&mut self) {
        self.leads_on = false;
    }
}

impl Decider {
    /// Adds what has to be loaded of what the item touches, as far as it can be told from what is loaded already: to be
    /// asked again once it is, for as long as the wants lead on.
    pub(crate) fn want(&mut self, item: &Item<'_>, wants: &mut Wants) {
        Want { known: &mut self.known, wants }.item(item);
    }
}

/// What is known, and what is wanted beside it. What is wanted counts as not there until it is found.
struct Want<'a> {
    known: &'a mut Known,
    wants: &'a mut Wants,
}

impl Want<'_> {
    fn item(&mut self, item: &Item<'_>) {
        match item {
            Item::Message { message, digest, target, .. } => {
                let number = self.number(&message.number);
                self.customer_of(&message.customer, number);
                let Some(number) = number else { return };
                self.seen(SeenKey::message(number, *digest));
                if message.source.direction() == Direction::Outbound {
                    self.parked(number, *digest);
                }
                match target {
                    Some(target) => self.changed_message(number, *target),
                    None => self.parked_changes(number, *digest),
                }
            }
            Item::Status { report, digest, what, .. } => {
                let Some(number) = self.number(&report.number) else { return };
                self.message(number, *digest);
                self.seen(SeenKey { number, wamid: *digest, status: Some(what.clone()) });
            }
            Item::Past { past, digest, target, .. } => {
                let number = self.number(&past.message.number);
                self.customer_of(&past.message.customer, number);
                let Some(number) = number else { return };
                self.message(number, *digest);
                self.parked(number, *digest);
                match target {
                    Some(target) => self.changed_message(number, *target),
                    None => self.parked_changes(number, *digest),
                }
            }
            Item::Call { report, digest, .. } => {
                let number = self.number(&report.number);
                self.customer_of(&report.customer, number);
                let Some(number) = number else { return };
                self.call(number, *digest);
            }
            Item::Field { report, digest, .. } => {
                self.seen(super::field::key(*digest));
                let number = report.number.as_ref().and_then(|number| self.number(number));
                if let Some(customer) = &report.customer {
                    self.customer_of(customer, number);
                }
            }
            Item::Dead { .. } => {}
            Item::Expire { undelivered, .. } => self.subject(undelivered.seq),
            Item::Intend { intent, .. } => self.intent(intent),
            Item::Settle { id, outcome, digest, .. } => self.outcome(*id, outcome, *digest),
        }
    }

    fn intent(&mut self, intent: &SendIntent) {
        let key = (intent.principal.clone(), intent.idempotency_key.clone());
        match self.known.sends_by_key.get(&key) {
            // Most are new, and the rest is loaded along.
            None => {
                self.known.sends_by_key.insert(key.clone(), None);
                self.wants.sends_by_key.push(key);
            }
            Some(None) => {}
            Some(Some(_)) => return,
        }
        let number = self.number(&intent.number);
        match &intent.recipient {
            Recipient::Aliases(aliases) => self.customer_of(aliases, number),
            Recipient::Customer(customer) => self.customer(*customer, number),
        }
    }

    fn outcome(&mut self, id: OutboxId, outcome: &SendOutcome, digest: Option<WamidDigest>) {
        let entry = match self.known.sends.get(&id) {
            None => {
                self.known.sends.insert(id, None);
                self.wants.sends.push(id);
                self.wants.leads_on = true;
                return;
            }
            Some(None) => return,
            Some(Some(entry)) => entry,
        };
        let is_open = matches!(entry.state, OutboxState::Sending | OutboxState::Unknown);
        let (SendOutcome::Accepted { aliases, .. }, Some(digest), true) = (outcome, digest, is_open) else {
            return;
        };
        let (number, customer) = (entry.number.clone(), entry.customer);
        let number = self.number(&number);
        self.customer(customer, number);
        for alias in aliases.iter().flat_map(CustomerAliases::iter) {
            self.holder(alias);
        }
        if let Some(number) = number {
            self.message(number, digest);
            self.parked(number, digest);
            self.parked_changes(number, digest);
        }
    }

    /// The message that an item changes, and how people reacted to it.
    fn changed_message(&mut self, number: i64, target: WamidDigest) {
        self.message(number, target);
        let sighting = self.known.seen.get(&SeenKey::message(number, target)).copied().flatten();
        if let Some(seq) = sighting.and_then(|sighting| sighting.message)
            && note(&mut self.known.reactions, seq)
        {
            self.wants.reactions.push(seq);
        }
    }

    fn parked_changes(&mut self, number: i64, digest: WamidDigest) {
        if self.known.may_have_parked_changes && note(&mut self.known.parked_changes, (number, digest)) {
            self.wants.parked_changes.push((number, digest));
        }
    }

    /// The number's row, where it is known and there.
    fn number(&mut self, number: &PhoneNumberId) -> Option<i64> {
        if let Some(known) = self.known.numbers.get(number) {
            return known.map(|known| known.row);
        }
        self.known.numbers.insert(number.clone(), None);
        self.wants.numbers.push(number.clone());
        self.wants.leads_on = true;
        None
    }

    /// All the names, and the customer whom the first of them means that is anybody's.
    fn customer_of(&mut self, aliases: &CustomerAliases, number: Option<i64>) {
        let mut decided = false;
        for alias in aliases.iter() {
            if let (Some(holder), false) = (self.holder(alias), decided) {
                decided = true;
                self.customer(holder, number);
            }
        }
    }

    fn holder(&mut self, alias: &Alias) -> Option<CustomerId> {
        if let Some(holder) = self.known.holders.get(alias) {
            return *holder;
        }
        self.known.holders.insert(alias.clone(), None);
        self.wants.holders.push(alias.clone());
        self.wants.leads_on = true;
        None
    }

    fn customer(&mut self, customer: CustomerId, number: Option<i64>) {
        if note(&mut self.known.customers, customer) {
            self.wants.customers.push(customer);
        }
        let Some(number) = number else { return };
        if note(&mut self.known.conversations, (customer, number)) {
            self.wants.conversations.push((customer, number));
        }
    }

    fn seen(&mut self, key: SeenKey) {
        if !self.known.seen.contains_key(&key) {
            self.known.seen.insert(key.clone(), None);
            self.wants.seen.push(key);
        }
    }

    /// The message itself, where it was seen.
    fn message(&mut self, number: i64, digest: WamidDigest) {
        let key = SeenKey::message(number, digest);
        match self.known.seen.get(&key) {
            None => {
                self.seen(key);
                self.wants.leads_on = true;
            }
            Some(Some(sighting)) => {
                if let Some(seq) = sighting.message {
                    self.subject(seq);
                }
            }
            Some(None) => {}
        }
    }

    fn subject(&mut self, seq: i64) {
        if note(&mut self.known.messages, seq) {
            self.wants.messages.push(seq);
        }
    }

    /// The message that a call is, and how far the call is.
    fn call(&mut self, number: i64, digest: WamidDigest) {
        self.message(number, digest);
        let sighting = self.known.seen.get(&SeenKey::message(number, digest)).copied().flatten();
        if let Some(seq) = sighting.and_then(|sighting| sighting.message)
            && note(&mut self.known.calls, seq)
        {
            self.wants.calls.push(seq);
        }
    }

    fn parked(&mut self, number: i64, digest: WamidDigest) {
        if note(&mut self.known.parked, (number, digest)) {
            self.wants.parked.push((number, digest));
        }
    }
}

/// Notes that there is nothing under the key, until it is found; whether it was not asked for before.
fn note<K: Eq + Hash, V: Default>(known: &mut HashMap<K, V>, key: K) -> bool {
    match known.entry(key) {
        Entry::Occupied(_) => false,
        Entry::Vacant(entry) => {
            entry.insert(V::default());
            true
        }
    }
}
