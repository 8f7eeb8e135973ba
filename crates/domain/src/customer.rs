//! Customers, and the aliases under which WhatsApp speaks of them.

use std::fmt;

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
}

impl AliasKind {
    const ALL: [Self; 4] = [Self::Bsuid, Self::ParentBsuid, Self::Phone, Self::Group];

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
    /// The usable ones among `aliases`, the one that decides first (a group, then a BSUID, its parent, a phone).
    /// `None` where there is none.
    #[must_use]
    pub fn new(aliases: impl IntoIterator<Item = Alias>) -> Option<Self> {
        let mut aliases: Vec<Alias> = aliases.into_iter().collect();
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
