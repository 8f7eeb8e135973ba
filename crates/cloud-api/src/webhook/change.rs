//! The way down from an entry to its items: what is broken on the way becomes a dead letter, the rest goes on.

use std::fmt::{self, Display};

use waypost_domain::{DeadLetterKind, Fact, FieldReport, Notice, PhoneNumberId, RawJson, Timestamp, WabaId};

use super::around::EntryMembers;
use super::broken::Broken;
use super::contacts::Contacts;
use super::errors::{Beside, number_errors};
use super::item::{Items, List};
use super::message::{Flaw, Surroundings, time};
use super::notice::{handed_over, notice};
use super::past::{Thread, holds_history, past_message, progress};
use super::reading::Reading;
use super::ties::owners;
use super::{Foreign, Parsed, Signed, TEST_FIELD};
use crate::json::Node;
use crate::shapes::{Change, Entry, HistoryChunk, HistoryThread, Metadata, Value, WabaInfo};

/// The longest name of a field that is kept, in characters.
const FIELD_CHARS_MAX: usize = 64;

/// The account that the dashboard's test names. No account of Meta's has this id.
const TEST_ACCOUNT: &str = "0";

/// The facts of the changes that were read so far.
pub(super) struct Changes<'s> {
    received: Timestamp,
    signed: Option<Signed<'s>>,
    foreign: Vec<Foreign>,
    facts: Vec<Fact>,
    broken: Broken,
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry[{}].changes[{}]", self.entry, self.change)
    }
}

/// What the changes of an entry have in common.
struct Account<'a> {
    waba: Option<WabaId>,
    members: EntryMembers<'a>,
    told_at: Option<Timestamp>,
}

/// A change, opened.
struct Scene<'v, 'a> {
    place: Place,
    field: &'v str,
    account: &'v Account<'a>,
    /// The account that it is about, which is not always the entry's.
    waba: Option<&'v WabaId>,
    field_node: Node<'a>,
    value: Value<'a>,
    /// The value as it came.
    value_node: Node<'a>,
    /// The change as it came.
    change_node: Node<'a>,
}

impl<'s> Changes<'s> {
    pub(super) fn new(received: Timestamp, signed: Option<Signed<'s>>) -> Self {
        let (facts, foreign) = (Vec::new(), Vec::new());
        Self { received, signed, foreign, facts, broken: Broken::default(), understood: false }
    }

    /// The facts; `None` where nothing was a change at all, so that the body as a whole is the better dead letter.
    pub(super) fn into_parsed(mut self) -> Option<Parsed> {
        self.facts.extend(self.broken.into_rest());
        self.understood.then_some(Parsed { facts: self.facts, foreign: self.foreign })
    }

    /// Reads one entry: the changes of one account.
    pub(super) fn read_entry(&mut self, index: usize, node: Node<'_>) {
        let Some(entry) = node.object::<Entry<'_>>() else {
            return self.bury(|| format!("entry[{index}]: no object"), node, EntryMembers::around_entry);
        };
        let Some(changes) = entry.changes.items() else {
            let reason = || format!("entry[{index}].changes: missing or no list");
            return self.bury(reason, node, EntryMembers::around_entry);
        };
        let account = Account {
            waba: entry.id.text().and_then(|id| WabaId::parse(&id)),
            told_at: time(entry.time, self.received),
            members: EntryMembers { id: entry.id, time: entry.time },
        };
        let is_test = entry.id.text().is_some_and(|id| id == TEST_ACCOUNT);
        if is_test {
            return self.tell_test(node);
        }
        for (change, node) in changes.into_iter().enumerate() {
            self.read_change(Place { entry: index, change }, &account, node);
        }
    }

    /// Somebody pressed "Test" at Meta. Each press is told.
    fn tell_test(&mut self, entry_node: Node<'_>) {
        self.tell(Fact::Field(Box::new(FieldReport {
            field: TEST_FIELD.into(),
            number: None,
            waba: None,
            customer: None,
            notice: None,
            ties: Vec::new(),
            told_at: Some(self.received),
            raw: RawJson::new(entry_node.raw().unwrap_or_default()),
        })));
    }

    fn read_change<'a>(&mut self, place: Place, account: &Account<'a>, change_node: Node<'a>) {
        let around = || account.members.around_change();
        let Some(change) = change_node.object::<Change<'_>>() else {
            return self.bury(|| format!("{place}: no object"), change_node, around);
        };
        let field = change.field.string();
        let is_anything = || change.value.is_there() && field.as_deref().is_some_and(Reading::is_unknown);
        let Some(value) = change.value.object().or_else(|| is_anything().then(Value::default)) else {
            return self.bury(|| format!("{place}.value: missing or no object"), change_node, around);
        };
        if self.is_foreign(place, account, (&value, change_node)) {
            return;
        }
        // Without a usable name, what the value holds tells what it is.
        let holds_messages = || value.messages.items().is_some() || value.statuses.items().is_some();
        let Some(field) = field.as_deref().or_else(|| holds_messages().then_some("messages")) else {
            return self.bury(|| format!("{place}.field: missing or no text"), change_node, around);
        };
        let field_node = change.field;
        let waba = waba(field, account, &value);
        let waba = waba.as_ref();
        let value_node = change.value;
        let scene = Scene { place, field, account, waba, field_node, value, value_node, change_node };
        match Reading::of(field) {
            Reading::Messages(lists) => self.read_messages(&scene, lists),
            Reading::History => self.read_history(&scene),
            Reading::Lists(lists) => self.read_lists(&scene, lists),
            Reading::Standby => self.read_standby(&scene),
            Reading::Whole => self.report_whole(&scene),
        }
    }

    /// Keeps a change apart that is not for the signer to say; whether it is one.
    fn is_foreign<'a>(
        &mut self,
        place: Place,
        account: &Account<'a>,
        (value, change_node): (&Value<'a>, Node<'a>),
    ) -> bool {
        let Some(signed) = self.signed else { return false };
        let Ok(number) = business_number(value) else { return false };
        let Some(kind) = signed.claims.foreign(signed.app, &number, account.waba.as_ref()) else {
            return false;
        };
        let reason = || format!("{place}: for a number that is claimed for another app or account");
        let letter = self.broken.bury((kind, reason), change_node, || account.members.around_change());
        self.facts.extend(letter);
        self.understood = true;
        match self.foreign.iter_mut().find(|foreign| foreign.kind == kind && foreign.number == number) {
            Some(foreign) => foreign.changes += 1,
            None => self.foreign.push(Foreign { kind, number, waba: account.waba.clone(), changes: 1 }),
        }
        true
    }

    /// Messages and their statuses, and what may stand beside them.
    fn read_messages(&mut self, scene: &Scene<'_, '_>, lists: &[List]) {
        let mut present = 0;
        let first = self.facts.len();
        let items = scene.items(self.received);
        for list in lists {
            self.read_list(scene, *list, &items);
            present += usize::from(list.of(&scene.value).is_there());
        }
        // A value that holds none of its lists says nothing; one that holds `null` instead is no webhook of Meta's.
        self.understood |= present == 0;
        if scene.value.user_actions.items().is_some() {
            self.read_list(scene, List::UserActions, &items);
        }
        let is_empty = |list: &List| list.of(&scene.value).items().is_none_or(|items| items.is_empty());
        let beside = if lists.iter().all(is_empty) {
            Beside::Nothing(scene.value_node)
        } else {
            Beside::Items(&self.facts[first..])
        };
        if let Some((raw, notice)) = number_errors(scene.value.errors, beside) {
            self.tell(items.report_of(raw, None, Some(notice)));
        }
    }

    /// Lists of items; where there is none of them, the value as a whole is told.
    fn read_lists(&mut self, scene: &Scene<'_, '_>, lists: &[List]) {
        if lists.iter().all(|list| list.of(&scene.value).is_null()) {
            return self.report_whole(scene);
        }
        let items = scene.items(self.received);
        for list in lists {
            self.read_list(scene, *list, &items);
        }
    }

    /// Copies of what another app deals with.
    fn read_standby(&mut self, scene: &Scene<'_, '_>) {
        let Some(copies) = scene.value.standby.object::<Value<'_>>() else {
            return self.report_whole(scene);
        };
        let value = Value { metadata: scene.value.metadata, recipient: scene.value.recipient, ..copies };
        let scene = Scene { value, ..*scene };
        self.read_lists(&scene, &[List::StandbyMessages, List::StandbyEchoes, List::StandbyStatuses]);
    }

    fn read_list(&mut self, scene: &Scene<'_, '_>, list: List, items: &Items<'_, '_>) {
        let (node, place) = (list.of(&scene.value), scene.place);
        let Some(nodes) = node.items() else {
            if !node.is_null() {
                let reason = || format!("{place}.value.{}: no list", list.name());
                self.bury(reason, scene.change_node, || scene.account.members.around_change());
            }
            return;
        };
        self.understood = true;
        for (index, node) in nodes.into_iter().enumerate() {
            match items.fact(list, node) {
                Ok(fact) => self.facts.push(fact),
                Err(flaw) => {
                    let path = || match (&items.around, flaw) {
                        (Err(flaw), _) => flaw.at(format!("{place}.value.metadata")),
                        (Ok(_), flaw) => flaw.at(format!("{place}.value.{}[{index}]", list.name())),
                    };
                    self.bury(path, node, || scene.around_item(list.name()));
                }
            }
        }
    }

    /// Old chats, how far the sharing is, or pictures that come after their chats.
    fn read_history(&mut self, scene: &Scene<'_, '_>) {
        let place = scene.place;
        if !holds_history(&scene.value) {
            let reason = || format!("{place}.value.history: missing or empty");
            return self.bury(reason, scene.change_node, || scene.account.members.around_change());
        }
        let items = scene.items(self.received);
        for (index, node) in scene.value.history.items_or_one().into_iter().enumerate() {
            let path = format!("{place}.value.history[{index}]");
            let Some(chunk) = node.object::<HistoryChunk<'_>>() else {
                self.bury(|| path + ": no object", node, || scene.around_item("history"));
                continue;
            };
            if let Some((progress, raw)) = progress(&chunk) {
                let notice = Notice::History(progress);
                self.tell(items.report_of(RawJson::new(raw), None, Some(notice)));
            }
            match chunk.threads.items() {
                Some(threads) => self.read_threads(scene, &items, (&path, threads)),
                None if chunk.threads.is_null() => {}
                None => self.bury(|| path + ".threads: no list", node, || scene.around_item("history")),
            }
        }
        self.read_list(scene, List::PastMessages, &items);
        self.read_list(scene, List::PastEchoes, &items);
    }

    fn read_threads(
        &mut self,
        scene: &Scene<'_, '_>,
        items: &Items<'_, '_>,
        (path, threads): (&str, Vec<Node<'_>>),
    ) {
        self.understood = true;
        for (index, node) in threads.into_iter().enumerate() {
            let path = || format!("{path}.threads[{index}]");
            let Some(fields) = node.object::<HistoryThread<'_>>() else {
                self.bury(|| path() + ": no object", node, || scene.around_thread());
                continue;
            };
            let Some(messages) = fields.messages.items() else {
                let reason = || path() + ".messages: missing or no list";
                self.bury(reason, node, || scene.around_thread());
                continue;
            };
            let thread = Thread::of(&fields, scene.value.metadata);
            for (message, node) in messages.into_iter().enumerate() {
                let past = match &items.around {
                    Ok(around) => past_message(node, &thread, around),
                    Err(flaw) => Err(*flaw),
                };
                match past {
                    Ok(past) => self.facts.push(Fact::Past(Box::new(past))),
                    Err(flaw) if items.around.is_err() => {
                        let reason = || flaw.at(format!("{}.value.metadata", scene.place));
                        self.bury(reason, node, || scene.around_past(&fields));
                    }
                    Err(flaw) => {
                        let reason = || flaw.at(format!("{}.messages[{message}]", path()));
                        self.bury(reason, node, || scene.around_past(&fields));
                    }
                }
            }
        }
    }

    /// A value that is about one thing, or about something that is not known here.
    fn report_whole(&mut self, scene: &Scene<'_, '_>) {
        let items = scene.items(self.received);
        let raw = RawJson::new(scene.value_node.raw().unwrap_or_default());
        let notice = notice(scene.field, scene.value_node);
        let customer = handed_over(scene.field, scene.value_node);
        let ties = owners(scene.field, &scene.value);
        self.tell(Fact::Field(Box::new(FieldReport { ties, ..items.field_report(raw, customer, notice) })));
    }

    fn tell(&mut self, report: Fact) {
        self.understood = true;
        self.facts.push(report);
    }

    /// Keeps what cannot be read.
    fn bury(&mut self, reason: impl FnOnce() -> String, node: Node<'_>, around: impl FnOnce() -> RawJson) {
        self.facts.extend(self.broken.bury((DeadLetterKind::Item, reason), node, around));
    }
}

impl<'a> Scene<'_, 'a> {
    fn around_item(&self, list: &str) -> RawJson {
        self.account.members.around_item(self.field_node, &self.value, list)
    }

    fn around_thread(&self) -> RawJson {
        self.account.members.around_thread(self.field_node, &self.value)
    }

    fn around_past(&self, thread: &HistoryThread<'_>) -> RawJson {
        self.account.members.around_past(self.field_node, &self.value, thread)
    }

    fn items(&self, received: Timestamp) -> Items<'_, 'a> {
        Items {
            field: clean_name(self.field),
            waba: self.waba,
            told_at: self.account.told_at,
            received,
            around: business_number(&self.value).map(|number| Surroundings {
                number,
                waba: self.waba.cloned(),
                contacts: Contacts::read(&self.value),
                received,
            }),
        }
    }
}

/// The account that a change is about. Of what partners do, the entry names the business portfolio.
fn waba(field: &str, account: &Account<'_>, value: &Value<'_>) -> Option<WabaId> {
    let is_partners = || value.event.string().is_some_and(|event| event.starts_with("PARTNER_"));
    match field {
        "partner_solutions" => None,
        "account_update" if is_partners() => {
            WabaId::parse(&value.waba_info.object::<WabaInfo<'_>>()?.waba_id.text()?)
        }
        _ => account.waba.clone(),
    }
}

/// The business number that a value names; the handover fields have `recipient` in place of `metadata`.
fn business_number(value: &Value<'_>) -> Result<PhoneNumberId, Flaw> {
    let holder = if value.metadata.is_there() { value.metadata } else { value.recipient };
    let id = holder.object::<Metadata<'_>>().unwrap_or_default().phone_number_id;
    id.text().and_then(|id| PhoneNumberId::parse(&id)).ok_or_else(|| Flaw::of("phone_number_id", id))
}

/// The name of a field without control characters, cut to the limit.
fn clean_name(field: &str) -> Box<str> {
    field.chars().filter(|c| !c.is_control()).take(FIELD_CHARS_MAX).collect()
}
