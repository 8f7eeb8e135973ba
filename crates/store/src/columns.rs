//! Domain values as columns, and back, the same in both databases.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use waypost_domain::detail::{Line, Token};
use waypost_domain::{
    AssignedTo, CustomerId, ErrorDetail, KeyScope, MessageReaction, PhoneNumberId, Pricing, Reach, Reactor,
    Timestamp, Wording,
};

use crate::group::DatabaseError;

/// An error as it stands in a column, in JSON.
#[derive(Serialize, Deserialize)]
struct ErrorRow {
    code: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<String>,
}

/// The errors as a column: NULL for none.
pub(crate) fn errors_to_column(errors: &[ErrorDetail]) -> Option<String> {
    if errors.is_empty() {
        return None;
    }
    let rows: Vec<ErrorRow> = errors
        .iter()
        .map(|error| ErrorRow {
            code: error.code,
            title: error.title.clone(),
            details: error.details.clone(),
        })
        .collect();
    Some(serde_json::to_string(&rows).expect("numbers and strings can always be written as JSON"))
}

/// What [`errors_to_column`] wrote.
pub(crate) fn errors_from_column(column: Option<&str>) -> Result<Vec<ErrorDetail>, serde_json::Error> {
    let Some(column) = column else { return Ok(Vec::new()) };
    let rows: Vec<ErrorRow> = serde_json::from_str(column)?;
    Ok(rows
        .into_iter()
        .map(|row| ErrorDetail { code: row.code, title: row.title, details: row.details })
        .collect())
}

/// What a message costs as it stands in a column, in JSON with Meta's names.
#[derive(Serialize, Deserialize)]
struct PricingRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    billable: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pricing_model: Option<String>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    category: Option<String>,
}

/// The price as a column: NULL for none.
pub(crate) fn pricing_to_column(pricing: Option<&Pricing>) -> Option<String> {
    let text = |token: &Option<Token>| token.as_ref().map(|token| token.as_str().to_owned());
    let row = pricing.map(|pricing| PricingRow {
        billable: pricing.billable,
        pricing_model: text(&pricing.model),
        kind: text(&pricing.kind),
        category: text(&pricing.category),
    })?;
    Some(serde_json::to_string(&row).expect("strings can always be written as JSON"))
}

/// What [`pricing_to_column`] wrote, or an older version, which kept what Meta had sent.
pub(crate) fn pricing_from_column(column: Option<&str>) -> Result<Option<Pricing>, serde_json::Error> {
    let Some(column) = column else { return Ok(None) };
    let token = |text: Option<String>| text.and_then(|text| Token::parse(&text));
    let row: PricingRow = serde_json::from_str(column)?;
    Ok(Some(Pricing {
        billable: row.billable,
        model: token(row.pricing_model),
        kind: token(row.kind),
        category: token(row.category),
    }))
}

/// The reactions in a JSON array of reactor, emoji and time.
pub(crate) fn reactions_from_column(column: Option<&str>) -> Result<Vec<MessageReaction>, DatabaseError> {
    let rows: Vec<(String, String, i64)> = serde_json::from_str(column.unwrap_or("[]"))?;
    let reaction = |(by, emoji, at): (String, String, i64)| {
        let by = Reactor::parse(&by).ok_or(UnknownWord { column: "reactions.reactor" })?;
        Ok(MessageReaction { by, emoji: Line::parse(&emoji), at: Timestamp::from_millis(at) })
    };
    rows.into_iter().map(reaction).collect()
}

/// The edits in a JSON array of content and time.
pub(crate) fn wordings_from_column(column: Option<&str>) -> Result<Vec<Wording>, DatabaseError> {
    let rows: Vec<(String, i64)> = serde_json::from_str(column.unwrap_or("[]"))?;
    Ok(rows.into_iter().map(|(content, at)| Wording { content, at: Timestamp::from_millis(at) }).collect())
}

/// A text as a column: U+0000, which PostgreSQL refuses and C code cuts at, becomes U+FFFD.
pub(crate) fn text_to_column(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// What a key is good for, with a comma between two.
pub(crate) fn key_scopes_to_column(scopes: &[KeyScope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",")
}

/// What [`key_scopes_to_column`] wrote.
pub(crate) fn key_scopes_from_column(column: &str) -> Result<Vec<KeyScope>, UnknownWord> {
    if column.is_empty() {
        return Ok(Vec::new());
    }
    let scope = |word| KeyScope::parse(word).ok_or(UnknownWord { column: "api_keys.scopes" });
    column.split(',').map(scope).collect()
}

/// A reach as a parameter: `None` where it goes to everything. What it is limited to is in lists, in JSON; customers are
/// hexadecimal digits.
pub(crate) fn reach_to_column(reach: &Reach) -> Option<String> {
    #[derive(Serialize)]
    struct Lists<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        numbers: Option<Vec<&'a str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        customers: Option<Vec<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        agents: Option<Vec<&'a str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        teams: Option<Vec<&'a str>>,
    }
    let hex = |customer: &CustomerId| customer.to_bytes().iter().map(|byte| format!("{byte:02X}")).collect();
    if reach.is_everything() {
        return None;
    }
    let assigned = reach.assigned.as_ref();
    let (mut agents, mut teams) = (Vec::new(), Vec::new());
    for holder in assigned.into_iter().flatten() {
        match holder {
            AssignedTo::Agent(agent) => agents.push(agent.as_str()),
            AssignedTo::Team(team) => teams.push(team.as_str()),
        }
    }
    let lists = Lists {
        numbers: reach.numbers.as_ref().map(|numbers| numbers.iter().map(PhoneNumberId::as_str).collect()),
        customers: reach.customers.as_ref().map(|customers| customers.iter().map(hex).collect()),
        agents: assigned.map(|_| agents),
        teams: assigned.map(|_| teams),
    };
    Some(serde_json::to_string(&lists).expect("lists of texts can be written"))
}

/// The numbers that a key is good for as a column, in JSON.
pub(crate) fn key_numbers_to_column(numbers: &BTreeSet<PhoneNumberId>) -> String {
    let ids: Vec<&str> = numbers.iter().map(PhoneNumberId::as_str).collect();
    serde_json::to_string(&ids).expect("a list of texts can be written")
}

pub(crate) fn key_numbers_from_column(
    column: Option<&str>,
) -> Result<Option<BTreeSet<PhoneNumberId>>, DatabaseError> {
    let Some(column) = column else { return Ok(None) };
    let ids: Vec<String> = serde_json::from_str(column)?;
    let number = |id: &String| PhoneNumberId::parse(id).ok_or("api_keys.numbers has what is no id".into());
    ids.iter().map(number).collect::<Result<_, _>>().map(Some)
}

/// A key as a column: hexadecimal digits.
pub(crate) fn key_to_column(key: &[u8; 32]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What [`key_to_column`] wrote.
pub(crate) fn key_from_column(digits: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if digits.len() != 2 * key.len() {
        return None;
    }
    for (place, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(key)
}

/// A stored word that this version does not know.
#[derive(Debug, thiserror::Error)]
#[error("the column `{column}` holds a value that this version does not know")]
pub(crate) struct UnknownWord {
    pub(crate) column: &'static str,
}
