//! What a message is in detail, beyond its readable content: one closed set of what its type can say, and what may
//! stand beside any type.
//!
//! Whatever WhatsApp left out, or sent in a form that cannot be used, is `None` here: a broken detail never costs the
//! message, whose item keeps what was sent. All text is bounded (`Words`, `Opaque`) and hidden from `Debug`: it is
//! personal. What an order or a card has more than its limit of is left to the item, too.

mod card;
mod commerce;
mod media;
mod place;
mod reply;
mod text;

use crate::call::Call;
use crate::customer::{Alias, CustomerAliases, CustomerName};
use crate::ids::Wamid;
use crate::message::{MessageType, RawJson};
use crate::outbox::LinkPreview;
use crate::time::Timestamp;

pub use card::{Card, CardEmail, CardOrigin, CardPhone};
pub use commerce::{Order, OrderLine, Price, Product, Promotion, Referral, ReferralSource};
pub use media::{Media, MediaKind, Sha256};
pub use place::{Degrees, Location, Point};
pub use reply::{CallPermission, Permanence, PermissionAnswer, PermissionSource, Reply};
pub use text::{Line, Link, Opaque, Passage, Token, Words};

/// A message in detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// What its type says.
    pub typed: Typed,
    /// What it refers to, and how it got here.
    pub context: Context,
    /// The advertisement or post that made the customer write.
    pub referral: Option<Box<Referral>>,
    /// Who of a group wrote it.
    pub participant: Option<Box<Participant>>,
}

impl Detail {
    /// A plain text: nothing beside its words.
    #[must_use]
    pub fn text() -> Self {
        let typed = Typed::Text(Text::default());
        Self { typed, context: Context::default(), referral: None, participant: None }
    }
}

/// What the type of a message says, by type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// `text`. Its words are the message's content.
    Text(Text),
    /// `image`, `video`, `audio`, `document` or `sticker`.
    Media(Box<Media>),
    /// `location`.
    Location(Box<Location>),
    /// `contacts`: cards that were shared, at most [`Card::COUNT_MAX`].
    Contacts(Vec<Card>),
    /// `interactive`: the answer to a question of ours.
    Reply(Box<Reply>),
    /// `button`: a template's quick reply was tapped.
    QuickReply(QuickReply),
    /// `reaction`.
    Reaction(Reaction),
    /// `order`.
    Order(Box<Order>),
    /// `system`: something happened to the customer's account.
    System(Box<System>),
    /// `edit`: another message has other words now.
    Edit(Edit),
    /// `revoke`: another message was deleted for everyone.
    Revoke(Revoke),
    /// `unsupported`, formerly `unknown`: WhatsApp does not hand it out. The reasons are the message's errors.
    Unsupported(Unsupported),
    /// `request_welcome`: the customer opened the chat for the first time. WhatsApp tells it no more.
    RequestWelcome,
    /// `media_placeholder`: a file of an old chat, which may come later.
    MediaPlaceholder,
    /// `call`: one side called the other.
    Call(Call),
    /// A type that is not known here.
    Unknown(MessageType),
}

/// A text, beyond its words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Whether its first link is shown with a preview, where that is said.
    pub preview: Option<LinkPreview>,
    /// Whether its item says more than the message.
    pub item: Item,
}

/// What the item of a text says beyond the message that was read out of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Item {
    /// Nothing.
    #[default]
    Told,
    /// What is nowhere else: it is shown beside the message, as that of any other type is.
    SaysMore,
}

/// A template's button was tapped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuickReply {
    /// What stands on the button.
    pub text: Option<Line>,
    /// What whoever sent the template gave the button to mean.
    pub payload: Option<Token>,
}

/// A reaction to another message. A person has at most one to each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reaction {
    /// The message that it is about.
    pub target: Option<Wamid>,
    /// The emoji, of one code point or several; `None` where the reaction was taken back.
    pub emoji: Option<Line>,
}

/// A message has other words now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// The message that it is about, which may not have come yet.
    pub target: Option<Wamid>,
    /// The message as it is now; never an edit itself. Its words are the content of the edit. Without it nothing is changed.
    pub edited: Option<Box<Typed>>,
    /// The item, where what the message is now has a type that is not known here: it is to be understood later.
    pub raw: Option<RawJson>,
}

/// A message was deleted for everyone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revoke {
    /// The message that it is about, which may not have come yet.
    pub target: Option<Wamid>,
}

/// A message that WhatsApp does not hand out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsupported {
    /// What it is (`poll_creation`, `pin`, …), where WhatsApp says so.
    pub kind: Option<MessageType>,
}

/// Something that happened to the customer's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// What.
    pub change: SystemChange,
    /// The names by which the customer goes from now on, as far as WhatsApp tells them.
    pub now: Option<CustomerAliases>,
    /// The identity's hash, where its change is what happened.
    pub identity: Option<Token>,
    /// When the identity changed.
    pub identity_at: Option<Timestamp>,
}

/// What happened to a customer's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemChange {
    /// `user_changed_number`.
    Number,
    /// `user_changed_user_id`: a new phone number brought a new BSUID.
    UserId,
    /// `customer_identity_changed`: the keys of the encryption are others now.
    Identity,
    /// Something that is not known here, by WhatsApp's word, or nothing at all.
    Other(Option<MessageType>),
}

/// What a message refers to, and how it got here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Who wrote the message that it quotes: the customer, or the business number.
    pub quoted_author: Option<Alias>,
    /// Whether it was forwarded.
    pub forwarded: Option<Forwarded>,
    /// The product that the customer asks about.
    pub product: Option<Product>,
}

/// How often a message was forwarded before it came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarded {
    /// Up to five times.
    Seldom,
    /// More than five times (`frequently_forwarded`).
    Frequently,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// The names by which WhatsApp speaks of the member.
    pub aliases: CustomerAliases,
    /// The member's profile name, where given.
    pub name: Option<CustomerName>,
}

impl Participant {
    /// Whether both are one person: of the names that both have, the one that decides first says so.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let both = |own: &Alias| Some(own.canonical() == other.aliases.of_kind(own.kind)?.canonical());
        self.aliases.iter().find_map(both).unwrap_or_default()
    }
}
