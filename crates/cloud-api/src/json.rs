//! JSON that is looked into piece by piece: a [`Node`] is a member that nobody has read yet.
//!
//! Stepping over a node checks its syntax without recursion (`RawValue`), so nesting costs no stack, and whatever is
//! wrong inside concerns nobody who does not look inside.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// One JSON value as it came, or nothing where the member is missing.
#[derive(Clone, Copy, Default)]
pub(crate) struct Node<'a>(Option<&'a RawValue>);

impl<'a> Node<'a> {
    /// The JSON text; `None` where the member is missing.
    pub(crate) fn raw(self) -> Option<&'a str> {
        self.0.map(RawValue::get)
    }

    /// Whether the member is there at all, even as `null`.
    pub(crate) fn is_there(self) -> bool {
        self.0.is_some()
    }

    /// Whether it is missing or `null`.
    pub(crate) fn is_null(self) -> bool {
        matches!(self.raw(), None | Some("null"))
    }

    /// A string that is not empty. `null`, other types and texts that no UTF-8 can write are `None`.
    pub(crate) fn string(self) -> Option<Cow<'a, str>> {
        decoded(self.raw()?).filter(|text| !text.is_empty())
    }

    /// Whether it is a string, which may be empty, and every character of it can be written.
    pub(crate) fn is_string(self) -> bool {
        self.raw().and_then(decoded).is_some()
    }

    /// Like [`Self::string`]; a number counts as the text of its digits. For ids and times.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        self.number().map(Cow::Borrowed).or_else(|| self.string())
    }

    /// What a person can read of a string or a number: half a surrogate pair becomes U+FFFD; may be empty.
    pub(crate) fn readable(self) -> Option<Cow<'a, str>> {
        let raw = self.raw()?;
        self.number().map(Cow::Borrowed).or_else(|| decoded(raw)).or_else(|| mended(raw).map(Cow::Owned))
    }

    /// Whether it is `true`.
    pub(crate) fn is_true(self) -> bool {
        self.raw() == Some("true")
    }

    /// Whether it is `false`.
    pub(crate) fn is_false(self) -> bool {
        self.raw() == Some("false")
    }

    /// A whole number, also out of a string or with a fraction, which is cut off.
    pub(crate) fn whole_number(self) -> Option<i64> {
        let text = self.text()?;
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        fraction.bytes().all(|byte| byte.is_ascii_digit()).then(|| whole.parse().ok())?
    }

    /// The items of a list; `None` where it is none.
    pub(crate) fn items(self) -> Option<Vec<Self>> {
        let raw = self.raw().filter(|raw| raw.starts_with('['))?;
        serde_json::from_str(raw).ok()
    }

    /// Whether it is a list of one item. No more than two items are looked at.
    pub(crate) fn holds_one(self) -> bool {
        struct One;

        impl<'de> Visitor<'de> for One {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of one item")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
                let first = items.next_element::<&RawValue>()?;
                match (first, items.next_element::<&RawValue>()?) {
                    (Some(_), None) => Ok(()),
                    _ => Err(A::Error::custom("it has none, or more")),
                }
            }
        }

        self.raw().is_some_and(|raw| serde_json::Deserializer::from_str(raw).deserialize_seq(One).is_ok())
    }

    /// The items of a list, or the one object that stands where a list is usual.
    pub(crate) fn items_or_one(self) -> Vec<Self> {
        if self.raw().is_some_and(|raw| raw.starts_with('{')) {
            return vec![self];
        }
        self.items().unwrap_or_default()
    }

    /// The members of an object that `T` knows; `None` where it is no object.
    pub(crate) fn object<T: Shape<'a>>(self) -> Option<T> {
        parse_object(self.raw()?).ok().flatten()
    }

    fn number(self) -> Option<&'a str> {
        self.raw().filter(|raw| raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Node<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw)))
    }
}

/// The string that a JSON text is, without a copy where it has no escapes.
fn decoded(raw: &str) -> Option<Cow<'_, str>> {
    let inside = raw.strip_prefix('"')?.strip_suffix('"')?;
    if !inside.contains('\\') {
        return Some(Cow::Borrowed(inside));
    }
    serde_json::from_str(raw).ok().map(Cow::Owned)
}

/// A string with halves of surrogate pairs, each of them replaced.
fn mended(raw: &str) -> Option<String> {
    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }
    }

    if !raw.starts_with('"') {
        return None;
    }
    // Asked for bytes, serde_json writes half a pair the way UTF-8 would if it could: ED A0..BF 80..BF.
    let mut bytes = serde_json::Deserializer::from_str(raw).deserialize_bytes(Bytes).ok()?;
    for at in 0..bytes.len().saturating_sub(2) {
        if bytes[at] == 0xed && bytes[at + 1] >= 0xa0 {
            bytes[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
    }
    String::from_utf8(bytes).ok()
}

/// An object of which some members are known.
pub(crate) trait Shape<'a>: Default {
    /// Keeps the member, if it is a known one, and counts it. Called again for a member that comes twice: the last one is kept.
    fn put(&mut self, key: &str, node: Node<'a>);
}

/// Defines a shape: a struct with a [`Node`] for each known member, and how many members say anything, known or not.
macro_rules! shape {
    ($(#[$doc:meta])* $name:ident { $($field:ident = $key:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: $crate::json::Node<'a>,)*
            /// How many members there are that are not `null`; one that comes twice counts twice.
            pub(crate) told: usize,
        }

        impl<'a> $crate::json::Shape<'a> for $name<'a> {
            fn put(&mut self, key: &str, node: $crate::json::Node<'a>) {
                self.told += usize::from(!node.is_null());
                match key {
                    $($key => self.$field = node,)*
                    _unknown => {}
                }
            }
        }
    };
}
pub(crate) use shape;

/// Reads a JSON text: `Ok(None)` where it is JSON, but no object.
pub(crate) fn parse_object<'a, T: Shape<'a>>(json: &'a str) -> Result<Option<T>, serde_json::Error> {
    if json.trim_ascii_start().starts_with('{') {
        return serde_json::from_str::<Object<T>>(json).map(|object| Some(object.0));
    }
    serde_json::from_str::<&RawValue>(json).map(|_| None)
}

struct Object<T>(T);

impl<'de, T: Shape<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Shape<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Object<T>, A::Error> {
                let mut object = T::default();
                // The key is raw, too: one that cannot be decoded is an unknown one, not an error.
                while let Some((key, node)) = members.next_entry::<&RawValue, Node<'de>>()? {
                    object.put(&decoded(key.get()).unwrap_or_default(), node);
                }
                Ok(Object(object))
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}
