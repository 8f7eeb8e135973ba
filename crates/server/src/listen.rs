//! Listeners.

use std::io;

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::config::Addresses;

/// Binds every address. Of several, those of an address family that the machine lacks are left out.
pub(crate) async fn bind(addresses: &Addresses, flag: &str) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for &address in addresses.as_slice() {
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable && address.is_ipv6() => {
                tracing::info!(server.address = %address, "this machine has no such address; listening on the others");
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                anyhow::bail!(
                    "{address} is busy: another program listens there. Stop it, or choose another address, for \
                     example `{flag} 127.0.0.1:3001`"
                );
            }
            Err(error) => return Err(error).with_context(|| format!("cannot listen on {address}")),
        }
    }
    anyhow::ensure!(!listeners.is_empty(), "none of the addresses of {flag} is this machine's");
    Ok(listeners)
}
