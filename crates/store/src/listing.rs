//! What is read page by page, for whoever shows it: conversations, their messages, customers.
//!
//! A page goes on from a place in an order that has an index, never from a number of rows: what comes meanwhile moves
//! nothing that is still to be read. Each page is one look at the database.

use waypost_domain::window::ANSWER_WITHIN_MS;
use waypost_domain::{
    Conversation, ConversationFilter, ConversationId, ConversationPlace, CustomerId, CustomerPlace,
    CustomerRow, CustomerSearch, Message, MessageHistory, MessageId, Page, PageSize, Reach, ThreadRow,
    ThreadSpan, Wording,
};

use crate::error::ReadError;
use crate::store::Store;

/// A part of the list of conversations.
#[derive(Clone, Debug)]
pub struct ConversationRequest {
    /// Which.
    pub filter: ConversationFilter,
    /// Those that stand below this place; from the top where left out.
    pub before: Option<ConversationPlace>,
    /// How many at most.
    pub size: PageSize,
}

/// A part of a thread.
#[derive(Clone, Copy, Debug)]
pub struct ThreadRequest {
    /// Whose.
    pub conversation: ConversationId,
    /// Which part.
    pub span: ThreadSpan,
    /// How many at most.
    pub size: PageSize,
}

/// A part of the list of customers.
#[derive(Clone, Debug)]
pub struct CustomerRequest {
    /// Who fits; everybody where left out, the newest first.
    pub search: Option<CustomerSearch>,
    /// Those that come after this place.
    pub after: Option<CustomerPlace>,
    /// How many at most.
    pub size: PageSize,
}

/// What the older reads ask for: the newest messages, the newest first.
#[derive(Clone, Copy, Debug)]
pub struct RecentRequest {
    /// Of this customer; of all where left out.
    pub customer: Option<CustomerId>,
    /// How much of each conversation.
    pub depth: Depth,
    /// Whether what was cleared is shown.
    pub cleared: Cleared,
}

/// How much of each conversation is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Its newest message.
    Newest,
    /// Whatever is new.
    All,
}

/// Whether what was cleared is shown: see [`Store::clear`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleared {
    /// It is.
    Shown,
    /// It is not.
    Hidden,
}

/// How many messages the older reads give at most.
pub(crate) const RECENT_MAX: i64 = 50;

impl Store {
    /// Conversations within a reach, those first in which something was written last.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn conversations(
        &self,
        request: ConversationRequest,
        reach: Reach,
    ) -> Result<Page<Conversation>, ReadError> {
        self.back.conversations(request, self.with_families(reach).await?).await
    }

    /// One conversation; `None` where there is no such one.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, ReadError> {
        self.back.conversation(id).await
    }

    /// Messages of a thread in its order, the oldest first, whatever span they are of. Nothing that changes another
    /// message is among them.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn thread(&self, request: ThreadRequest) -> Result<Page<ThreadRow>, ReadError> {
        let mut page = self.back.thread(request).await?;
        if !matches!(request.span, ThreadSpan::After(_)) {
            page.rows.reverse();
        }
        Ok(page)
    }

    /// A message and what was reported of it; `None` where there is no such one.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn message_history(&self, id: MessageId) -> Result<Option<MessageHistory>, ReadError> {
        self.back.message_history(id).await
    }

    /// The newest messages within a reach, the newest first: 50 at most, out of the 50 conversations in which something was written
    /// last.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn recent_messages(
        &self,
        request: RecentRequest,
        reach: Reach,
    ) -> Result<Vec<ThreadRow>, ReadError> {
        self.back.recent_messages(request, self.with_families(reach).await?).await
    }

    /// Customers within a reach: those who fit by an alias in the order of those, then those who fit by name in the order of
    /// names; all,
    /// where nothing is searched, the newest first.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn customers(
        &self,
        request: CustomerRequest,
        reach: Reach,
    ) -> Result<Page<CustomerRow>, ReadError> {
        self.back.customers(request, self.with_families(reach).await?).await
    }

    /// A reach with all who are one just now with its customers: a conversation is kept with whose it was when it began.
    async fn with_families(&self, reach: Reach) -> Result<Reach, ReadError> {
        let Some(customers) = reach.customers else { return Ok(reach) };
        let families = self.families(customers.iter().copied().collect()).await?;
        let customers = families.into_values().flatten().chain(customers).collect();
        Ok(Reach { customers: Some(customers), ..reach })
    }
}

/// What the customer `u` is shown as: of those who are one the phone that came to be shown last, as the appends show it.
macro_rules! shown_number {
    () => {
        "coalesce((
             SELECT f.number FROM merges g JOIN customers f ON f.id = g.customer
             WHERE g.survivor = u.id AND trim(f.number, '0123456789') = ''
                 AND (f.number_since > u.number_since OR trim(u.number, '0123456789') <> '')
             ORDER BY f.number_since DESC, f.id LIMIT 1), u.number)"
    };
}

/// A column of the customer `u`, or of the first that has it of those who are one with them.
macro_rules! of_family {
    ($column:literal) => {
        concat!(
            "coalesce(u.",
            $column,
            ", (SELECT f.",
            $column,
            " FROM merges g JOIN customers f ON f.id = g.customer WHERE g.survivor = u.id AND f.",
            $column,
            " IS NOT NULL ORDER BY g.customer LIMIT 1))"
        )
    };
}

/// What both back ends read of the customer `u`, who goes on for all who are one with them.
pub(crate) const CUSTOMER: &str = concat!(
    "u.id, ",
    shown_number!(),
    ", ",
    of_family!("name"),
    ", coalesce((
         SELECT min(f.created_at) FROM merges g JOIN customers f ON f.id = g.customer
         WHERE g.survivor = u.id AND f.created_at < u.created_at), u.created_at)"
);

/// The username of the customer `u`.
pub(crate) const USERNAME: &str = of_family!("username");

/// Customers out of the row source `from`, which names them `u`.
///
/// What `within` says of the customer `u` holds for all of them; `from` ends with its conditions and an order.
pub(crate) fn customer_query(from: &str, within: &str) -> String {
    let (conditions, order) = from.rsplit_once(" ORDER BY ").unwrap_or((from, "1"));
    format!("SELECT {CUSTOMER} {conditions} AND {within} ORDER BY {order}")
}

/// What both back ends read of a message: `m`, with its conversation `c`, the customer `u` and our number `n`.
pub(crate) const MESSAGE: &str = concat!(
    "m.seq, m.id, m.wamid, m.conversation, u.id, ",
    shown_number!(),
    ", ",
    of_family!("name"),
    ", n.phone_number_id,
     m.source, m.type, m.content, m.state, m.at, m.sent_at, m.delivered_at, m.read_at, m.played_at, m.failed_at,
     m.errors, m.reply_to, m.raw, m.outbox, m.metadata, m.media, ",
    of_family!("username")
);

/// As many columns as [`MESSAGE`] has; then comes what became of the message.
pub(crate) const MESSAGE_COLUMNS: usize = 25;

/// All that a message said, from what was read of it: its first words, where it was edited, and the edits'.
pub(crate) fn wordings(message: &Message, original: Option<String>, edits: Vec<Wording>) -> Vec<Wording> {
    let first = original.map(|content| Wording { content, at: message.at });
    first.into_iter().chain(edits).collect()
}

/// What they read of a conversation `c` itself. The window is that of all threads which those who are one have with the
/// number: what one wrote there opens it, whichever thread is answered in.
pub(crate) const CONVERSATION: &str = concat!(
    "c.id, u.id, ",
    shown_number!(),
    ", ",
    of_family!("name"),
    ", n.phone_number_id, c.last_message_at, (
         SELECT max(w.last_inbound_at) FROM conversations w WHERE w.number = c.number AND w.customer IN (
             SELECT u.id UNION ALL SELECT g.customer FROM merges g WHERE g.survivor = u.id)),
     c.assignee, c.team"
);

/// As many columns as [`CONVERSATION`] has; then comes [`referral_answered`], then [`MESSAGE`] and what became of it.
pub(crate) const CONVERSATION_COLUMNS: usize = 9;

/// Joins what [`MESSAGE`] and [`CONVERSATION`] need beside `c`. A customer who was merged is who it is now.
pub(crate) const PARTIES: &str = "JOIN customers u
         ON u.id = coalesce((SELECT survivor FROM merges WHERE customer = c.customer), c.customer)
     JOIN numbers n ON n.id = c.number";

/// Whether a conversation `c` is of the customer in a parameter, or of whoever is one with that customer.
pub(crate) fn is_of(parameter: &str) -> String {
    let now = format!("coalesce((SELECT survivor FROM merges WHERE customer = {parameter}), {parameter})");
    format!("c.customer IN (SELECT {now} UNION ALL SELECT customer FROM merges WHERE survivor = {now})")
}

/// Whether `s` is a message of its own, not a change of another.
pub(crate) const IS_MESSAGE: &str = "s.type NOT IN ('reaction', 'edit', 'revoke')";

/// When we first answered the newest referral of `c` that has an answer in time. What the owner wrote on the phone does
/// not count: it is not billed, and no page of Meta's says that it opens a free entry point.
pub(crate) fn referral_answered() -> String {
    format!(
        "(SELECT max((
             SELECT min(a.at) FROM messages a WHERE a.conversation = r.conversation
                 AND a.at BETWEEN r.at AND r.at + {ANSWER_WITHIN_MS} AND a.source = 'api' AND a.state <> 'failed'
         )) FROM referrals r WHERE r.conversation = c.id)"
    )
}

/// By which of a filter's parts conversations are found; the others are looked at one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Customer,
    Assignee,
    Team,
    Number,
    /// All of them, number by number.
    Nothing,
    /// All that are assigned to somebody within a reach.
    Holders,
    /// All with the customers within a reach.
    People,
}

impl Key {
    /// The part of which there are fewest. Of what many have, somebody may see but a few.
    pub(crate) fn of(filter: &ConversationFilter, reach: &Reach) -> Self {
        match (filter, Self::within(reach)) {
            (ConversationFilter { customer: Some(_), .. }, _) => Self::Customer,
            (_, narrow @ (Self::Holders | Self::People)) => narrow,
            (ConversationFilter { assignee: Some(_), .. }, _) => Self::Assignee,
            (ConversationFilter { team: Some(_), .. }, _) => Self::Team,
            (ConversationFilter { number: Some(_), .. }, _) => Self::Number,
            (ConversationFilter { number: None, assignee: None, team: None, customer: None }, all) => all,
        }
    }
}

impl Key {
    /// By what all conversations within a reach are found.
    pub(crate) fn within(reach: &Reach) -> Self {
        match reach {
            Reach { assigned: Some(_), .. } => Self::Holders,
            Reach { customers: Some(_), .. } => Self::People,
            Reach { assigned: None, customers: None, .. } => Self::Nothing,
        }
    }
}

/// Above every place: the list begins at its top.
pub(crate) fn top(before: Option<ConversationPlace>) -> (i64, [u8; 16]) {
    before.map_or((i64::MAX, [u8::MAX; 16]), |place| (place.at.as_millis(), place.id.to_bytes()))
}

/// The first text after all that begin with `beginning`, in the order of bytes.
pub(crate) fn end_of(beginning: &str) -> String {
    format!("{beginning}{}", char::MAX)
}

/// The aliases from one up to another.
#[derive(Default)]
pub(crate) struct AliasRange {
    pub(crate) from: String,
    pub(crate) until: String,
}

/// An alias' place among all.
#[derive(Clone, Default)]
pub(crate) struct AliasKey {
    pub(crate) value: String,
    pub(crate) kind: String,
    pub(crate) scope: i64,
}

/// A name's place among all: the name, [`folded`](waypost_domain::folded), and whose it is.
pub(crate) type NameKey = (String, Vec<u8>);

impl AliasRange {
    /// After what place the rest of the range begins, where all up to `last` is done with.
    pub(crate) fn go_on_after(&self, last: Option<&AliasKey>) -> AliasKey {
        let last = last.filter(|last| last.value >= self.from);
        last.cloned().unwrap_or_else(|| AliasKey { value: self.from.clone(), ..AliasKey::default() })
    }
}

/// What a search finds of the aliases, in their order. The second is empty where nothing is found in two ways.
pub(crate) fn alias_ranges(search: &CustomerSearch) -> [AliasRange; 2] {
    let mut ranges = search
        .aliases()
        .iter()
        .map(|beginning| AliasRange { from: beginning.to_string(), until: end_of(beginning) });
    [ranges.next().unwrap_or_default(), ranges.next().unwrap_or_default()]
}

waypost_domain::debug_shows! {
    AliasRange:;
    AliasKey: kind scope;
}
