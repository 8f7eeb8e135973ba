//! What is known of customers, conversations and who answers them, beside the store: told from what was done and from the bodies of
//! events.

use std::collections::BTreeMap;

use serde_json::Value;
use waypost_domain::{Assignment, ConversationId, CustomerId, Person, PhoneNumberId, Place};

/// Everybody's customers.
#[derive(Default)]
pub(crate) struct Town {
    /// By their phones.
    pub(crate) phones: BTreeMap<String, CustomerId>,
    /// Who was merged, and into whom.
    pub(crate) merges: BTreeMap<CustomerId, CustomerId>,
    pub(crate) conversations: BTreeMap<ConversationId, Conversation>,
}

#[derive(Clone)]
pub(crate) struct Conversation {
    pub(crate) owner: CustomerId,
    pub(crate) number: PhoneNumberId,
    pub(crate) assignment: Assignment,
}

/// An entry of the journal, with the world before and after what made it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) name: String,
    pub(crate) about: About,
    pub(crate) is_revoked: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum About {
    Conversation {
        id: ConversationId,
        before: Option<Place>,
        after: Place,
    },
    /// Those it names, with whoever is one with them: as they were, and as they are.
    Customers(Vec<Person>),
}

/// How it was before a step.
pub(crate) struct Before {
    pub(crate) places: BTreeMap<ConversationId, Place>,
    pub(crate) people: BTreeMap<CustomerId, Person>,
}

impl Town {
    pub(crate) fn root(&self, customer: CustomerId) -> CustomerId {
        self.merges.get(&customer).map_or(customer, |into| self.root(*into))
    }

    /// All who are one with somebody, by their ids.
    pub(crate) fn family(&self, customer: CustomerId) -> Vec<CustomerId> {
        let root = self.root(customer);
        let all = self.phones.values().copied();
        let mut family: Vec<CustomerId> = all.filter(|other| self.root(*other) == root).collect();
        family.sort_unstable();
        family
    }

    pub(crate) fn place(&self, id: ConversationId) -> Option<Place> {
        let conversation = self.conversations.get(&id)?;
        Some(Place {
            customers: self.family(conversation.owner),
            number: conversation.number.clone(),
            assignment: conversation.assignment.clone(),
        })
    }

    pub(crate) fn before(&self) -> Before {
        let place = |id: &ConversationId| self.place(*id).map(|place| (*id, place));
        let customers = self.phones.values();
        Before {
            places: self.conversations.keys().filter_map(place).collect(),
            people: customers.map(|customer| (*customer, self.person(*customer))).collect(),
        }
    }

    pub(crate) fn person(&self, customer: CustomerId) -> Person {
        let customers = self.family(customer);
        let theirs = self.conversations.keys().filter_map(|id| self.place(*id));
        let places = theirs.filter(|place| place.customers == customers).collect();
        Person { customers, places }
    }

    /// A conversation that is shown for the first time.
    pub(crate) fn meet(&mut self, body: &Value, owner_of: impl Fn(ConversationId) -> CustomerId) {
        let Some(id) = conversation_of(body) else { return };
        self.conversations.entry(id).or_insert_with(|| Conversation {
            owner: owner_of(id),
            number: PhoneNumberId::parse(body["phoneNumberId"].as_str().unwrap()).unwrap(),
            assignment: Assignment::default(),
        });
    }

    /// What an event is about, once the town is as it is after it.
    pub(crate) fn entry(&self, (number, name): (u64, String), body: &Value, before: &Before) -> Entry {
        let about = match conversation_of(body) {
            Some(id) => {
                let after = self.place(id).unwrap_or_else(|| panic!("{name} is of an unknown conversation"));
                About::Conversation { id, before: before.places.get(&id).cloned(), after }
            }
            None => {
                let named = ["customerId", "otherCustomerId"].map(|member| body[member].as_str());
                let named = named.into_iter().flatten().map(|id| id.parse().unwrap());
                let person =
                    |id: CustomerId| before.people.get(&id).cloned().into_iter().chain([self.person(id)]);
                About::Customers(named.flat_map(person).collect())
            }
        };
        Entry { number, name, about, is_revoked: body["change"] == "revoked" }
    }
}

fn conversation_of(body: &Value) -> Option<ConversationId> {
    body["conversationId"].as_str().map(|id| id.parse().unwrap())
}
