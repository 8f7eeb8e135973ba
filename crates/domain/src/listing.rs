//! What is read page by page: which rows, from where on, how many; and what a row says beyond a message.

use crate::assignment::{Assignment, Responder};
use crate::change::MessageReaction;
use crate::customer::{CustomerName, canonical_beginning};
use crate::ids::{ConversationId, CustomerId, PhoneNumberId};
use crate::message::{ErrorDetail, Message};
use crate::pricing::Pricing;
use crate::status::Reported;
use crate::time::Timestamp;

/// How many rows a page may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u8);

impl PageSize {
    /// The most.
    pub const MAX: u8 = 100;

    /// `None` for anything but 1 to 100.
    #[must_use]
    pub fn new(rows: u32) -> Option<Self> {
        let rows = u8::try_from(rows).ok()?;
        (1..=Self::MAX).contains(&rows).then_some(Self(rows))
    }

    /// The number of rows.
    #[must_use]
    pub const fn rows(self) -> usize {
        self.0 as usize
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(50)
    }
}

/// Some rows of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether the list went on beyond them when they were read.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// The page out of rows that were read one further than `size`, to see whether there is more.
    #[must_use]
    pub fn out_of(mut rows: Vec<T>, size: PageSize) -> Self {
        let has_more = rows.len() > size.rows();
        rows.truncate(size.rows());
        Self { rows, has_more }
    }
}

/// A message's place in its thread: WhatsApp's time, then arrival. It never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ThreadPlace {
    /// The message's time.
    pub at: Timestamp,
    /// It rises with each message that is stored.
    pub arrival: i64,
}

/// Which messages of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadSpan {
    /// The newest.
    Newest,
    /// The nearest that stand before a place.
    Before(ThreadPlace),
    /// The nearest that stand after it.
    After(ThreadPlace),
}

/// What became of a message after it was shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aftermath {
    /// When the edit was made that counts; the message has its words.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted for everyone.
    pub revoked_at: Option<Timestamp>,
    /// The reactions that there are, the newest last.
    pub reactions: Vec<MessageReaction>,
}

/// The words of a message at some time.
#[derive(Clone, PartialEq, Eq)]
pub struct Wording {
    /// What a person would read.
    pub content: String,
    /// From when on.
    pub at: Timestamp,
}

impl std::fmt::Debug for Wording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wording").field("at", &self.at).finish_non_exhaustive()
    }
}

/// A message with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadRow {
    /// Its place.
    pub place: ThreadPlace,
    /// The message.
    pub message: Message,
    /// What became of it.
    pub aftermath: Aftermath,
}

/// One report of a message's status.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusHop {
    /// What came.
    pub reported: Reported,
    /// Who of a group it is about.
    pub participant: Option<Box<str>>,
    /// WhatsApp's time of it.
    pub at: Timestamp,
    /// What went wrong.
    pub errors: Vec<ErrorDetail>,
    /// What it costs, where that is said.
    pub pricing: Option<Pricing>,
}

/// A message with all that was reported of it, in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageHistory {
    /// The message.
    pub message: Message,
    /// What became of it.
    pub aftermath: Aftermath,
    /// All that it said, in order of time; empty where it was never edited.
    pub wordings: Vec<Wording>,
    /// The reports.
    pub hops: Vec<StatusHop>,
}

/// A conversation's place among all: its newest message's time, then its id. A message moves it towards the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConversationPlace {
    /// When something was written in it last.
    pub at: Timestamp,
    /// The conversation.
    pub id: ConversationId,
}

/// Which conversations: those that fit everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    /// With this business number.
    pub number: Option<PhoneNumberId>,
    /// Answered by this person or program.
    pub assignee: Option<Responder>,
    /// Answered by this team.
    pub team: Option<Responder>,
    /// With this customer.
    pub customer: Option<CustomerId>,
}

/// A conversation as it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Ours.
    pub id: ConversationId,
    /// Its customer.
    pub customer: CustomerId,
    /// What is shown as the customer's number.
    pub customer_number: Box<str>,
    /// The customer's profile name, where known.
    pub customer_name: Option<CustomerName>,
    /// Our number.
    pub number: PhoneNumberId,
    /// When something was written in it last; the beginning of time where nothing was yet.
    pub last_message_at: Timestamp,
    /// Its newest message; `None` where none was stored yet.
    pub last_message: Option<Box<ThreadRow>>,
    /// From when its window counts: see [`crate::window::Window::at`].
    pub opened_at: Option<Timestamp>,
    /// Our first answer in time to the newest referral that has one: see [`crate::window::free_until`].
    pub referral_answered_at: Option<Timestamp>,
    /// Who answers it.
    pub assignment: Assignment,
}

impl Conversation {
    /// Its place in the list.
    #[must_use]
    pub fn place(&self) -> ConversationPlace {
        ConversationPlace { at: self.last_message_at, id: self.id }
    }
}

/// The longest text that customers are searched by, in characters.
const SEARCH_CHARS_MAX: usize = 128;

/// What customers are searched by: how a name begins, or a number or another alias.
#[derive(Clone, PartialEq, Eq)]
pub struct CustomerSearch {
    name: Box<str>,
    aliases: Vec<Box<str>>,
}

impl CustomerSearch {
    /// `None` where nothing can begin so: an empty text, one over 128 characters, or one with a control character.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let usable =
            (1..=SEARCH_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        usable.then(|| Self { name: folded(text).into(), aliases: alias_beginnings(text) })
    }

    /// The same search, which finds nobody by an alias.
    #[must_use]
    pub fn by_name_alone(self) -> Self {
        Self { aliases: Vec::new(), ..self }
    }

    /// How a name begins, [`folded`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How an alias begins: in one way, or none, or two of which neither begins with the other, in their order.
    #[must_use]
    pub fn aliases(&self) -> &[Box<str>] {
        &self.aliases
    }
}

impl std::fmt::Debug for CustomerSearch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CustomerSearch(hidden)")
    }
}

/// A name as it is searched by: without the difference between capitals and small letters.
#[must_use]
pub fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// A number is shown as WhatsApp writes it, and kept in its canonical form.
fn alias_beginnings(text: &str) -> Vec<Box<str>> {
    let alias = as_alias(text);
    let mut beginnings = match canonical_beginning(&alias) {
        Some(canonical) if canonical.starts_with(&alias) => vec![alias],
        Some(canonical) if alias.starts_with(&canonical) => vec![canonical],
        Some(canonical) => vec![alias, canonical],
        None => vec![alias],
    };
    beginnings.sort();
    beginnings.into_iter().map(Into::into).collect()
}

/// The beginning of a phone number, in whatever way it is written, in digits; any other text as it is.
fn as_alias(text: &str) -> String {
    let digits: String =
        text.chars().filter(|c| !matches!(c, '+' | ' ' | '-' | '.' | '(' | ')' | '\u{a0}')).collect();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits } else { text.to_owned() }
}

/// Where among the customers that are found one stands: first those found by an alias, then those by their name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// By an alias. Without a search, all customers are.
    Alias,
    /// By the name alone.
    Name,
}

/// A customer's place in a list of customers. It stays the same while the name or the alias does that it was found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerPlace {
    /// By what it was found.
    pub found_by: FoundBy,
    /// The customer.
    pub id: CustomerId,
}

/// A customer in a list.
#[derive(Clone, PartialEq, Eq)]
pub struct CustomerRow {
    /// By what it was found.
    pub found_by: FoundBy,
    /// Ours.
    pub id: CustomerId,
    /// What is shown as the customer's number.
    pub number: Box<str>,
    /// The profile name, where known.
    pub name: Option<CustomerName>,
    /// When we met first.
    pub created_at: Timestamp,
}

impl CustomerRow {
    /// Its place.
    #[must_use]
    pub fn place(&self) -> CustomerPlace {
        CustomerPlace { found_by: self.found_by, id: self.id }
    }
}

crate::debug_shows! {
    StatusHop: reported at pricing;
    Conversation: id customer number last_message_at opened_at assignment;
    CustomerRow: id created_at;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_whether_there_is_more() {
        let size = PageSize::new(2).unwrap();
        assert_eq!(Page::out_of(vec![1, 2, 3], size), Page { rows: vec![1, 2], has_more: true });
        assert_eq!(Page::out_of(vec![1, 2], size), Page { rows: vec![1, 2], has_more: false });
        for rows in [0, 101, u32::MAX] {
            assert_eq!(PageSize::new(rows), None);
        }
    }

    #[test]
    fn a_number_is_searched_by_its_digits_and_a_name_by_its_letters() {
        for (text, name, alias) in [
            ("+1 (555) 000", "+1 (555) 000", "1555000"),
            ("ÁNA ", "ána", "ÁNA"),
            ("US.700", "us.700", "US.700"),
            ("-", "-", "-"),
        ] {
            let search = CustomerSearch::parse(text).unwrap();
            assert_eq!((search.name(), search.aliases()), (name, &[alias.into()][..]), "{text}");
        }
        for (text, aliases) in [
            // Shown without the ninth digit of Brazil, kept with it.
            ("551187650001", &["551187650001", "5511987650001"][..]),
            ("+55 (11) 8765", &["55118765", "551198765"]),
            ("5511987", &["5511987", "55119987"]),
            ("55119", &["55119"]),
            ("5511", &["5511"]),
            ("55113456", &["55113456"]),
            ("5511987650001", &["5511987650001"]),
            // Shown with the 1 of Mexico, kept without it.
            ("5215512340001", &["5215512340001", "525512340001"]),
            ("+52 1 55 1234", &["521551234", "52551234"]),
            ("521", &["52"]),
            ("52155123400011", &["52155123400011"]),
        ] {
            let search = CustomerSearch::parse(text).unwrap();
            let found: Vec<&str> = search.aliases().iter().map(AsRef::as_ref).collect();
            assert_eq!(found, aliases, "{text}");
        }
        for text in ["", "  ", "a\0b", &"x".repeat(129)] {
            assert_eq!(CustomerSearch::parse(text), None, "{text:?}");
        }
    }
}
