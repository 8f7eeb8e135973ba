//! Customers, and the aliases under which WhatsApp speaks of them.

use std::borrow::Cow;
use std::fmt;

use crate::ids::CustomerId;

/// What kind of name an alias is (Meta's "business-scoped user ids" page).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AliasKind {
    /// A business-scoped user id, for example `US.7…`.
    Bsuid,
    /// The BSUID of an enrolled parent portfolio.
    ParentBsuid,
    /// A phone number or `wa_id`, in digits.
    Phone,
    /// A WhatsApp group: the "customer" is the group.
    Group,
    /// The name that another system of the operator's gave ([`ExternalId`]). WhatsApp does not know it.
    External,
}

impl AliasKind {
    const ALL: [Self; 5] = [Self::Bsuid, Self::ParentBsuid, Self::Phone, Self::Group, Self::External];

    /// The kind that [`Self::as_str`] names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The word under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bsuid => "bsuid",
            Self::ParentBsuid => "parent_bsuid",
            Self::Phone => "phone",
            Self::Group => "group",
            Self::External => "external",
        }
    }
}

/// One name of a customer. `Debug` hides the value: it is personal.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Alias {
    /// What kind of name.
    pub kind: AliasKind,
    /// The name: digits for a phone, otherwise opaque.
    pub value: Box<str>,
}

/// The longest alias that is kept, in bytes. A BSUID has at most 136.
const ALIAS_BYTES_MAX: usize = 256;

impl Alias {
    /// An alias, or `None` where `value` cannot be one: empty, too long, with control characters, or a phone
    /// number that has anything but digits (one leading `+` is taken off).
    #[must_use]
    pub fn parse(kind: AliasKind, value: &str) -> Option<Self> {
        if kind == AliasKind::External {
            return ExternalId::parse(value).map(|id| id.alias());
        }
        let value = if kind == AliasKind::Phone { value.strip_prefix('+').unwrap_or(value) } else { value };
        let usable = !value.is_empty()
            && value.len() <= ALIAS_BYTES_MAX
            && !value.chars().any(|c| c.is_control() || c.is_whitespace())
            && (kind != AliasKind::Phone || value.bytes().all(|byte| byte.is_ascii_digit()));
        usable.then(|| Self { kind, value: value.into() })
    }

    /// A phone number as people write it: digits with an optional plus, spaces, hyphens, dots and brackets. `None` for
    /// anything but 7 to 15 digits: E.164 allows 15, and fewer than 7 are no number in international form.
    #[must_use]
    pub fn dialled(text: &str) -> Option<Self> {
        let is_filler = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}');
        let digits: String = text.chars().filter(|c| !is_filler(*c)).collect();
        Self::parse(AliasKind::Phone, &digits).filter(|alias| (7..=15).contains(&alias.value.len()))
    }

    /// The names under which somebody may wait for whoever comes to hold this one: see [`awaited_name`].
    #[must_use]
    pub fn awaited_as(&self) -> Vec<Box<str>> {
        let bare = awaited_name(&self.value);
        match self.kind {
            AliasKind::External => vec![bare, format!("{}{}", ExternalId::PREFIX, self.value).into()],
            _ => vec![bare],
        }
    }

    /// The alias in the one form by which it is looked up. A phone number has one form too few in two countries:
    /// WhatsApp goes on writing mobiles of Brazil without the ninth digit that people dial, and those of Mexico with a 1
    /// that nobody dials any more (Meta's pages call it an "extra added prefix").
    #[must_use]
    pub fn canonical(&self) -> Cow<'_, Self> {
        match (self.kind, canonical_phone(&self.value)) {
            (AliasKind::Phone, Some(value)) => Cow::Owned(Self { kind: self.kind, value: value.into() }),
            _ => Cow::Borrowed(self),
        }
    }
}

/// The name under which a room waits for a customer that is asked for by `name`.
#[must_use]
pub fn awaited_name(name: &str) -> Box<str> {
    Alias::dialled(name).map_or_else(|| name.into(), |phone| phone.canonical().into_owned().value)
}

/// The canonical form of a phone number, where it is another one.
fn canonical_phone(digits: &str) -> Option<String> {
    let whole = if digits.starts_with("521") { 13 } else { 12 };
    canonical_beginning(digits).filter(|_| digits.len() == whole)
}

/// How the canonical form begins of a phone number that begins with these digits, where it has another form.
pub(crate) fn canonical_beginning(digits: &str) -> Option<String> {
    if let Some(number) = digits.strip_prefix("521") {
        return (number.len() <= 10).then(|| format!("52{number}"));
    }
    let ("55", national) = digits.split_at_checked(2)? else { return None };
    let (area, number) = national.split_at_checked(2)?;
    // Landlines begin with 2 to 5, and have eight digits for good.
    let is_old_mobile = number.len() <= 8 && number.starts_with(['6', '7', '8', '9']);
    is_old_mobile.then(|| format!("55{area}9{number}"))
}

impl fmt::Debug for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:hidden", self.kind.as_str())
    }
}

/// The aliases that one webhook item gave for its customer: at most one of a kind, at least one in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerAliases(Vec<Alias>);

impl CustomerAliases {
    /// The usable ones among `aliases`, the one that decides first (a group, then a BSUID, its parent, a phone). What
    /// WhatsApp does not know is none of them. `None` where there is none.
    #[must_use]
    pub fn new(aliases: impl IntoIterator<Item = Alias>) -> Option<Self> {
        let is_whatsapps = |alias: &Alias| alias.kind != AliasKind::External;
        let mut aliases: Vec<Alias> = aliases.into_iter().filter(is_whatsapps).collect();
        if let Some(group) = aliases.iter().position(|alias| alias.kind == AliasKind::Group) {
            // In a group the customer is the group; its participant is somebody else.
            aliases = vec![aliases.swap_remove(group)];
        }
        aliases.sort_by_key(|alias| alias.kind);
        aliases.dedup_by_key(|alias| alias.kind);
        (!aliases.is_empty()).then_some(Self(aliases))
    }

    /// All of them, the one that decides first.
    pub fn iter(&self) -> impl Iterator<Item = &Alias> {
        self.0.iter()
    }

    /// The alias of one kind.
    #[must_use]
    pub fn of_kind(&self, kind: AliasKind) -> Option<&Alias> {
        self.0.iter().find(|alias| alias.kind == kind)
    }

    /// What is shown as the customer's number: the phone in digits, else the BSUID, else the group. Never empty.
    #[must_use]
    pub fn shown_number(&self) -> &str {
        let shown = self.of_kind(AliasKind::Phone).unwrap_or(&self.0[0]);
        &shown.value
    }
}

/// What the operator's own system calls a customer: unique, of 1 to 128 characters. `Debug` hides it: it may be personal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ExternalId(Box<str>);

impl ExternalId {
    /// The most characters.
    pub const CHARS_MAX: usize = 128;

    /// What comes before it where any name of a customer may stand, so that it cannot be taken for one of another kind.
    pub const PREFIX: &'static str = "ext:";

    /// `None` for a text that is empty or too long, has a control character or white space at its ends, or would be
    /// taken for something else where any name may stand: one of our own ids, or one that has the prefix already.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let usable = !text.is_empty()
            && text.chars().count() <= Self::CHARS_MAX
            && !text.chars().any(char::is_control)
            && text.trim() == text
            && !text.starts_with(Self::PREFIX)
            && text.parse::<CustomerId>().is_err();
        usable.then(|| Self(text.into()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as one of the customer's names.
    #[must_use]
    pub fn alias(&self) -> Alias {
        Alias { kind: AliasKind::External, value: self.0.clone() }
    }
}

impl fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalId(hidden)")
    }
}

/// The longest username that is kept, in bytes. WhatsApp allows 35.
const USERNAME_BYTES_MAX: usize = 128;

/// The name by which somebody can be found in WhatsApp. It is shown and never a key: its owner may give it up, and somebody
/// else take it.
#[derive(Clone, PartialEq, Eq)]
pub struct Username(Box<str>);

impl Username {
    /// `None` for a text that is empty, too long, or has white space or a character that does not show.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let usable = (1..=USERNAME_BYTES_MAX).contains(&text.len())
            && !text.chars().any(|c| c.is_whitespace() || is_unprintable(c));
        usable.then(|| Self(text.into()))
    }

    /// The name, without an `@`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Username(hidden)")
    }
}

/// The longest customer name that is kept, in characters. WhatsApp allows 25.
const NAME_CHARS_MAX: usize = 256;

/// A customer's profile name, as they chose it: any Unicode but control characters, at most 256 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct CustomerName(Box<str>);

impl CustomerName {
    /// The name with control and bidirectional override characters taken out and cut to the limit, or `None`
    /// where nothing is left.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name: String = text.chars().filter(|c| !is_unprintable(*c)).take(NAME_CHARS_MAX).collect();
        let name = name.trim();
        (!name.is_empty()).then(|| Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CustomerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerName(hidden)")
    }
}

/// Control characters, and those that turn the direction of the text around them (U+202A–U+202E, U+2066–U+2069).
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(kind: AliasKind, value: &str) -> Alias {
        Alias::parse(kind, value).unwrap()
    }

    #[test]
    fn a_phone_is_digits() {
        assert_eq!(alias(AliasKind::Phone, "+15550002001"), alias(AliasKind::Phone, "15550002001"));
        for text in ["", "+", "1 555", "call me", &"1".repeat(1000)] {
            assert_eq!(Alias::parse(AliasKind::Phone, text), None, "{text}");
        }
    }

    #[test]
    fn phone_numbers_are_taken_as_people_write_them() {
        for text in ["+1 (555) 000-2001", "15550002001", " +1.555.000.2001 "] {
            assert_eq!(&*Alias::dialled(text).unwrap().value, "15550002001", "{text}");
        }
        for text in ["", "call me", "12", "1234567890123456", "cus_01", "US.70000000000000002001"] {
            assert!(Alias::dialled(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_number_that_has_two_forms_has_one_canonical_form() {
        let canonical = |digits: &str| alias(AliasKind::Phone, digits).canonical().value.to_string();
        for (one, other) in [
            // Brazil, with and without the ninth digit.
            ("5511987654321", "551187654321"),
            ("5521961234567", "552161234567"),
            // Mexico, without and with the 1.
            ("525512345678", "5215512345678"),
        ] {
            assert_eq!(canonical(one), canonical(other), "{one}");
            assert_eq!(canonical(&canonical(other)), canonical(other), "{one}");
        }
        for digits in [
            // A landline of Brazil: one digit more is somebody else.
            "551134567890",
            "5511934567890",
            // Too short, too long, elsewhere.
            "55118765432",
            "55119876543210",
            "52155123456789",
            "15550002001",
            "5",
        ] {
            assert_eq!(canonical(digits), digits);
        }
        let bsuid = alias(AliasKind::Bsuid, "551187654321");
        assert_eq!(*bsuid.canonical(), bsuid);
    }

    #[test]
    fn an_external_id_cannot_be_taken_for_another_name() {
        for text in ["crm 42", "15550002001", "ąę", &"x".repeat(128)] {
            assert!(ExternalId::parse(text).is_some(), "{text}");
        }
        let ours = CustomerId::from_bytes([1; 16]).to_string();
        for text in ["", " 42", "42\n", "ext:42", &ours, &"x".repeat(129)] {
            assert!(ExternalId::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_deciding_alias_is_first_and_the_number_is_shown() {
        let aliases = CustomerAliases::new([
            alias(AliasKind::Phone, "15550002001"),
            alias(AliasKind::Bsuid, "US.70000000000000002001"),
        ])
        .unwrap();
        assert_eq!(aliases.iter().next().unwrap().kind, AliasKind::Bsuid);
        assert_eq!(aliases.shown_number(), "15550002001");
    }

    #[test]
    fn a_group_hides_its_participant() {
        let aliases =
            CustomerAliases::new([alias(AliasKind::Phone, "15550002001"), alias(AliasKind::Group, "g1")])
                .unwrap();
        assert_eq!(aliases.iter().count(), 1);
        assert_eq!(aliases.shown_number(), "g1");
    }

    #[test]
    fn a_hostile_name_is_cleaned_and_bounded() {
        let name = CustomerName::parse("\u{1b}[31mAna\u{202e} Ruiz\0").unwrap();
        assert_eq!(name.as_str(), "[31mAna Ruiz");
        assert_eq!(CustomerName::parse(&"x".repeat(200_000)).unwrap().as_str().len(), NAME_CHARS_MAX);
        assert_eq!(CustomerName::parse("\n\t "), None);
    }
}
