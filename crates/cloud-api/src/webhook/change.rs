//! The way down from an entry to its items: what is broken on the way becomes a dead letter, the rest goes on.

use std::fmt::Display;

use waypost_domain::{
    DeadLetter, DeadLetterKind, Fact, FieldReport, PhoneNumberId, RawJson, Source, Timestamp, WabaId,
};

use super::contacts::Contacts;
use super::message::{Flaw, Surroundings, message};
use super::status::status;
use crate::json::Node;
use crate::shapes::{Change, Entry, HistoryChunk, Metadata, Value};

/// The longest name of a field that is kept, in characters.
const FIELD_CHARS_MAX: usize = 64;

/// The facts of the changes that were read so far.
pub(super) struct Changes {
    received: Timestamp,
    facts: Vec<Fact>,
    /// How many of `facts` are dead letters of something above the items.
    unusable: usize,
    /// Whether any change was well-formed, though it may have been empty.
    understood: bool,
}

/// Where a change stands.
#[derive(Clone, Copy)]
struct Place {
    entry: usize,
    change: usize,
}

impl Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "entry[{}].changes[{}]", self.entry, self.change)
    }
}

/// The lists of items that a value may hold.
#[derive(Clone, Copy)]
enum List {
    Messages,
    Statuses,
    Echoes,
}

impl List {
    const fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Statuses => "statuses",
            Self::Echoes => "message_echoes",
        }
    }

    fn of<'a>(self, value: &Value<'a>) -> Node<'a> {
        match self {
            Self::Messages => value.messages,
            Self::Statuses => value.statuses,
            Self::Echoes => value.message_echoes,
        }
    }
}

impl Changes {
    pub(super) fn new(received: Timestamp) -> Self {
        Self { received, facts: Vec::new(), unusable: 0, understood: false }
    }

    /// The facts; `None` where nothing was a change at all, so that the body as a whole is the better dead letter.
    pub(super) fn into_facts(self) -> Option<Vec<Fact>> {
        (self.understood || self.facts.len() > self.unusable).then_some(self.facts)
    }

    /// Reads one entry: the changes of one account.
    pub(super) fn read_entry(&mut self, index: usize, node: Node<'_>) {
        let Some(entry) = node.object::<Entry<'_>>() else {
            return self.unusable(format!("entry[{index}]: no object"), node);
        };
        let Some(changes) = entry.changes.items() else {
            return self.unusable(format!("entry[{index}].changes: missing or no list"), node);
        };
        let waba = entry.id.text().and_then(|id| WabaId::parse(&id));
        for (change, node) in changes.into_iter().enumerate() {
            self.read_change(Place { entry: index, change }, waba.as_ref(), node);
        }
    }

    fn read_change(&mut self, place: Place, waba: Option<&WabaId>, change_node: Node<'_>) {
        let Some(change) = change_node.object::<Change<'_>>() else {
            return self.unusable(format!("{place}: no object"), change_node);
        };
        let Some(value) = change.value.object::<Value<'_>>() else {
            return self.unusable(format!("{place}.value: missing or no object"), change_node);
        };
        let field = change.field.string();
        let lists: &[List] = match field.as_deref() {
            Some("messages") => &[List::Messages, List::Statuses],
            Some("smb_message_echoes") => &[List::Echoes],
            // Without a usable name, what the value holds tells what it is.
            None if value.messages.items().is_some() || value.statuses.items().is_some() => {
                &[List::Messages, List::Statuses]
            }
            None => return self.unusable(format!("{place}.field: missing or no text"), change_node),
            Some("history") if !holds_history(&value) => {
                return self.unusable(format!("{place}.value.history: missing or empty"), change_node);
            }
            Some(_) => &[],
        };
        let field = field.as_deref().unwrap_or("messages");
        let number = || business_number(&value).ok();
        if lists.is_empty() {
            self.understood = true;
            let raw = change.value.raw().unwrap_or_default().to_owned();
            return self.facts.push(report(field, number(), waba, raw));
        }
        let mut present = 0;
        for list in lists {
            let node = list.of(&value);
            if let Some(items) = node.items() {
                self.understood = true;
                self.read_items(&Items { place, list: *list, waba, value: &value }, items);
            } else if !node.is_null() {
                self.unusable(format!("{place}.value.{}: no list", list.name()), change_node);
            }
            present += usize::from(node.is_there());
        }
        // A value that holds none of its lists says nothing; one that holds `null` instead is no webhook of Meta's.
        self.understood |= present == 0;
        if let Some(raw) = leftovers(change.value, &value, lists) {
            self.facts.push(report(field, number(), waba, raw));
        }
    }

    fn read_items(&mut self, list: &Items<'_, '_>, items: Vec<Node<'_>>) {
        let around = business_number(list.value).map(|number| Surroundings {
            number,
            waba: list.waba.cloned(),
            contacts: Contacts::read(list.value.contacts),
            received: self.received,
        });
        for (index, node) in items.into_iter().enumerate() {
            let fact = match &around {
                Err(flaw) => Err(flaw.at(format!("{}.value.metadata", list.place))),
                Ok(around) => match list.list {
                    List::Messages => {
                        message(node, Source::Customer, around).map(Box::new).map(Fact::Message)
                    }
                    List::Echoes => message(node, Source::PhoneApp, around).map(Box::new).map(Fact::Message),
                    List::Statuses => status(node, around).map(Box::new).map(Fact::Status),
                }
                .map_err(|flaw| flaw.at(format!("{}.value.{}[{index}]", list.place, list.list.name()))),
            };
            self.facts.push(fact.unwrap_or_else(|reason| Fact::Dead(dead_item(reason, node))));
        }
    }

    /// Notes something above the items that cannot be read.
    fn unusable(&mut self, reason: String, node: Node<'_>) {
        self.unusable += 1;
        self.facts.push(Fact::Dead(dead_item(reason, node)));
    }
}

/// A list of items, and where it stands.
struct Items<'v, 'a> {
    place: Place,
    list: List,
    waba: Option<&'v WabaId>,
    value: &'v Value<'a>,
}

fn dead_item(reason: String, node: Node<'_>) -> DeadLetter {
    DeadLetter { kind: DeadLetterKind::Item, reason, raw: node.raw().unwrap_or_default().into() }
}

/// The business number that a value names; the handover fields have `recipient` in place of `metadata`.
fn business_number(value: &Value<'_>) -> Result<PhoneNumberId, Flaw> {
    let holder = if value.metadata.is_there() { value.metadata } else { value.recipient };
    let id = holder.object::<Metadata<'_>>().unwrap_or_default().phone_number_id;
    id.text().and_then(|id| PhoneNumberId::parse(&id)).ok_or_else(|| Flaw::of("phone_number_id", id))
}

/// Whether the value of a `history` change holds anything: chats, the reason why there are none, or late media.
fn holds_history(value: &Value<'_>) -> bool {
    let chunks = value.history.items_or_one();
    let told = chunks.into_iter().filter_map(Node::object).any(|chunk: HistoryChunk<'_>| {
        chunk.threads.items().is_some() || !chunk.errors.items_or_one().is_empty()
    });
    told || value.messages.items().is_some() || value.message_echoes.items().is_some()
}

fn report(field: &str, number: Option<PhoneNumberId>, waba: Option<&WabaId>, raw: String) -> Fact {
    let field: String = field.chars().filter(|c| !c.is_control()).take(FIELD_CHARS_MAX).collect();
    let (field, waba, raw) = (field.into(), waba.cloned(), RawJson::new(raw));
    Fact::Field(Box::new(FieldReport { field, number, waba, raw }))
}

/// What a value says beside its items: errors of the number, and clicks on links. They are reported with the whole
/// value where it holds nothing else, and by themselves beside items, which are facts already.
fn leftovers(raw: Node<'_>, value: &Value<'_>, lists: &[List]) -> Option<String> {
    let parts: Vec<String> = [("errors", value.errors), ("user_actions", value.user_actions)]
        .into_iter()
        .filter(|(_, node)| !node.items_or_one().is_empty())
        .filter_map(|(name, node)| Some(format!("\"{name}\":{}", node.raw()?)))
        .collect();
    if parts.is_empty() {
        return None;
    }
    let alone = lists.iter().all(|list| list.of(value).items().is_none_or(|items| items.is_empty()));
    if alone { raw.raw().map(str::to_owned) } else { Some(format!("{{{}}}", parts.join(","))) }
}
