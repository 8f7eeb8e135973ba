//! Whose an item is: the customer behind its names, and the conversation with one of our numbers.
//!
//! `waypost_domain::identity` decides; here is what comes of it. A customer that was merged is followed to who it is now.
//! What it holds stays its own, so that the merge can be undone.

use waypost_domain::identity::{Decision, Holder, Named, Person, decide};
use waypost_domain::{
    Alias, AliasKind, ConversationId, CustomerAliases, CustomerChange, CustomerId, CustomerName,
    PhoneNumberId, Timestamp, Username,
};

use super::Decider;
use super::holders::{HolderRow, KnownCustomer};
use super::known::KnownConversation;
use super::plan::{PhoneMove, Plan, Write};
use crate::commit::Step;

/// A conversation and the customer in it.
pub(super) struct Thread {
    pub(super) customer: CustomerId,
    pub(super) conversation: ConversationId,
    pub(super) last_message_at: Timestamp,
    pub(super) customer_number: Box<str>,
    pub(super) customer_name: Option<CustomerName>,
    pub(super) username: Option<Username>,
}

/// What an item says of its customer.
pub(super) struct Mention<'a> {
    pub(super) aliases: &'a CustomerAliases,
    pub(super) name: Option<&'a CustomerName>,
    pub(super) username: Option<&'a Username>,
    pub(super) at: Timestamp,
}

/// What is known of a customer before the first item that names it.
pub(super) struct Newcomer<'a> {
    /// What is shown as its number.
    pub(super) number: &'a str,
    pub(super) name: Option<&'a CustomerName>,
    /// The row of our number to which it wrote.
    pub(super) to: Option<i64>,
    pub(super) at: Timestamp,
}

impl Decider {
    /// The thread of whom `mention` names with our number `number`; created where it is new. Of several who are one it is
    /// that of who holds the name by which it came, so that each has what they wrote when they are two again.
    pub(super) fn thread(&mut self, plan: &mut Plan<'_>, number: i64, mention: &Mention<'_>) -> Thread {
        let id = self.resolve_customer(plan, number, mention);
        let customer = self.known.customer(id).expect("whoever holds a name is there");
        if let Some(name) = mention.name
            && customer.name.as_ref() != Some(name)
        {
            customer.name = Some(name.clone());
            plan.write(Write::CustomerName { id, name: name.clone() });
        }
        if let Some(username) = mention.username
            && customer.username.as_ref() != Some(username)
        {
            customer.username = Some(username.clone());
            plan.write(Write::CustomerUsername { id, username: username.clone() });
        }
        let scope = self.known.scope_of(number);
        let holders = mention.aliases.iter().filter_map(|name| self.known.holder(&name.canonical(), scope));
        let writers = holders.filter(|holder| self.known.merges.now(*holder) == id);
        let found = writers
            .chain(self.known.merges.family(id))
            .find_map(|member| self.known.conversation(member, number));
        self.thread_in(plan, (id, number), found, mention.at)
    }

    /// The thread of a customer who exists with our number `number`; created where neither it nor whoever is one with it has
    /// one. Of several it is the one in which something was written last: an answer stands below what it answers.
    pub(super) fn thread_of(
        &mut self,
        plan: &mut Plan<'_>,
        number: i64,
        customer: CustomerId,
        at: Timestamp,
    ) -> Thread {
        let customer = self.known.merges.now(customer);
        let mut family: Vec<CustomerId> = self.known.merges.family(customer).collect();
        // Of equals the first counts, which goes on.
        family.reverse();
        let threads = family.into_iter().filter_map(|member| self.known.conversation(member, number));
        let found = threads.max_by_key(|thread| thread.last_message_at);
        self.thread_in(plan, (customer, number), found, at)
    }

    /// Whether a conversation with one of our numbers is a customer's, or of somebody's who is one with them.
    pub(super) fn has_thread(
        &mut self,
        customer: CustomerId,
        (conversation, number): (ConversationId, &PhoneNumberId),
    ) -> bool {
        let Some(number) = self.known.number(number).map(|number| number.row) else { return false };
        self.known.customer(customer).is_some()
            && self.thread_called(customer, (conversation, number)).is_some()
    }

    /// A thread that a customer has, by its conversation.
    pub(super) fn this_thread(
        &mut self,
        plan: &mut Plan<'_>,
        (customer, number): (CustomerId, i64),
        conversation: ConversationId,
        at: Timestamp,
    ) -> Thread {
        let found = self.thread_called(customer, (conversation, number));
        self.thread_in(plan, (self.known.merges.now(customer), number), found, at)
    }

    fn thread_called(
        &self,
        customer: CustomerId,
        (conversation, number): (ConversationId, i64),
    ) -> Option<KnownConversation> {
        let family = self.known.merges.family(self.known.merges.now(customer));
        let mut threads = family.filter_map(|member| self.known.conversation(member, number));
        threads.find(|thread| thread.id == conversation)
    }

    /// The conversation that was found, or a new one of the customer's.
    fn thread_in(
        &mut self,
        plan: &mut Plan<'_>,
        (customer, number): (CustomerId, i64),
        found: Option<KnownConversation>,
        at: Timestamp,
    ) -> Thread {
        let conversation = found.unwrap_or_else(|| {
            let (id_at, bits) = self.ids.next_parts(at);
            let id = ConversationId::from_parts(id_at, bits);
            // Nothing was said in it yet: the first message is the newest, whatever its time.
            let fresh = KnownConversation { id, last_message_at: Timestamp::from_millis(0) };
            self.known.load_conversation((customer, number), fresh);
            let with = self.known.phone_number(number).clone();
            self.known.load_thread(customer, (with, id));
            plan.write(Write::Conversation { id, customer, number });
            fresh
        });
        let members: Vec<&KnownCustomer> =
            self.known.merges.family(customer).filter_map(|member| self.known.person(member)).collect();
        Thread {
            customer,
            conversation: conversation.id,
            last_message_at: conversation.last_message_at,
            customer_number: shown_number(&members).into(),
            customer_name: members.iter().find_map(|member| member.name.clone()),
            username: members.iter().find_map(|member| member.username.clone()),
        }
    }

    /// The customer whom the names of an item mean; created where it is new.
    pub(super) fn resolve_customer(
        &mut self,
        plan: &mut Plan<'_>,
        number: i64,
        mention: &Mention<'_>,
    ) -> CustomerId {
        let scope = self.known.scope_of(number);
        let Decision { person, attached, phone_from, doubles } =
            decide(&self.named(plan, mention.aliases, scope));
        let customer = match person {
            Person::Known(customer) => customer,
            Person::New => {
                let number_shown = mention.aliases.shown_number();
                let to = Some(number);
                let at = mention.at;
                self.create_customer(plan, &Newcomer { number: number_shown, name: mention.name, to, at })
            }
        };
        for alias in attached.iter().filter_map(|kind| mention.aliases.of_kind(*kind)) {
            self.attach(plan, alias, (customer, scope));
        }
        let phone = mention.aliases.of_kind(AliasKind::Phone);
        if let Some((phone, from)) = phone.zip(phone_from) {
            self.note_phone_move(plan, phone, (from, customer));
        }
        for double in doubles {
            self.note_duplicate(plan, customer, double);
        }
        if let Some(phone) = phone {
            self.note_writing(plan, phone, scope);
        }
        customer
    }

    /// Who holds each of these names.
    fn named(&mut self, plan: &mut Plan<'_>, aliases: &CustomerAliases, scope: i64) -> Vec<Named> {
        let mut names = Vec::with_capacity(3);
        for alias in aliases.iter() {
            let name = alias.canonical();
            self.settle_name(plan, &name, scope);
            let holder = self.known.holder(&name, scope).map(|holder| self.known.merges.now(holder));
            let holder = holder.map(|customer| {
                let excludes_new_bsuid =
                    self.known.has_bsuid(customer, scope) || self.known.has_gone_on_from(customer, &name);
                Holder { customer, excludes_new_bsuid }
            });
            names.push(Named { kind: alias.kind, holder });
        }
        names
    }

    /// Names that are told of somebody without their doing anything: the new ones are attached to whom one of them is
    /// known to mean. Nobody is created for them, and where they would mean somebody new, nothing is learnt.
    pub(super) fn learn_names(&mut self, plan: &mut Plan<'_>, number: i64, aliases: &CustomerAliases) {
        let scope = self.known.scope_of(number);
        let Decision { person, attached, doubles, .. } = decide(&self.named(plan, aliases, scope));
        let Person::Known(customer) = person else { return };
        for alias in attached.iter().filter_map(|kind| aliases.of_kind(*kind)) {
            self.attach(plan, alias, (customer, scope));
        }
        for double in doubles {
            self.note_duplicate(plan, customer, double);
        }
    }

    /// Attaches those of `aliases` that nobody holds to a customer who exists; where somebody else holds one, the two
    /// may be one.
    pub(super) fn attach_free(
        &mut self,
        plan: &mut Plan<'_>,
        (customer, number): (CustomerId, i64),
        aliases: &CustomerAliases,
    ) {
        let scope = self.known.scope_of(number);
        let customer = self.known.merges.now(customer);
        for alias in aliases.iter() {
            match self.known.holder(&alias.canonical(), scope) {
                None => self.attach(plan, alias, (customer, scope)),
                Some(holder) => self.note_duplicate(plan, customer, holder),
            }
        }
    }

    /// Gives a name to the customer and says so. A phone is from then on what is shown, as WhatsApp writes it.
    ///
    /// Who waits for the name is shown what comes next, live or later: one number says where that begins.
    pub(super) fn attach(
        &mut self,
        plan: &mut Plan<'_>,
        alias: &Alias,
        (customer, scope): (CustomerId, i64),
    ) {
        let row = HolderRow { scope, customer, since: self.journal.newest() };
        let name = alias.canonical().into_owned();
        // Who had it before the scope became part of another has it in that part.
        for HolderRow { scope: part, customer: was, .. } in self.known.holders_in(&name, scope) {
            self.known.let_go(&name, part);
            if part != scope {
                plan.write(Write::AliasGone { alias: name.clone(), scope: part });
            }
            self.show_own_numbers(plan, was);
        }
        self.known.hold(name.clone(), row);
        if alias.kind == AliasKind::Phone {
            self.show_number(plan, alias, customer);
        }
        for name in name.awaited_as() {
            plan.steps.push(Step::Bind { name, customer });
        }
        plan.write(Write::Alias { alias: name, row });
    }

    /// Makes a number what is shown of its holder.
    pub(super) fn show_number(&mut self, plan: &mut Plan<'_>, phone: &Alias, holder: CustomerId) {
        let since = self.journal.newest() + 1;
        let Some(known) = self.known.customer(holder) else { return };
        if known.number != phone.value || known.number_since < since {
            known.number = phone.value.clone();
            known.number_since = since;
            plan.write(Write::CustomerNumber { id: holder, number: phone.value.clone(), since });
        }
    }

    /// Shows those who are one by numbers of theirs, after one went to somebody else, or it changed who is one: whoever
    /// answers to what is shown must reach them.
    pub(super) fn show_own_numbers(&mut self, plan: &mut Plan<'_>, customer: CustomerId) {
        for id in self.known.merges.family(customer) {
            if let Some((number, since)) = self.known.other_number(id)
                && let Some(known) = self.known.customer(id)
            {
                known.number = number.clone();
                known.number_since = since;
                plan.write(Write::CustomerNumber { id, number, since });
            }
        }
    }

    /// WhatsApp may write a number otherwise than whoever dialled it first.
    fn note_writing(&mut self, plan: &mut Plan<'_>, phone: &Alias, scope: i64) {
        let Some(holder) = self.known.holder(&phone.canonical(), scope) else { return };
        let Some(known) = self.known.customer(holder) else { return };
        if known.number == phone.value {
            return;
        }
        let shown = Alias::parse(AliasKind::Phone, &known.number);
        if shown.is_some_and(|shown| shown.canonical() == phone.canonical()) {
            known.number = phone.value.clone();
            let (number, since) = (phone.value.clone(), known.number_since);
            plan.write(Write::CustomerNumber { id: holder, number, since });
        }
    }

    pub(super) fn create_customer(&mut self, plan: &mut Plan<'_>, new: &Newcomer<'_>) -> CustomerId {
        let (at, bits) = self.ids.next_parts(new.at);
        let id = CustomerId::from_parts(at, bits);
        let (number, name) = (Box::<str>::from(new.number), new.name.cloned());
        let number_since = self.journal.newest() + 1;
        let known = KnownCustomer {
            number: number.clone(),
            number_since,
            name: name.clone(),
            username: None,
            names: Vec::new(),
            threads: Vec::new(),
        };
        self.known.load_customer(id, known);
        if let Some(to) = new.to {
            self.known.conversations.insert((id, to), None);
        }
        plan.write(Write::Customer { id, number, number_since, name, at: new.at });
        id
    }

    fn note_phone_move(&mut self, plan: &mut Plan<'_>, phone: &Alias, (from, to): (CustomerId, CustomerId)) {
        let (entry, at) = (self.journal.newest() + 1, self.at);
        let phone = phone.canonical().into_owned();
        plan.write(Write::PhoneMoved(Box::new(PhoneMove { entry, phone: phone.clone(), from, to, at })));
        self.show_customer(plan, to, CustomerChange::PhoneMoved { phone, from });
    }

    /// Notes, once for all, that two customers may be one.
    pub(super) fn note_duplicate(&mut self, plan: &mut Plan<'_>, one: CustomerId, other: CustomerId) {
        let (one, other) = (self.known.merges.now(one), self.known.merges.now(other));
        let pair = (one.min(other), one.max(other));
        if one == other || self.known.is_noted(one, other) {
            return;
        }
        self.known.load_noted(one, other);
        self.known.load_noted(other, one);
        let (entry, at) = (self.journal.newest() + 1, self.at);
        plan.write(Write::Duplicate { entry, customers: pair, at });
        self.show_customer(plan, one, CustomerChange::PossibleDuplicate(other));
    }
}

/// What is shown as the number of those who are one: the phone number that came to be shown last; where there is none,
/// what the one that goes on is shown as.
fn shown_number<'a>(family: &[&'a KnownCustomer]) -> &'a str {
    let phones = family.iter().filter(|member| member.number.bytes().all(|byte| byte.is_ascii_digit()));
    // Of equals the first counts, which goes on.
    let newest = phones.rev().max_by_key(|member| member.number_since);
    newest.or(family.first()).map_or("", |member| &member.number)
}
