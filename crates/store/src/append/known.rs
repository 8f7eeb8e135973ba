//! What was loaded, changed by what was decided since.

use std::collections::HashMap;

use waypost_domain::{
    Alias, Assignment, ConversationId, CustomerId, ExternalId, Offset, OutboxEntry, OutboxId, PhoneNumberId,
    PrincipalId, Timestamp,
};

use super::change::{ChangeItem, ReactionRow};
use super::dedup::{SeenKey, WamidDigest};
use super::holders::{HolderRow, KnownCustomer, KnownDuplicate};
use super::merges::Merges;
use super::scopes::Scopes;
use super::subject::{KnownCall, ParkedRow, Subject};
use crate::letters::LetterId;

/// Entries of a kind that are kept from one group to the next; over it, that kind is loaded anew.
const KEPT_MAX: usize = 100_000;

/// The newest row of what is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heads {
    pub(crate) journal: Offset,
    pub(crate) message: i64,
    pub(crate) number: i64,
    /// Whether changes wait for their messages.
    pub(crate) has_parked_changes: bool,
}

/// What is known of the database's state. A value of `None` says that there is no such row. What has no entry is not
/// loaded.
///
/// Numbers, customers and conversations are kept from one group to the next: nobody but the appends changes them.
pub(crate) struct Known {
    pub(super) numbers: HashMap<PhoneNumberId, Option<KnownNumber>>,
    /// All of them, once one was wanted: there are a few for each account.
    pub(super) scopes: Option<Scopes>,
    /// Who holds a name, in any scope. Names are in their canonical form.
    pub(super) holders: HashMap<Alias, Vec<HolderRow>>,
    pub(super) customers: HashMap<CustomerId, Option<KnownCustomer>>,
    pub(super) merges: Merges,
    pub(super) conversations: HashMap<(CustomerId, i64), Option<KnownConversation>>,
    pub(super) external_ids: HashMap<CustomerId, Option<ExternalId>>,
    /// The names that somebody holds in several of these scopes.
    pub(super) overlaps: HashMap<Vec<i64>, Vec<Alias>>,
    /// With whom it was noted before that a customer may be one.
    pub(super) noted: HashMap<CustomerId, Vec<CustomerId>>,
    pub(super) duplicates: HashMap<u64, Option<KnownDuplicate>>,
    pub(super) seen: HashMap<SeenKey, Option<Sighting>>,
    pub(super) messages: HashMap<i64, Option<Subject>>,
    /// Who answers a conversation, of those that are assigned. Loaded with its customer, and with its messages.
    pub(super) assignments: HashMap<ConversationId, Assignment>,
    pub(super) calls: HashMap<i64, Option<KnownCall>>,
    pub(super) parked: HashMap<(i64, WamidDigest), Vec<ParkedRow>>,
    pub(super) reactions: HashMap<i64, Vec<ReactionRow>>,
    pub(super) parked_changes: HashMap<(i64, WamidDigest), Vec<ChangeItem>>,
    /// Whether there may be changes that wait: mostly there are none, and nothing is looked for.
    pub(super) may_have_parked_changes: bool,
    /// What was parked within this group, whether or not the rest was loaded.
    parked_now: HashMap<(i64, WamidDigest), Vec<ParkedRow>>,
    parked_changes_now: HashMap<(i64, WamidDigest), Vec<ChangeItem>>,
    pub(super) sends: HashMap<OutboxId, Option<OutboxEntry>>,
    pub(super) sends_by_key: HashMap<(PrincipalId, Box<str>), Option<OutboxId>>,
    /// A number and its scope, by its row.
    numbers_by_row: HashMap<i64, (PhoneNumberId, i64)>,
    pub(super) talks: HashMap<ConversationId, Option<KnownTalk>>,
    /// Whether they are there.
    pub(super) letters: HashMap<LetterId, bool>,
    /// Whether their types are not known.
    pub(super) unknown_types: HashMap<i64, bool>,
    last_message: i64,
    last_number: i64,
    /// The newest row of a number when the group began.
    loaded_numbers: i64,
}

/// A conversation as far as its messages concern it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownConversation {
    pub(crate) id: ConversationId,
    /// The newest message's time.
    pub(crate) last_message_at: Timestamp,
}

/// One of our numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownNumber {
    pub(crate) row: i64,
    pub(crate) has_waba: bool,
    /// The scope of the names by which its customers are known, as it was when the number was first seen.
    pub(crate) scope: i64,
}

/// A conversation as far as people change it.
#[derive(Clone, Debug)]
pub(crate) struct KnownTalk {
    pub(crate) customer: CustomerId,
    pub(crate) number: PhoneNumberId,
    pub(crate) assignment: Assignment,
}

/// Something that came before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sighting {
    /// The message's row, for the message itself.
    pub(crate) message: Option<i64>,
}

impl Known {
    pub(super) fn new(heads: Heads) -> Self {
        Self {
            numbers: HashMap::new(),
            scopes: None,
            holders: HashMap::new(),
            customers: HashMap::new(),
            merges: Merges::default(),
            conversations: HashMap::new(),
            external_ids: HashMap::new(),
            overlaps: HashMap::new(),
            noted: HashMap::new(),
            duplicates: HashMap::new(),
            seen: HashMap::new(),
            messages: HashMap::new(),
            assignments: HashMap::new(),
            calls: HashMap::new(),
            parked: HashMap::new(),
            reactions: HashMap::new(),
            parked_changes: HashMap::new(),
            may_have_parked_changes: heads.has_parked_changes,
            parked_now: HashMap::new(),
            parked_changes_now: HashMap::new(),
            sends: HashMap::new(),
            sends_by_key: HashMap::new(),
            numbers_by_row: HashMap::new(),
            talks: HashMap::new(),
            letters: HashMap::new(),
            unknown_types: HashMap::new(),
            last_message: heads.message,
            last_number: heads.number,
            loaded_numbers: heads.number,
        }
    }

    pub(super) fn begin_group(&mut self) {
        fn bound<K, V>(kept: &mut HashMap<K, V>) {
            if kept.len() > KEPT_MAX {
                kept.clear();
            }
        }
        bound(&mut self.numbers);
        bound(&mut self.numbers_by_row);
        bound(&mut self.holders);
        // A customer is loaded with its merges and assignments: the one is nothing without the others.
        if self.customers.len().max(self.merges.len()).max(self.assignments.len()) > KEPT_MAX {
            self.customers.clear();
            self.merges = Merges::default();
            self.assignments.clear();
        }
        bound(&mut self.conversations);
        self.external_ids.clear();
        self.overlaps.clear();
        self.noted.clear();
        self.duplicates.clear();
        self.seen.clear();
        self.messages.clear();
        self.calls.clear();
        self.parked.clear();
        self.reactions.clear();
        self.parked_changes.clear();
        self.parked_now.clear();
        self.parked_changes_now.clear();
        self.sends.clear();
        self.sends_by_key.clear();
        self.talks.clear();
        self.letters.clear();
        self.unknown_types.clear();
        self.loaded_numbers = self.last_number;
    }

    /// The number, if it was there or was added since.
    pub(super) fn number(&mut self, number: &PhoneNumberId) -> Option<&mut KnownNumber> {
        self.numbers.get_mut(number).and_then(Option::as_mut)
    }

    pub(super) fn add_number(&mut self, number: PhoneNumberId, has_waba: bool, scope: i64) -> i64 {
        self.last_number += 1;
        let row = self.last_number;
        self.load_number(number, KnownNumber { row, has_waba, scope });
        row
    }

    pub(super) fn scopes(&mut self) -> &mut Scopes {
        self.scopes.as_mut().expect("`Decider::want` wanted them with the number")
    }

    /// The scope that one of our numbers is of by now.
    pub(super) fn scope_of(&self, row: i64) -> i64 {
        let (_, scope) = self.by_row(row);
        self.scopes.as_ref().map_or(*scope, |scopes| scopes.now(*scope))
    }

    pub(super) fn phone_number(&self, row: i64) -> &PhoneNumberId {
        &self.by_row(row).0
    }

    fn by_row(&self, row: i64) -> &(PhoneNumberId, i64) {
        self.numbers_by_row.get(&row).expect("a number is loaded or added with its scope")
    }

    /// The newest rows of messages and numbers.
    pub(super) const fn newest(&self) -> (i64, i64) {
        (self.last_message, self.last_number)
    }

    pub(super) fn next_message(&mut self) -> i64 {
        self.last_message += 1;
        self.last_message
    }

    pub(super) fn customer(&mut self, customer: CustomerId) -> Option<&mut KnownCustomer> {
        loaded(self.customers.get_mut(&customer)).as_mut()
    }

    pub(super) fn person(&self, customer: CustomerId) -> Option<&KnownCustomer> {
        loaded(self.customers.get(&customer)).as_ref()
    }

    pub(super) fn conversation(&self, customer: CustomerId, number: i64) -> Option<KnownConversation> {
        self.of_number(number, self.conversations.get(&(customer, number))).copied().flatten()
    }

    /// Something was written in a conversation of the customer's, or of somebody who is one with them.
    pub(super) fn move_conversation(
        &mut self,
        (customer, number): (CustomerId, i64),
        (id, at): (ConversationId, Timestamp),
    ) {
        for member in self.merges.family(customer) {
            if let Some(Some(conversation)) = self.conversations.get_mut(&(member, number))
                && conversation.id == id
            {
                conversation.last_message_at = conversation.last_message_at.max(at);
            }
        }
    }

    pub(super) fn sighting(&self, key: &SeenKey) -> Option<Sighting> {
        self.of_number(key.number, self.seen.get(key)).copied().flatten()
    }

    /// What waits for a message: what was loaded, and what was parked since.
    pub(super) fn take_parked(&mut self, key: (i64, WamidDigest)) -> Vec<ParkedRow> {
        let mut parked = self.of_number(key.0, self.parked.get(&key)).cloned().unwrap_or_default();
        parked.extend(self.parked_now.remove(&key).unwrap_or_default());
        parked
    }

    /// Lets a status wait.
    pub(super) fn park(&mut self, key: (i64, WamidDigest), row: ParkedRow) {
        self.parked_now.entry(key).or_default().push(row);
    }

    /// The changes that wait for a message: none were asked for where there are none.
    pub(super) fn take_parked_changes(&mut self, key: (i64, WamidDigest)) -> Vec<ChangeItem> {
        let mut parked = self.parked_changes.get(&key).cloned().unwrap_or_default();
        parked.extend(self.parked_changes_now.remove(&key).unwrap_or_default());
        parked
    }

    /// Lets a change wait.
    pub(super) fn park_change(&mut self, key: (i64, WamidDigest), change: ChangeItem) {
        self.may_have_parked_changes = true;
        self.parked_changes_now.entry(key).or_default().push(change);
    }

    /// The reactions to a message, the newest last; none, where it was stored within this group.
    pub(super) fn reactions(&mut self, seq: i64) -> &mut Vec<ReactionRow> {
        self.reactions.entry(seq).or_default()
    }

    pub(super) fn subject(&mut self, seq: i64) -> Option<&mut Subject> {
        loaded(self.messages.get_mut(&seq)).as_mut()
    }

    /// The message that a change has changed. Of the change itself nothing is loaded where it has waited.
    pub(super) fn note_target(&mut self, change: i64, target: i64) {
        if let Some(Some(change)) = self.messages.get_mut(&change) {
            change.target = Some(target);
        }
    }

    pub(super) fn call(&self, seq: i64) -> Option<KnownCall> {
        *loaded(self.calls.get(&seq))
    }

    pub(super) fn send_of(&self, key: &(PrincipalId, Box<str>)) -> Option<OutboxId> {
        *loaded(self.sends_by_key.get(key))
    }

    pub(super) fn send(&self, id: OutboxId) -> Option<&OutboxEntry> {
        loaded(self.sends.get(&id)).as_ref()
    }

    pub(super) fn talk(&mut self, conversation: ConversationId) -> Option<&mut KnownTalk> {
        loaded(self.talks.get_mut(&conversation)).as_mut()
    }

    /// What there is of a number: nothing can have been loaded of one that was added within this group.
    fn of_number<T>(&self, number: i64, entry: Option<T>) -> Option<T> {
        if number > self.loaded_numbers { entry } else { Some(loaded(entry)) }
    }
}

/// What a back end found of what was wanted. What it did not find is not there.
impl Known {
    pub(crate) fn load_number(&mut self, number: PhoneNumberId, known: KnownNumber) {
        self.numbers_by_row.insert(known.row, (number.clone(), known.scope));
        self.numbers.insert(number, Some(known));
    }

    pub(crate) fn load_scopes(&mut self, scopes: Scopes) {
        self.scopes = Some(scopes);
    }

    pub(crate) fn load_customer(&mut self, id: CustomerId, customer: KnownCustomer) {
        self.customers.insert(id, Some(customer));
    }

    /// A conversation of a customer's that was loaded, with whichever number.
    pub(crate) fn load_thread(&mut self, customer: CustomerId, thread: (PhoneNumberId, ConversationId)) {
        if let Some(Some(customer)) = self.customers.get_mut(&customer) {
            customer.threads.push(thread);
        }
    }

    /// Who answers a conversation, as it was before this group.
    pub(crate) fn load_assignment(&mut self, conversation: ConversationId, assignment: Assignment) {
        if assignment != Assignment::default() {
            self.assignments.entry(conversation).or_insert(assignment);
        }
    }

    pub(crate) fn load_conversation(&mut self, key: (CustomerId, i64), conversation: KnownConversation) {
        self.conversations.insert(key, Some(conversation));
    }

    pub(crate) fn load_sighting(&mut self, key: SeenKey, sighting: Sighting) {
        self.seen.insert(key, Some(sighting));
    }

    pub(crate) fn load_subject(&mut self, seq: i64, subject: Subject) {
        self.messages.insert(seq, Some(subject));
    }

    pub(crate) fn load_call(&mut self, seq: i64, call: KnownCall) {
        self.calls.insert(seq, Some(call));
    }

    pub(crate) fn load_talk(&mut self, id: ConversationId, talk: KnownTalk) {
        self.load_assignment(id, talk.assignment.clone());
        self.talks.insert(id, Some(talk));
    }

    /// One of the statuses that wait for a message, in the order in which they came.
    pub(crate) fn load_parked(&mut self, key: (i64, WamidDigest), row: ParkedRow) {
        self.parked.entry(key).or_default().push(row);
    }

    /// One of the changes that wait for a message.
    pub(crate) fn load_parked_change(&mut self, key: (i64, WamidDigest), change: ChangeItem) {
        self.parked_changes.entry(key).or_default().push(change);
    }

    /// One of the reactions to a message, in order of time.
    pub(crate) fn load_reaction(&mut self, seq: i64, row: ReactionRow) {
        self.reactions.entry(seq).or_default().push(row);
    }

    pub(crate) fn load_send(&mut self, entry: OutboxEntry) {
        self.sends.insert(entry.id, Some(entry));
    }

    /// A send that was asked for by its key. It may have moved on since, within this group.
    pub(crate) fn load_send_of(&mut self, key: (PrincipalId, Box<str>), entry: OutboxEntry) {
        self.sends_by_key.insert(key, Some(entry.id));
        let known = self.sends.entry(entry.id).or_default();
        if known.is_none() {
            *known = Some(entry);
        }
    }
}

/// What decides never asks for what it did not want.
pub(super) fn loaded<T>(entry: Option<T>) -> T {
    entry.expect("`Decider::want` named it, and it was loaded")
}
