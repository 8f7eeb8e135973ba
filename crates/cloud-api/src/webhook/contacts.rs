//! Who is meant: the people of a change, found by their ids and never by their place.

use std::borrow::Cow;
use std::collections::HashMap;

use waypost_domain::{Alias, AliasKind, CustomerAliases, CustomerName, Username};

use crate::json::Node;
use crate::shapes::{Contact, Profile, Value};

/// Up to so many people are searched one by one; more get an index, so that a batch of 1,000 stays linear.
const UNINDEXED_MAX: usize = 8;

/// The people of one change.
#[derive(Default)]
pub(super) struct Contacts<'a> {
    people: Vec<Person<'a>>,
    by_user_id: HashMap<Cow<'a, str>, usize>,
    by_phone: HashMap<Box<str>, usize>,
    company: Company,
}

/// Whether the people are of one item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Company {
    /// There is just one item.
    One,
    /// There are several, or they are not counted.
    #[default]
    Several,
}

impl Company {
    /// How many items a value has.
    pub(super) fn of(value: &Value<'_>) -> Self {
        let lists = [
            value.messages,
            value.statuses,
            value.message_echoes,
            value.calls,
            value.user_preferences,
            value.user_id_update,
        ];
        let mut lists = lists.into_iter().filter(|list| !matches!(list.raw(), None | Some("null" | "[]")));
        match (lists.next(), lists.next(), value.history.is_null()) {
            (Some(list), None, true) if list.holds_one() => Self::One,
            _ => Self::Several,
        }
    }
}

/// One of them.
pub(super) struct Person<'a> {
    user_id: Option<Cow<'a, str>>,
    parent_user_id: Option<Cow<'a, str>>,
    wa_id: Option<Cow<'a, str>>,
    /// The `wa_id` in the form in which numbers are compared.
    phone: Option<Box<str>>,
    profile: Node<'a>,
}

/// The other side of an item.
pub(super) struct Customer {
    pub(super) aliases: CustomerAliases,
    pub(super) name: Option<CustomerName>,
    pub(super) username: Option<Username>,
}

impl Customer {
    pub(super) fn of(aliases: CustomerAliases, person: Option<&Person<'_>>) -> Self {
        let name = person.and_then(Person::name);
        Self { aliases, name, username: person.and_then(Person::username) }
    }
}

impl<'a> Contacts<'a> {
    /// Reads `contacts` of a value; what is no contact is left out.
    pub(super) fn read(value: &Value<'a>) -> Self {
        let people: Vec<Person<'a>> =
            value.contacts.items_or_one().into_iter().filter_map(Node::object).map(Person::of).collect();
        let company = if people.len() == 1 { Company::of(value) } else { Company::Several };
        let mut this = Self { people, company, ..Self::default() };
        if this.people.len() > UNINDEXED_MAX {
            for (index, person) in this.people.iter().enumerate() {
                if let Some(id) = &person.user_id {
                    this.by_user_id.entry(id.clone()).or_insert(index);
                }
                if let Some(phone) = &person.phone {
                    this.by_phone.entry(phone.clone()).or_insert(index);
                }
            }
        }
        this
    }

    /// The person whom `names` name: by the BSUID, else by the phone number. The only one beside the only item is meant
    /// whatever their number, since a `wa_id` need not be the number.
    pub(super) fn find(&self, names: &Names<'_>) -> Option<&Person<'a>> {
        let by_user_id = names.user_id.as_deref().and_then(|id| self.by_user_id(id));
        // A number that somebody else had before must not lend its new holder the old one's name and ids.
        let same = |person: &&Person<'_>| names.user_id.is_none() || person.user_id.is_none();
        let by_phone = || self.by_phone(&phone_key(names.phone.as_deref()?));
        let sole = || self.only().filter(|_| self.company == Company::One && !names.are_none());
        by_user_id.or_else(|| by_phone().or_else(sole).filter(same))
    }

    /// Whom `names` name, with all that is said of them.
    pub(super) fn customer(&self, names: &Names<'_>) -> Option<Customer> {
        let person = self.find(names);
        let more = person.map(Person::names);
        Some(Customer::of(names.aliases(more.as_ref())?, person))
    }

    /// The only person, where there is just one.
    pub(super) fn only(&self) -> Option<&Person<'a>> {
        if let [person] = self.people.as_slice() { Some(person) } else { None }
    }

    fn by_user_id(&self, id: &str) -> Option<&Person<'a>> {
        if self.people.len() <= UNINDEXED_MAX {
            return self.people.iter().find(|person| person.user_id.as_deref() == Some(id));
        }
        self.by_user_id.get(id).map(|index| &self.people[*index])
    }

    fn by_phone(&self, phone: &str) -> Option<&Person<'a>> {
        if self.people.len() <= UNINDEXED_MAX {
            return self.people.iter().find(|person| person.phone.as_deref() == Some(phone));
        }
        self.by_phone.get(phone).map(|index| &self.people[*index])
    }
}

impl<'a> Person<'a> {
    fn of(contact: Contact<'a>) -> Self {
        let wa_id = contact.wa_id.text();
        Self {
            user_id: contact.user_id.text(),
            parent_user_id: contact.parent_user_id.text(),
            phone: wa_id.as_deref().map(phone_key),
            wa_id,
            profile: contact.profile,
        }
    }

    /// The profile name. A username is no substitute: it would replace a better name that is known.
    pub(super) fn name(&self) -> Option<CustomerName> {
        CustomerName::parse(&self.profile.object::<Profile<'_>>()?.name.readable()?)
    }

    /// The username.
    pub(super) fn username(&self) -> Option<Username> {
        Username::parse(&self.profile.object::<Profile<'_>>()?.username.text()?)
    }

    /// What the contact adds to the names in the item itself.
    pub(super) fn names(&self) -> Names<'_> {
        Names {
            user_id: self.user_id.as_deref().map(Cow::Borrowed),
            parent_user_id: self.parent_user_id.as_deref().map(Cow::Borrowed),
            phone: self.wa_id.as_deref().map(Cow::Borrowed),
        }
    }
}

/// The names by which an item calls somebody.
#[derive(Default)]
pub(super) struct Names<'a> {
    /// A BSUID.
    pub(super) user_id: Option<Cow<'a, str>>,
    /// A BSUID of the enrolled parent.
    pub(super) parent_user_id: Option<Cow<'a, str>>,
    /// A phone number or `wa_id`.
    pub(super) phone: Option<Cow<'a, str>>,
}

impl Names<'_> {
    fn are_none(&self) -> bool {
        self.user_id.is_none() && self.parent_user_id.is_none() && self.phone.is_none()
    }

    /// The usable ones, each followed by what `others` add: of a kind, an item's own name comes before its contact's.
    pub(super) fn aliases(&self, others: Option<&Names<'_>>) -> Option<CustomerAliases> {
        let of = |names: &Names<'_>| {
            let ids = [
                (AliasKind::Bsuid, names.user_id.as_deref()),
                (AliasKind::ParentBsuid, names.parent_user_id.as_deref()),
            ];
            let ids = ids.into_iter().filter_map(|(kind, name)| Alias::parse(kind, name?));
            ids.chain(names.phone.as_deref().and_then(phone)).collect::<Vec<_>>()
        };
        CustomerAliases::new(of(self).into_iter().chain(others.map(of).unwrap_or_default()))
    }
}

/// A phone number as WhatsApp writes it, or as people do.
pub(super) fn phone(text: &str) -> Option<Alias> {
    Alias::parse(AliasKind::Phone, text).or_else(|| Alias::dialled(text))
}

/// One form of all in which a number is written; what is no number is compared as it is.
fn phone_key(text: &str) -> Box<str> {
    phone(text).map_or_else(|| text.into(), |phone| phone.canonical().into_owned().value)
}
