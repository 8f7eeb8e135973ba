//! Addresses to listen on.

use std::net::SocketAddr;

use super::setting::{Raw, Setting, Shape, Shown, Wrong};

/// At least one address with a port, none twice. Names are not looked up: what is listened on is what is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addresses(Vec<SocketAddr>);

impl Addresses {
    pub(crate) fn as_slice(&self) -> &[SocketAddr] {
        &self.0
    }

    pub(crate) fn first_beyond_loopback(&self) -> Option<SocketAddr> {
        self.0.iter().copied().find(|address| !address.ip().to_canonical().is_loopback())
    }

    /// Port 0 is a new port each time, never shared.
    pub(crate) fn first_shared_with(&self, other: &Self) -> Option<SocketAddr> {
        self.0.iter().copied().find(|address| address.port() != 0 && other.0.contains(address))
    }
}

impl Setting for Addresses {
    const SHAPE: Shape = Shape::List;

    fn allowed() -> String {
        "different addresses with a port, such as 127.0.0.1:3000 or [::1]:3000".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let mut addresses = Vec::new();
        for item in raw.items()? {
            let address: SocketAddr = item.parse().map_err(|_| Wrong::item(item))?;
            if addresses.contains(&address) && address.port() != 0 {
                return Err(Wrong::item(item));
            }
            addresses.push(address);
        }
        if addresses.is_empty() { Err(Wrong::whole()) } else { Ok(Self(addresses)) }
    }

    fn shown(&self) -> Shown {
        Shown::list(&self.0)
    }
}
