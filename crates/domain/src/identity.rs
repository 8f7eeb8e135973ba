//! Who is who. WhatsApp calls one person by several names, and gives a name to another person; this decides whose an
//! item is, without knowing how names are kept.
//!
//! Names are of a scope (a business portfolio, or what is known of it): a BSUID means somebody only there. What is
//! decided on is of one scope; whoever asks has looked up who holds each name *now*, after all merges.
//!
//! An item never makes one person of two who were known ([`decide`]): that takes a word of WhatsApp's ([`link`]), or
//! somebody who says so ([`Amendment`]).

use crate::customer::{Alias, AliasKind, ExternalId};
use crate::ids::{CustomerId, PortfolioId, WabaId};
use crate::time::Timestamp;

/// The most customers that are merged into one: all of them are named in the audience of each of its events.
pub const MERGED_MAX: usize = 32;

/// Who holds a name, as they are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The customer.
    pub customer: CustomerId,
    /// Whether a new BSUID beside the name is somebody else's: the customer has one in the scope, or has gone on from this
    /// phone number to another.
    pub excludes_new_bsuid: bool,
}

/// A name of an item, and who holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// What kind of name. An item has at most one of a kind.
    pub kind: AliasKind,
    /// Nobody, where it is new.
    pub holder: Option<Holder>,
}

/// Whose something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// Somebody who is known.
    Known(CustomerId),
    /// Somebody new.
    New,
}

/// Whose an item is, and what becomes of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The customer.
    pub person: Person,
    /// The names that are the customer's from now on.
    pub attached: Vec<AliasKind>,
    /// Who had the phone number until now.
    pub phone_from: Option<CustomerId>,
    /// Others who hold a name of the item and may be the same person.
    pub doubles: Vec<CustomerId>,
}

/// Decides whose an item with these names is: `names` in the order in which they decide.
///
/// - A name that is known wins, a BSUID first; names that nobody holds are attached.
/// - A BSUID that is unknown, with the phone number of somebody who has another, or who has gone on to another number:
///   carriers give numbers to new people. That is somebody new, who takes the number along.
/// - Names of two who are known stay where they are: the two may be one, which somebody has to say.
#[must_use]
pub fn decide(names: &[Named]) -> Decision {
    let unheld = || names.iter().filter(|named| named.holder.is_none()).map(|named| named.kind).collect();
    let everything = || names.iter().map(|named| named.kind).collect();
    let has_new_bsuid = || names.iter().any(|named| named.kind == AliasKind::Bsuid && named.holder.is_none());
    let first = names.iter().find_map(|named| Some((named.kind, named.holder?)));
    match first {
        None => {
            Decision { person: Person::New, attached: everything(), phone_from: None, doubles: Vec::new() }
        }
        Some((AliasKind::Phone, holder)) if holder.excludes_new_bsuid && has_new_bsuid() => Decision {
            person: Person::New,
            attached: everything(),
            phone_from: Some(holder.customer),
            doubles: Vec::new(),
        },
        Some((_, holder)) => Decision {
            person: Person::Known(holder.customer),
            attached: unheld(),
            phone_from: None,
            doubles: others(names.iter().filter_map(|named| named.holder), holder.customer),
        },
    }
}

fn others(holders: impl Iterator<Item = Holder>, customer: CustomerId) -> Vec<CustomerId> {
    let mut others: Vec<CustomerId> = holders.map(|holder| holder.customer).collect();
    others.retain(|other| *other != customer);
    others.sort_unstable();
    others.dedup();
    others
}

/// Who somebody is of whom WhatsApp says that all these names are theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The customer that goes on: of several the one that has been known longest, so that the order in which they are
    /// told of does not matter.
    pub person: Person,
    /// Those who are merged into that one.
    pub merged: Vec<CustomerId>,
}

/// Decides who goes on where WhatsApp says that the names of `holders` are one person's.
#[must_use]
pub fn link(holders: impl IntoIterator<Item = CustomerId>) -> Linked {
    let mut holders: Vec<CustomerId> = holders.into_iter().collect();
    // Ids are in order of time.
    holders.sort_unstable();
    holders.dedup();
    let mut holders = holders.into_iter();
    Linked { person: holders.next().map_or(Person::New, Person::Known), merged: holders.collect() }
}

/// What WhatsApp says, beside messages, of who is who.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tie {
    /// All these names are one person's (`user_id_update`).
    Names(Vec<Alias>),
    /// The account belongs to the portfolio (`account_update`, `waba_info`).
    Owner {
        /// The account.
        waba: WabaId,
        /// Its owner.
        portfolio: PortfolioId,
    },
}

/// What somebody wants to change about who a customer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amendment {
    /// Another system has this name for the customer; `None` takes it off.
    ExternalId {
        /// The customer.
        customer: CustomerId,
        /// The name.
        id: Option<ExternalId>,
    },
    /// Two are one person.
    Merge {
        /// The one that is no longer shown by itself.
        customer: CustomerId,
        /// The one that goes on.
        into: CustomerId,
    },
    /// A customer that was merged is somebody of their own after all.
    Unmerge {
        /// The customer.
        customer: CustomerId,
    },
    /// Two who looked like one person are two.
    Dismiss {
        /// Where it was noted that they may be one: see [`CustomerChange::PossibleDuplicate`].
        duplicate: u64,
    },
}

/// Who somebody is has changed, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerUpdate {
    /// The customer.
    pub customer: CustomerId,
    /// What changed.
    pub change: CustomerChange,
    /// When.
    pub at: Timestamp,
}

/// What changed about who a customer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomerChange {
    /// This one was merged into the customer.
    Merged(CustomerId),
    /// This one is somebody of their own again.
    Unmerged(CustomerId),
    /// Another system's name for the customer; `None` where it was taken off.
    ExternalId(Option<ExternalId>),
    /// A phone number is the customer's now, and was somebody else's.
    PhoneMoved {
        /// The number.
        phone: Alias,
        /// Whose it was.
        from: CustomerId,
    },
    /// This one may be the same person. The number of the journal's entry names the pair from then on.
    PossibleDuplicate(CustomerId),
    /// This one is not the same person.
    DuplicateDismissed(CustomerId),
}

impl CustomerChange {
    /// The other customer whom it concerns.
    #[must_use]
    pub const fn other(&self) -> Option<CustomerId> {
        match self {
            Self::Merged(other)
            | Self::Unmerged(other)
            | Self::PhoneMoved { from: other, .. }
            | Self::PossibleDuplicate(other)
            | Self::DuplicateDismissed(other) => Some(*other),
            Self::ExternalId(_) => None,
        }
    }

    /// The other customer, where the change is theirs as well: whoever sees one of the two is told of it. Of the others
    /// only whoever sees the customer is.
    #[must_use]
    pub const fn also_of(&self) -> Option<CustomerId> {
        match self {
            Self::Merged(other) | Self::Unmerged(other) => Some(*other),
            Self::PhoneMoved { .. }
            | Self::PossibleDuplicate(_)
            | Self::DuplicateDismissed(_)
            | Self::ExternalId(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    fn customer(n: u8) -> CustomerId {
        let mut bytes = [0; 16];
        bytes[15] = n;
        CustomerId::from_bytes(bytes)
    }

    fn named(kind: AliasKind, holder: Option<(CustomerId, bool)>) -> Named {
        let holder = holder.map(|(customer, excludes_new_bsuid)| Holder { customer, excludes_new_bsuid });
        Named { kind, holder }
    }

    /// BSUID and phone of an item, who holds them (and has a BSUID), and what is decided.
    #[test]
    fn the_table_row_by_row() {
        use AliasKind::{Bsuid, Phone};
        let (a, b) = (customer(1), customer(2));
        let decision = |person, attached: &[AliasKind], phone_from, doubles: &[CustomerId]| Decision {
            person,
            attached: attached.into(),
            phone_from,
            doubles: doubles.into(),
        };
        let known = |customer| Person::Known(customer);
        for (bsuid, phone, expected) in [
            (None, None, decision(Person::New, &[Bsuid, Phone], None, &[])),
            (Some((a, true)), None, decision(known(a), &[Phone], None, &[])),
            (Some((a, true)), Some((a, true)), decision(known(a), &[], None, &[])),
            (None, Some((a, false)), decision(known(a), &[Bsuid], None, &[])),
            (None, Some((a, true)), decision(Person::New, &[Bsuid, Phone], Some(a), &[])),
            (Some((a, true)), Some((b, false)), decision(known(a), &[], None, &[b])),
            (Some((a, true)), Some((b, true)), decision(known(a), &[], None, &[b])),
        ] {
            assert_eq!(decide(&[named(Bsuid, bsuid), named(Phone, phone)]), expected, "{bsuid:?} {phone:?}");
        }
        // Without a BSUID the phone says who it is, whatever else its holder is called.
        for has_bsuid in [true, false] {
            let decided = decide(&[named(Phone, Some((a, has_bsuid)))]);
            assert_eq!(decided, decision(known(a), &[], None, &[]));
        }
    }

    #[test]
    fn of_those_who_are_linked_the_one_known_longest_goes_on() {
        assert_eq!(link([]), Linked { person: Person::New, merged: vec![] });
        let (a, b) = (customer(1), customer(2));
        assert_eq!(link([b, a, b]), Linked { person: Person::Known(a), merged: vec![b] });
    }

    /// Names as a store keeps them, without a scope.
    #[derive(Default)]
    struct Directory {
        holders: BTreeMap<(AliasKind, u8), CustomerId>,
        merged: BTreeMap<CustomerId, CustomerId>,
        last: u8,
        doubles: BTreeSet<(CustomerId, CustomerId)>,
    }

    impl Directory {
        fn now(&self, customer: CustomerId) -> CustomerId {
            self.merged.get(&customer).map_or(customer, |into| self.now(*into))
        }

        fn holder(&self, name: (AliasKind, u8)) -> Option<CustomerId> {
            self.holders.get(&name).map(|holder| self.now(*holder))
        }

        fn has_bsuid(&self, customer: CustomerId) -> bool {
            let bsuids = self.holders.iter().filter(|((kind, _), _)| *kind == AliasKind::Bsuid);
            bsuids.into_iter().any(|(_, holder)| self.now(*holder) == customer)
        }

        fn create(&mut self) -> CustomerId {
            self.last += 1;
            customer(self.last)
        }

        fn receive(&mut self, item: &Item) -> CustomerId {
            let names: Vec<(AliasKind, u8)> = item.names();
            if matches!(item, Item::Link { .. }) {
                let linked = link(names.iter().filter_map(|name| self.holder(*name)));
                let person = self.person(linked.person);
                self.merged.extend(linked.merged.into_iter().map(|merged| (merged, person)));
                for name in names {
                    self.holders.entry(name).or_insert(person);
                }
                return person;
            }
            let decided = decide(
                &names
                    .iter()
                    .map(|name| Named {
                        kind: name.0,
                        holder: self.holder(*name).map(|customer| Holder {
                            customer,
                            excludes_new_bsuid: self.has_bsuid(customer),
                        }),
                    })
                    .collect::<Vec<_>>(),
            );
            let person = self.person(decided.person);
            for name in names.iter().filter(|name| decided.attached.contains(&name.0)) {
                self.holders.insert(*name, person);
            }
            self.doubles.extend(decided.doubles.into_iter().map(|double| (person, double)));
            person
        }

        fn person(&mut self, person: Person) -> CustomerId {
            match person {
                Person::Known(customer) => customer,
                Person::New => self.create(),
            }
        }
    }

    /// Somebody writes under some names, or changes a BSUID.
    #[derive(Clone, Debug)]
    enum Item {
        Written { bsuid: Option<u8>, phone: Option<u8> },
        Link { previous: u8, current: u8 },
    }

    impl Item {
        fn names(&self) -> Vec<(AliasKind, u8)> {
            match self {
                Self::Written { bsuid, phone } => {
                    let bsuid = bsuid.map(|n| (AliasKind::Bsuid, n));
                    bsuid.into_iter().chain(phone.map(|n| (AliasKind::Phone, n))).collect()
                }
                Self::Link { previous, current } => {
                    vec![(AliasKind::Bsuid, *previous), (AliasKind::Bsuid, *current)]
                }
            }
        }
    }

    fn written() -> impl Strategy<Value = Item> {
        prop_oneof![
            (0..4_u8, prop::option::of(0..3_u8))
                .prop_map(|(bsuid, phone)| Item::Written { bsuid: Some(bsuid), phone }),
            (0..3_u8).prop_map(|phone| Item::Written { bsuid: None, phone: Some(phone) }),
        ]
    }

    fn links() -> impl Strategy<Value = Item> {
        (0..4_u8, 0..4_u8).prop_map(|(previous, current)| Item::Link { previous, current })
    }

    proptest! {
        /// Not even where a phone number goes from hand to hand.
        #[test]
        fn one_bsuid_is_one_customer_and_two_are_two_without_a_link(
            items in prop::collection::vec(written(), 0..40)
        ) {
            let mut directory = Directory::default();
            let mut of_bsuid: BTreeMap<u8, CustomerId> = BTreeMap::new();
            for item in &items {
                let person = directory.receive(item);
                if let Item::Written { bsuid: Some(bsuid), .. } = item {
                    prop_assert_eq!(*of_bsuid.entry(*bsuid).or_insert(person), person);
                }
            }
            let people: BTreeSet<_> = of_bsuid.values().collect();
            prop_assert_eq!(people.len(), of_bsuid.len());
            prop_assert!(directory.merged.is_empty());
        }

        /// Whatever was written before, between and after, and in whatever order the links came.
        #[test]
        fn those_who_are_linked_are_one_and_nobody_else_is(
            items in prop::collection::vec(prop_oneof![written(), links()], 0..40)
        ) {
            let mut directory = Directory::default();
            for item in &items {
                directory.receive(item);
            }
            let mut class: Vec<u8> = (0..4).collect();
            for item in &items {
                if let Item::Link { previous, current } = item {
                    let (from, to) = (class[usize::from(*previous)], class[usize::from(*current)]);
                    class.iter_mut().filter(|class| **class == from).for_each(|class| *class = to);
                }
            }
            for (one, other) in (0..4_u8).flat_map(|one| (0..4).map(move |other| (one, other))) {
                let holders = [one, other].map(|n| directory.holder((AliasKind::Bsuid, n)));
                let [Some(first), Some(second)] = holders else { continue };
                let linked = class[usize::from(one)] == class[usize::from(other)];
                prop_assert_eq!(first == second, linked, "{} {}", one, other);
            }
        }
    }
}
