//! An event as a client's handler gets it.

use serde_json::Value;

/// The names of the events that carry an offset.
const JOURNAL: [&str; 7] = [
    "whatsappMessage",
    "whatsappMessageStatus",
    "whatsappOutbox",
    "whatsappEvent",
    "whatsappCustomerUpdated",
    "whatsappConversation",
    "whatsappAccess",
];

/// An event as a client's handler gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub args: Vec<Value>,
}

impl Event {
    /// Whether it is of those that carry an offset.
    #[must_use]
    pub fn is_of_journal(&self) -> bool {
        JOURNAL.contains(&self.name.as_str())
    }

    /// The first argument.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn body(&self) -> &Value {
        self.args.first().expect("an event has a body")
    }

    /// A text member of the body, empty where it is missing.
    #[must_use]
    pub fn text(&self, member: &str) -> &str {
        self.body()[member].as_str().unwrap_or_default()
    }

    /// WhatsApp's id of the message that it is about.
    #[must_use]
    pub fn wamid(&self) -> &str {
        self.text("whatsappMessageId")
    }

    /// The number in its offset, `<epoch>.<number>.<check>`, which must be the same in body and trailing argument.
    ///
    /// # Panics
    /// When the two differ, or there is none.
    #[must_use]
    #[track_caller]
    pub fn offset_number(&self) -> u64 {
        assert_eq!(self.args.len(), 2, "a journal event has its body and its offset: {self:?}");
        assert_eq!(self.args[1], self.body()["offset"], "the trailing offset is the body's");
        let text = self.args[1].as_str().expect("an offset is a string");
        let number = text.split('.').nth(1).and_then(|number| number.parse().ok());
        number.unwrap_or_else(|| panic!("no number in the offset {text:?}"))
    }
}
