//! What fields other than messages say, out of their values.
//!
//! As in `detail`, nothing here fails: what cannot be read is left out.

mod account;
mod group;
mod number;
mod people;
mod template;

use waypost_domain::detail::Token;
use waypost_domain::{CustomerAliases, Notice, Timestamp};

use super::detail::opaque;
use crate::json::Node;

pub(super) use group::group;
pub(super) use people::{automatic_event, contact, preference, user_action};

/// Reads members of an object into the fields of a struct, each in the way that is named behind it. Where it is no object,
/// every member is missing.
macro_rules! read {
    ($node:expr => $name:ident { $($field:ident = $key:literal as $how:expr),* $(,)? } $(, { $($own:ident : $value:expr),* })?) => {{
        crate::json::shape!(Members { $($field = $key),* });
        let members: Members<'_> = crate::webhook::detail::members($node);
        $name { $($field: $how(members.$field),)* $($($own: $value),*)? }
    }};
}
use read;

/// What the value of a field says that is about one thing; `None` where its shape is not known.
pub(super) fn notice(field: &str, value: Node<'_>) -> Option<Notice> {
    Some(match field {
        "message_template_status_update" => Notice::TemplateStatus(template::status(value)),
        "message_template_quality_update" => Notice::TemplateQuality(template::quality(value)),
        "message_template_components_update" => Notice::TemplateComponents(template::components(value)),
        "template_category_update" | "template_correct_category_detection" => {
            Notice::TemplateCategory(template::category(value))
        }
        "phone_number_quality_update" => Notice::NumberLimits(number::limits(value)),
        "phone_number_name_update" => Notice::NumberName(number::name(value)),
        "account_update" => Notice::Account(Box::new(account::change(value))),
        "account_alerts" => Notice::Alert(account::alert(value)),
        "account_review_update" => Notice::Review(account::review(value)),
        "business_capability_update" => Notice::Capability(number::capability(value)),
        "business_username_updates" => Notice::BusinessUsername(number::username(value)),
        "security" => Notice::Security(number::security(value)),
        "flows" => Notice::Flow(account::flow(value)),
        "partner_solutions" => Notice::Solution(account::solution(value)),
        "payment_configuration_update" => Notice::Payment(account::payment(value)),
        "messaging_handovers" => Notice::Handover(number::handover(value)),
        _ => return None,
    })
}

/// Whom a field is about that is about one customer as a whole.
pub(super) fn handed_over(field: &str, value: Node<'_>) -> Option<CustomerAliases> {
    (field == "messaging_handovers").then(|| number::customer_of_handover(value)).flatten()
}

/// Meta's word or id.
pub(super) fn token(node: Node<'_>) -> Option<Token> {
    opaque(node)
}

/// A count.
pub(super) fn count(node: Node<'_>) -> Option<u32> {
    node.whole_number().and_then(|number| u32::try_from(number).ok())
}

/// A time, which may be in the future, so that the moment at which it came says nothing of whether it can be believed.
fn moment(node: Node<'_>) -> Option<Timestamp> {
    let millis = node.whole_number()?.checked_mul(1_000)?;
    (millis > 0).then_some(Timestamp::from_millis(millis))
}

/// What `how` makes of an object; `None` where it is none.
fn object<'a, T>(how: impl FnOnce(Node<'a>) -> T) -> impl FnOnce(Node<'a>) -> Option<T> {
    |node| node.raw().is_some_and(|raw| raw.starts_with('{')).then(|| how(node))
}

/// What `how` makes of each of at most `max` objects of a list.
fn objects<'a, T>(max: usize, how: impl Fn(Node<'a>) -> T) -> impl FnOnce(Node<'a>) -> Vec<T> {
    move |node| {
        let objects = node.items_or_one().into_iter();
        objects.filter(|node| node.raw().is_some_and(|raw| raw.starts_with('{'))).take(max).map(how).collect()
    }
}
