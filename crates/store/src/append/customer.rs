//! Whose an item is: the customer behind its aliases, and the conversation with one of our numbers.
//!
//! A known BSUID wins. An unknown BSUID with the phone of a customer who has no BSUID is attached to that customer;
//! with the phone of one who has another BSUID it is a new customer, and the phone goes over to it (carriers give
//! numbers to new people). An alias that another customer holds stays there in every other case.

use waypost_domain::{
    Alias, AliasKind, ConversationId, CustomerAliases, CustomerId, CustomerName, Timestamp,
};

use super::Decider;
use super::known::{KnownConversation, KnownCustomer};
use super::plan::{Plan, Write};
use crate::commit::Step;

/// A conversation and the customer in it.
pub(super) struct Thread {
    pub(super) customer: CustomerId,
    pub(super) conversation: ConversationId,
    pub(super) last_message_at: Timestamp,
    pub(super) customer_number: Box<str>,
    pub(super) customer_name: Option<CustomerName>,
}

/// What an item says of its customer.
pub(super) struct Mention<'a> {
    pub(super) aliases: &'a CustomerAliases,
    pub(super) name: Option<&'a CustomerName>,
    pub(super) at: Timestamp,
}

impl Decider {
    /// The thread of whom `mention` names with our number `number`; created where it is new.
    pub(super) fn thread(&mut self, plan: &mut Plan<'_>, number: i64, mention: &Mention<'_>) -> Thread {
        let id = self.resolve_customer(plan, number, mention);
        let customer = self.known.customer(id).expect("whoever holds a name is there");
        if let Some(name) = mention.name
            && customer.name.as_ref() != Some(name)
        {
            customer.name = Some(name.clone());
            plan.write(Write::CustomerName { id, name: name.clone() });
        }
        self.thread_of(plan, number, id, mention.at)
    }

    /// The thread of a customer who exists with our number `number`; created where it is new.
    pub(super) fn thread_of(
        &mut self,
        plan: &mut Plan<'_>,
        number: i64,
        customer: CustomerId,
        at: Timestamp,
    ) -> Thread {
        let conversation = self.known.conversation(customer, number).unwrap_or_else(|| {
            let (id_at, bits) = self.ids.next_parts(at);
            let id = ConversationId::from_parts(id_at, bits);
            // Nothing was said in it yet: the first message is the newest, whatever its time.
            let fresh = KnownConversation { id, last_message_at: Timestamp::from_millis(0) };
            self.known.load_conversation((customer, number), fresh);
            plan.write(Write::Conversation { id, customer, number });
            fresh
        });
        let known = self.known.customer(customer).expect("the caller has looked");
        Thread {
            customer,
            conversation: conversation.id,
            last_message_at: conversation.last_message_at,
            customer_number: known.number.clone(),
            customer_name: known.name.clone(),
        }
    }

    /// The customer whom the aliases name, with every alias attached that nobody else holds.
    pub(super) fn resolve_customer(
        &mut self,
        plan: &mut Plan<'_>,
        number: i64,
        mention: &Mention<'_>,
    ) -> CustomerId {
        let holder = mention.aliases.iter().find_map(|alias| Some((alias, self.known.holder(alias)?)));
        let decided = match holder {
            // The item has a BSUID that is unknown, and a phone that is known: is it the same person?
            Some((alias, holder))
                if alias.kind == AliasKind::Phone
                    && mention.aliases.of_kind(AliasKind::Bsuid).is_some()
                    && self.known.customer(holder).is_some_and(|holder| holder.has_bsuid) =>
            {
                None
            }
            Some((_, holder)) => Some(holder),
            None => None,
        };
        let customer = decided.unwrap_or_else(|| self.create_customer(plan, number, mention));
        for alias in mention.aliases.iter() {
            // Whoever is new takes them all along: of those, a phone alone can be another's.
            if decided.is_none() || self.known.holder(alias).is_none() {
                self.attach(plan, alias, customer);
            }
        }
        customer
    }

    /// Attaches those of `aliases` that nobody holds to a customer who exists.
    pub(super) fn attach_free(
        &mut self,
        plan: &mut Plan<'_>,
        customer: CustomerId,
        aliases: &CustomerAliases,
    ) {
        for alias in aliases.iter() {
            if self.known.holder(alias).is_none() {
                self.attach(plan, alias, customer);
            }
        }
    }

    /// Gives an alias to the customer and says so. A phone is from then on what is shown.
    ///
    /// Who waits for the name is shown what comes next, live or later: one number says where that begins.
    fn attach(&mut self, plan: &mut Plan<'_>, alias: &Alias, customer: CustomerId) {
        let since = self.journal.newest();
        self.known.load_holder(alias.clone(), customer);
        plan.write(Write::Alias { alias: alias.clone(), customer, since });
        if let Some(known) = self.known.customer(customer) {
            known.has_bsuid |= alias.kind == AliasKind::Bsuid;
            if alias.kind == AliasKind::Phone && known.number != alias.value {
                known.number = alias.value.clone();
                plan.write(Write::CustomerNumber { id: customer, number: alias.value.clone() });
            }
        }
        plan.steps.push(Step::Bind { name: alias.value.clone(), customer });
    }

    fn create_customer(&mut self, plan: &mut Plan<'_>, number: i64, mention: &Mention<'_>) -> CustomerId {
        let (at, bits) = self.ids.next_parts(mention.at);
        let id = CustomerId::from_parts(at, bits);
        let shown: Box<str> = mention.aliases.shown_number().into();
        let name = mention.name.cloned();
        let known = KnownCustomer { number: shown.clone(), name: name.clone(), has_bsuid: false };
        self.known.load_customer(id, known);
        self.known.conversations.insert((id, number), None);
        plan.write(Write::Customer { id, number: shown, name, at: mention.at });
        id
    }
}
