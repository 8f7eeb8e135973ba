//! Files that come with a message.

use std::fmt;

use super::text::{Line, Link, Passage, Token};

/// A file that came with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// What it is to a person.
    pub kind: MediaKind,
    /// WhatsApp's id, by which it can be fetched for seven days.
    pub id: Option<Token>,
    /// Where it can be fetched for five minutes.
    pub url: Option<Link>,
    /// Its type as the sender claims it, with parameters: not to be trusted.
    pub mime_type: Option<Token>,
    /// What its bytes are.
    pub sha256: Option<Sha256>,
    /// What the sender wrote under it.
    pub caption: Option<Passage>,
    /// What the sender calls it: never a path.
    pub filename: Option<Line>,
}

/// What a file is to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A sound file.
    Audio,
    /// A voice message.
    Voice,
    /// Any other file.
    Document,
    /// A sticker that does not move, or does not say so.
    Sticker,
    /// One that moves.
    AnimatedSticker,
}

/// The SHA-256 of a file. `Debug` hides it: it tells who has got the same file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// From its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

/// In hexadecimal.
impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256(hidden)")
    }
}
