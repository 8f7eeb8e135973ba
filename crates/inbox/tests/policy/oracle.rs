//! What `may` says of an event, for somebody in their rooms.

use waypost_domain::{Action, CustomerId, Person, Place, Principal, may};

use crate::town::{About, Entry, Town};

/// Whether an event is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Must,
    /// The rooms leave it open, never the policy.
    Can,
    Never,
}

/// A room that somebody holds.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub(crate) interest: Interest,
    /// It shows what comes after this entry.
    pub(crate) from: u64,
}

#[derive(Clone, Debug)]
pub(crate) enum Interest {
    General,
    /// Of a customer, and of whoever was one with them when the room was joined.
    Customer(CustomerId, Vec<CustomerId>),
    /// Of whoever will have this phone.
    Phone(String),
}

/// Live: of the moment at which it was committed.
pub(crate) fn live(principal: &Principal, rooms: &[&Room], entry: &Entry, town: &Town) -> Verdict {
    match policy(principal, entry) {
        Verdict::Never => Verdict::Never,
        allowed => least(allowed, wanted(rooms, entry, town)),
    }
}

/// In replay: of this moment, as far as it was so when it came.
pub(crate) fn replayed(principal: &Principal, rooms: &[&Room], entry: &Entry, town: &Town) -> Verdict {
    let now = match &entry.about {
        About::Conversation { id, .. } => town.place(*id).unwrap(),
        About::Customers(_) => return least(live(principal, rooms, entry, town), Verdict::Can),
    };
    let sees_now = sees(principal, &now);
    let is_right = if is_access(entry) && entry.is_revoked { !sees_now } else { sees_now };
    if !is_right {
        return Verdict::Never;
    }
    // Who was one with whom may have changed, and with it whose the event is.
    let is_the_same =
        matches!(&entry.about, About::Conversation { after, .. } if after.customers == now.customers);
    let then = least(policy(principal, entry), wanted(rooms, entry, town));
    if is_the_same && then == Verdict::Must { Verdict::Must } else { Verdict::Can }
}

fn policy(principal: &Principal, entry: &Entry) -> Verdict {
    match &entry.about {
        About::Conversation { before, after, .. } => {
            let (saw, sees) =
                (before.as_ref().is_some_and(|place| sees(principal, place)), sees(principal, after));
            let is_shown = match (is_access(entry), entry.is_revoked) {
                (false, _) => sees,
                (true, false) => !saw && sees,
                (true, true) => saw && !sees,
            };
            if is_shown { Verdict::Must } else { Verdict::Never }
        }
        About::Customers(people) => {
            let sees = |person: &Person| may(principal, Action::SeeCustomer(person));
            // Whoever saw but one of the two, or sees one now, is told, by ids alone.
            match (people.iter().any(sees), may(principal, Action::SeeAnyCustomer)) {
                (_, true) => Verdict::Must,
                (true, false) => Verdict::Can,
                (false, false) => Verdict::Never,
            }
        }
    }
}

/// Whether the rooms are about it.
fn wanted(rooms: &[&Room], entry: &Entry, town: &Town) -> Verdict {
    let of_whom = match &entry.about {
        About::Conversation { after, .. } => after.customers.clone(),
        About::Customers(people) => people.iter().flat_map(|person| person.customers.clone()).collect(),
    };
    let verdict = |room: &&Room| match &room.interest {
        _ if entry.number <= room.from => Verdict::Never,
        Interest::General => Verdict::Must,
        Interest::Customer(customer, _) if of_whom.contains(customer) => Verdict::Must,
        Interest::Customer(_, then) if then.iter().any(|customer| of_whom.contains(customer)) => Verdict::Can,
        Interest::Customer(..) => Verdict::Never,
        Interest::Phone(phone) => match town.phones.get(phone) {
            Some(customer) if of_whom.contains(customer) => Verdict::Must,
            _ => Verdict::Never,
        },
    };
    let best = rooms.iter().map(verdict).min_by_key(|verdict| *verdict as u8).unwrap_or(Verdict::Never);
    // Of customers, which of the two a room shows is the store's to say.
    if matches!(entry.about, About::Customers(_))
        && !rooms.iter().any(|room| matches!(room.interest, Interest::General))
    {
        return least(best, Verdict::Can);
    }
    best
}

fn sees(principal: &Principal, place: &Place) -> bool {
    may(principal, Action::SeeConversation(place))
}

fn is_access(entry: &Entry) -> bool {
    entry.name == "whatsappAccess"
}

fn least(one: Verdict, other: Verdict) -> Verdict {
    if one as u8 >= other as u8 { one } else { other }
}
