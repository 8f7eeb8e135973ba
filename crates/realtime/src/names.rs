//! What things are called here: scopes, rooms, offsets, and the ids of sockets and sessions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;
use std::fmt;
use std::sync::Arc;

/// What an event is published to. Opaque here; the server's policy gives it a meaning.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(Arc<str>);

/// The name under which a socket asked for events; it stands for a set of scopes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Room(Arc<str>);

impl Scope {
    /// A scope of this name.
    pub fn new(name: impl Into<Arc<str>>) -> Scope {
        Scope(name.into())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Room {
    /// A room of this name.
    pub fn new(name: impl Into<Arc<str>>) -> Room {
        Room(name.into())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A position in the journal: its number, which orders, and the text that clients keep and send back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offset {
    /// Rises by 1 from event to event; the first is 1.
    pub number: u64,
    /// As clients see it. Printable ASCII without quotes or backslashes.
    pub text: Arc<str>,
}

/// The Socket.IO id of one socket (one namespace of one connection), shown as 20 characters. It is not secret, and
/// never the Engine.IO `sid`, which is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SocketId(Address<10>);

/// The Engine.IO session id, shown as 27 characters. Who knows it may speak for the session, so it is never logged.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sid(Address<15>);

/// Where something lives, and enough randomness that nobody guesses it or meets a later tenant of the place.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Address<const RANDOM: usize> {
    shard: u8,
    slot: u32,
    random: [u8; RANDOM],
}

impl<const RANDOM: usize> Address<RANDOM> {
    fn draw(shard: u8, slot: u32, rng: &mut impl Rng) -> Address<RANDOM> {
        let mut random = [0; RANDOM];
        rng.fill_bytes(&mut random);
        Address { shard, slot, random }
    }

    fn text(&self) -> String {
        let mut bytes = Vec::with_capacity(5 + RANDOM);
        bytes.push(self.shard);
        bytes.extend(self.slot.to_le_bytes());
        bytes.extend(self.random);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

impl SocketId {
    pub(crate) fn draw(shard: u8, slot: u32, rng: &mut impl Rng) -> SocketId {
        SocketId(Address::draw(shard, slot, rng))
    }

    pub(crate) fn shard(&self) -> usize {
        usize::from(self.0.shard)
    }

    /// Its place in the shard's table of sockets.
    pub(crate) fn slot(&self) -> usize {
        self.0.slot as usize
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.text())
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SocketId({self})")
    }
}

impl Sid {
    pub(crate) fn draw(shard: u8, slot: u32, rng: &mut impl Rng) -> Sid {
        Sid(Address::draw(shard, slot, rng))
    }

    /// The `sid` parameter of a request; `None` if it is none that this server gave out.
    pub(crate) fn parse(text: &str) -> Option<Sid> {
        let mut bytes = [0; 20];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        if length != bytes.len() {
            return None;
        }
        let [shard, a, b, c, d, random @ ..] = bytes;
        Some(Sid(Address { shard, slot: u32::from_le_bytes([a, b, c, d]), random }))
    }

    /// As clients send it.
    pub(crate) fn text(&self) -> String {
        self.0.text()
    }

    pub(crate) fn shard(&self) -> usize {
        usize::from(self.0.shard)
    }

    /// Its place in the shard's table of connections.
    pub(crate) fn slot(&self) -> usize {
        self.0.slot as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn a_sid_is_read_back_from_its_text() {
        let sid = Sid::draw(3, 70_000, &mut StdRng::from_seed([1; 32]));
        assert_eq!(sid.text().len(), 27);
        assert!(Sid::parse(&sid.text()) == Some(sid));
        assert_eq!((sid.shard(), sid.slot()), (3, 70_000));
        for text in ["", "abc", "!", &"A".repeat(28), &"A".repeat(4_000)] {
            assert!(Sid::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_socket_id_has_the_usual_length() {
        assert_eq!(SocketId::draw(0, 0, &mut StdRng::from_seed([1; 32])).to_string().len(), 20);
    }
}
