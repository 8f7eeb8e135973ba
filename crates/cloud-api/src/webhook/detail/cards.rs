//! Contact cards that were shared.

use waypost_domain::detail::{Card, CardEmail, CardOrigin, CardPhone, Line};

use super::{members, opaque, phone, words};
use crate::json::Node;
use crate::shapes;

/// The cards of a list, or the one card in its place. `beside` is the origin of all, where no card has its own.
pub(super) fn cards(node: Node<'_>, beside: Node<'_>) -> Vec<Card> {
    let cards = node.items_or_one().into_iter().filter_map(Node::object);
    cards.take(Card::COUNT_MAX).map(|card| read(&card, origin(beside))).collect()
}

fn origin(node: Node<'_>) -> Option<CardOrigin> {
    match node.string()?.as_ref() {
        "contact_request" => Some(CardOrigin::ContactRequest),
        "other" => Some(CardOrigin::Other),
        _ => None,
    }
}

fn read(card: &shapes::Card<'_>, beside: Option<CardOrigin>) -> Card {
    Card {
        origin: origin(card.origin).or(beside),
        name: name(&members(card.name)),
        company: words(members::<shapes::CardOrg<'_>>(card.org).company),
        birthday: opaque(card.birthday),
        phones: parts(card.phones, |node| {
            let part: shapes::CardPhone<'_> = node.object()?;
            let (number, wa_id) = (words(part.phone), phone(part.wa_id));
            (number.is_some() || wa_id.is_some()).then(|| CardPhone {
                number,
                wa_id,
                kind: opaque(part.kind),
            })
        }),
        emails: parts(card.emails, |node| {
            let email: shapes::CardEmail<'_> = node.object()?;
            Some(CardEmail { address: words(email.email)?, kind: opaque(email.kind) })
        }),
        addresses: parts(card.addresses, |node| address(&node.object()?)),
        urls: parts(card.urls, |node| opaque(members::<shapes::CardUrl<'_>>(node).url)),
        vcard: words(card.vcard),
    }
}

fn parts<T>(node: Node<'_>, read: impl Fn(Node<'_>) -> Option<T>) -> Vec<T> {
    node.items_or_one().into_iter().filter_map(read).take(Card::PART_COUNT_MAX).collect()
}

fn name(name: &shapes::CardName<'_>) -> Option<Line> {
    words(name.formatted).or_else(|| joined([name.first, name.last], " "))
}

fn address(address: &shapes::CardAddress<'_>) -> Option<Line> {
    joined([address.street, address.zip, address.city, address.state, address.country], ", ")
}

fn joined<const COUNT: usize>(nodes: [Node<'_>; COUNT], between: &str) -> Option<Line> {
    let parts: Vec<_> =
        nodes.into_iter().filter_map(Node::readable).filter(|part| !part.is_empty()).collect();
    Line::parse(&parts.join(between))
}
