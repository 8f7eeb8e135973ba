//! What has to be loaded before an item can be decided on.

mod people;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use waypost_domain::{
    Alias, AppName, ConversationId, CustomerAliases, CustomerId, Direction, OutboxId, OutboxState,
    PhoneNumberId, PrincipalId, ReceivedMessage, Recipient, SendIntent, SendOutcome, WabaId,
};

use super::Decider;
use super::dedup::{SeenKey, WamidDigest};
use super::item::Item;
use super::known::Known;
use super::scopes::{ScopeName, Unions};
use super::subject::Subject;
use super::tie::linked_names;
use crate::letters::LetterId;

/// Keys of rows that are to be loaded. What is not found is not there.
#[derive(Default)]
pub(crate) struct Wants {
    pub(crate) numbers: Vec<PhoneNumberId>,
    /// All of them.
    pub(crate) scopes: bool,
    /// Scopes of which the names are wanted that somebody holds in several of them.
    pub(crate) overlaps: Vec<Vec<i64>>,
    /// In any scope.
    pub(crate) holders: Vec<Alias>,
    /// Each with whom it is one.
    pub(crate) customers: Vec<CustomerId>,
    pub(crate) external_ids: Vec<CustomerId>,
    /// Of whom it may have been noted that they may be one with others.
    pub(crate) noted: Vec<CustomerId>,
    /// By the journal's entry.
    pub(crate) duplicates: Vec<u64>,
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
    pub(crate) talks: Vec<ConversationId>,
    pub(crate) letters: Vec<LetterId>,
    /// Messages of which it is asked whether their types are not known.
    pub(crate) unknown_types: Vec<i64>,
    /// Whether what is found may lead to more.
    leads_on: bool,
}

impl Wants {
    pub(crate) fn is_empty(&self) -> bool {
        !self.scopes
            && self.numbers.is_empty()
            && self.overlaps.is_empty()
            && self.holders.is_empty()
            && self.customers.is_empty()
            && self.external_ids.is_empty()
            && self.noted.is_empty()
            && self.duplicates.is_empty()
            && self.conversations.is_empty()
            && self.seen.is_empty()
            && self.messages.is_empty()
            && self.calls.is_empty()
            && self.parked.is_empty()
            && self.reactions.is_empty()
            && self.parked_changes.is_empty()
            && self.sends.is_empty()
            && self.sends_by_key.is_empty()
            && self.talks.is_empty()
            && self.letters.is_empty()
            && self.unknown_types.is_empty()
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
        Want { known: &mut self.known, portfolios: &self.portfolios, wants }.item(item);
    }
}

/// What is known, and what is wanted beside it. What is wanted counts as not there until it is found.
struct Want<'a> {
    known: &'a mut Known,
    portfolios: &'a HashMap<AppName, ScopeName>,
    wants: &'a mut Wants,
}

impl Want<'_> {
    fn item(&mut self, item: &Item<'_>) {
        match item {
            Item::Message { delivery, message, digest, target } => {
                self.arrival(&delivery.app, message, (*digest, *target));
            }
            Item::Status { delivery, report, digest, what } => {
                let number = self.number(&delivery.app, &report.number, None);
                self.people(report.customer.iter().flat_map(CustomerAliases::iter), None);
                let Some(number) = number else { return };
                self.message(number, *digest);
                self.seen(SeenKey { number, wamid: *digest, status: Some(what.clone()) });
            }
            Item::Past { delivery, past, digest, target } => {
                self.arrival(&delivery.app, &past.message, (*digest, *target));
            }
            Item::Call { delivery, report, digest } => {
                let number = self.number(&delivery.app, &report.number, report.waba.as_ref());
                self.people(report.customer.iter(), number);
                let Some(number) = number else { return };
                self.call(number, *digest);
                self.parked_changes(number, *digest);
            }
            Item::Field { delivery, report, digest } => {
                self.seen(super::field::key(*digest));
                let number = self.ties(&delivery.app, report);
                if let Some(customer) = &report.customer {
                    self.people(customer.iter(), number);
                }
            }
            Item::Dead { .. } => {}
            Item::OfLetter { letter, item } => {
                self.letter(*letter);
                self.item(item);
            }
            Item::Revived { letter, .. } => self.letter(*letter),
            Item::Claim { claims, .. } => {
                let mut unions = Unions::default();
                for claim in *claims {
                    self.meet(&mut unions, &claim.app, (&claim.number, claim.waba.as_ref()));
                }
                self.overlaps(&unions, None);
            }
            Item::Understand { reread } => self.unknown_type(reread.seq),
            Item::Expire { undelivered, .. } => self.subject(undelivered.seq),
            Item::Intend { app, intent, .. } => self.intent(app, intent),
            Item::Settle { id, outcome, digest, .. } => self.outcome(*id, outcome, *digest),
            Item::Amend { amendment, .. } => self.amendment(amendment),
            Item::Assign { wish } => self.talk(wish.conversation),
            Item::Clear { conversation } => self.talk(*conversation),
        }
    }

    /// A message, live or of the past, its people, what waits for it and what it changes.
    fn arrival(
        &mut self,
        app: &AppName,
        message: &ReceivedMessage,
        (digest, target): (WamidDigest, Option<WamidDigest>),
    ) {
        let number = self.number(app, &message.number, message.waba.as_ref());
        match linked_names(message) {
            None => self.people(message.customer.iter(), number),
            Some(names) => self.people(names.iter().map(AsRef::as_ref), number),
        }
        let Some(number) = number else { return };
        self.message(number, digest);
        if message.source.direction() == Direction::Outbound {
            self.parked(number, digest);
        }
        match target {
            Some(target) => self.changed_message(number, target),
            None => self.parked_changes(number, digest),
        }
    }

    fn intent(&mut self, app: &AppName, intent: &SendIntent) {
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
        let number = self.number(app, &intent.number, None);
        match &intent.recipient {
            Recipient::Aliases(aliases) => self.people(aliases.iter(), number),
            Recipient::Customer(customer) | Recipient::Thread(customer, _) => {
                self.customer(*customer, number);
            }
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
        let number = self.row(&number);
        self.customer(customer, number);
        self.people(aliases.iter().flat_map(CustomerAliases::iter), number);
        let holders = aliases.iter().flat_map(CustomerAliases::iter);
        let holders: Vec<CustomerId> = holders.flat_map(|alias| self.holders(alias)).collect();
        self.pairs(&[&holders[..], &[customer]].concat());
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

    /// The number's row, where it is known and there, and what its account, known by now, makes one.
    fn number(&mut self, app: &AppName, number: &PhoneNumberId, waba: Option<&WabaId>) -> Option<i64> {
        let mut unions = Unions::default();
        let row = self.meet(&mut unions, app, (number, waba));
        self.overlaps(&unions, row);
        row
    }

    /// The number's row, and what its account is going to make one.
    fn meet(
        &mut self,
        unions: &mut Unions,
        app: &AppName,
        (number, waba): (&PhoneNumberId, Option<&WabaId>),
    ) -> Option<i64> {
        let row = self.row(number);
        unions.of_number(self.known, (number, waba), self.portfolios.get(app));
        row
    }

    fn row(&mut self, number: &PhoneNumberId) -> Option<i64> {
        self.scopes();
        if let Some(known) = self.known.numbers.get(number) {
            return known.map(|known| known.row);
        }
        self.known.numbers.insert(number.clone(), None);
        self.wants.numbers.push(number.clone());
        self.wants.leads_on = true;
        None
    }

    fn scopes(&mut self) {
        if self.known.scopes.is_none() {
            self.wants.scopes = true;
            self.wants.leads_on = true;
        }
    }

    fn talk(&mut self, conversation: ConversationId) {
        if note(&mut self.known.talks, conversation) {
            self.wants.talks.push(conversation);
            self.wants.leads_on = true;
        }
        // Whoever was merged is followed to who it is now.
        let customer = self.known.talks.get(&conversation).and_then(Option::as_ref).map(|talk| talk.customer);
        if let Some(customer) = customer {
            self.customer(customer, None);
        }
    }

    fn unknown_type(&mut self, seq: i64) {
        match self.known.messages.get(&seq) {
            None => {
                self.subject(seq);
                self.wants.leads_on = true;
            }
            // Of an edit, the message that it has changed, too.
            Some(Some(Subject { target: Some(target), .. })) => {
                let target = *target;
                self.subject(target);
            }
            Some(_) => {}
        }
        if note(&mut self.known.unknown_types, seq) {
            self.wants.unknown_types.push(seq);
        }
    }

    fn letter(&mut self, letter: LetterId) {
        if note(&mut self.known.letters, letter) {
            self.wants.letters.push(letter);
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
