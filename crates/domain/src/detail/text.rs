//! Text of somebody else's, within bounds.

use std::fmt;

/// Words for people, verbatim, cut after `CHARS_MAX` characters; never empty. `Debug` hides them: they are personal.
#[derive(Clone, PartialEq, Eq)]
pub struct Words<const CHARS_MAX: usize>(Box<str>);

/// A name, a title, a headline.
pub type Line = Words<1_024>;

/// A caption, a note, an address in full.
pub type Passage = Words<65_536>;

impl<const CHARS_MAX: usize> Words<CHARS_MAX> {
    /// The words as far as they fit; `None` where there are none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let end = text.char_indices().nth(CHARS_MAX).map_or(text.len(), |(end, _)| end);
        (!text.is_empty()).then(|| Self(text[..end].into()))
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const CHARS_MAX: usize> fmt::Debug for Words<CHARS_MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(hidden)")
    }
}

/// Text that means something to a program, verbatim, of 1 to `BYTES_MAX` bytes: cut, it would mean something else, so
/// a longer one is none. `Debug` hides it: a payload or a link may be personal.
#[derive(Clone, PartialEq, Eq)]
pub struct Opaque<const BYTES_MAX: usize>(Box<str>);

/// An id, a payload, a MIME type. Meta documents at most 256 characters for any of them.
pub type Token = Opaque<1_024>;

/// A URL.
pub type Link = Opaque<4_096>;

impl<const BYTES_MAX: usize> Opaque<BYTES_MAX> {
    /// `None` where the text is empty or too long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (1..=BYTES_MAX).contains(&text.len()).then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const BYTES_MAX: usize> fmt::Debug for Opaque<BYTES_MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opaque(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_between_characters() {
        for (text, expected) in
            [("", None), ("żó", Some("żó")), ("żółw", Some("żół")), ("\0\n", Some("\0\n"))]
        {
            assert_eq!(Words::<3>::parse(text).as_ref().map(Words::as_str), expected, "{text:?}");
        }
    }

    #[test]
    fn what_a_program_reads_is_whole_or_nothing() {
        for (text, expected) in [("", None), ("YES", Some("YES")), ("YES!", None), ("ż\n", Some("ż\n"))] {
            assert_eq!(Opaque::<3>::parse(text).as_ref().map(Opaque::as_str), expected, "{text:?}");
        }
    }

    #[test]
    fn neither_is_shown() {
        let shown = format!("{:?} {:?}", Line::parse("secret"), Token::parse("secret"));
        assert!(!shown.contains("secret"));
    }
}
