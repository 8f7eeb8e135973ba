//! The journal as the database has it: what clients must have been shown.

use serde_json::{Value, json};
use waypost_testkit::TestServer;

use crate::event::Event;
use crate::stored::Stored;

/// The scope of what the general room shows.
const ALL: &str = "all";

/// One event of the journal.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place.
    pub number: u64,
    /// Its place, `<epoch>.<number>.<check>`.
    pub offset: String,
    /// The event's name.
    pub name: String,
    /// To whom it is shown.
    pub scopes: Vec<String>,
    /// The event's body, without its offset.
    pub body: Value,
}

/// Some of the journal, in its order.
#[derive(Clone, Debug)]
pub struct Journal(Vec<Entry>);

impl Journal {
    /// All that the server has committed. It may be running or not.
    ///
    /// # Panics
    /// When there is no database.
    #[must_use]
    #[track_caller]
    pub fn of(server: &TestServer) -> Self {
        Self(Stored::by(server).journal())
    }

    /// What the general room shows.
    #[must_use]
    pub fn general(self) -> Self {
        self.only(|entry| entry.scopes.iter().any(|scope| scope == ALL))
    }

    /// What the room of a customer shows; `id` is ours.
    #[must_use]
    pub fn customer(self, id: &str) -> Self {
        let scope = format!("customer:{id}");
        self.only(|entry| entry.scopes.contains(&scope))
    }

    /// What is after an offset, such as that of a join; from the beginning where it is null.
    #[must_use]
    pub fn after(self, offset: &Value) -> Self {
        let number = number_of(offset);
        self.only(|entry| entry.number > number)
    }

    /// What is up to an offset, with it.
    #[must_use]
    pub fn up_to(self, offset: &Value) -> Self {
        let number = number_of(offset);
        self.only(|entry| entry.number <= number)
    }

    /// Its entries.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The offset of the oldest.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn first(&self) -> &str {
        &self.0.first().expect("the journal has an entry").offset
    }

    /// The offset of the newest.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn last(&self) -> &str {
        &self.0.last().expect("the journal has an entry").offset
    }

    /// A client was shown exactly this: each once, in order, with these bodies.
    ///
    /// # Panics
    /// When it was not: the message says what was missing or too much.
    #[track_caller]
    pub fn assert_shown(&self, shown: &[Event], who: &str) {
        let wanted: Vec<_> = self.0.iter().map(|entry| entry.number).collect();
        let numbers: Vec<_> = shown.iter().map(|event| number_of(&event.body()["offset"])).collect();
        if wanted != numbers {
            let missing: Vec<_> = wanted.iter().filter(|number| !numbers.contains(number)).collect();
            let too_many: Vec<_> = numbers.iter().filter(|number| !wanted.contains(number)).collect();
            let fallen: Vec<_> = numbers.windows(2).filter(|pair| pair[0] >= pair[1]).collect();
            panic!(
                "{who}: of {} entries {} were shown\nmissing: {missing:?}\nnot to be shown: {too_many:?}\n\
                 out of order, or again: {fallen:?}",
                wanted.len(),
                numbers.len()
            );
        }
        for (entry, event) in self.0.iter().zip(shown) {
            let mut body = entry.body.clone();
            body["offset"] = json!(entry.offset);
            assert_eq!((&event.name, event.body()), (&entry.name, &body), "{who}");
            if let Some(offset) = event.args.get(1) {
                assert_eq!(offset, &body["offset"], "{who}: the trailing offset is the body's");
            }
        }
    }

    fn only(self, keeps: impl Fn(&Entry) -> bool) -> Self {
        Self(self.0.into_iter().filter(keeps).collect())
    }
}

/// The number in an offset, `<epoch>.<number>.<check>`; 0 for null, the position before the first event.
///
/// # Panics
/// When it is neither.
#[must_use]
#[track_caller]
pub fn number_of(offset: &Value) -> u64 {
    if offset.is_null() {
        return 0;
    }
    let number =
        offset.as_str().and_then(|text| text.split('.').nth(1)).and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("no offset: {offset}"))
}
