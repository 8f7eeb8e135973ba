//! Whose a request is: the peer's address, or what a trusted proxy says of it.

use axum::extract::ConnectInfo;
use http::{HeaderMap, Request};
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The address of the client behind a handshake, in the request's extensions when
/// [`Application::handshake`](crate::Application::handshake) is called.
///
/// It is the TCP peer's (`ConnectInfo<SocketAddr>`), unless that is one of
/// [`HubConfig::trusted_proxies`](crate::HubConfig::trusted_proxies): then it is the right-most address of
/// `X-Forwarded-For` that is not itself a trusted proxy's. An IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`) is the
/// IPv4 address. Without `ConnectInfo` the hub adds none, and leaves one that the server's middleware has put there.
///
/// `Forwarded` (RFC 7239) is not read: proxies that do not speak it pass on what the client wrote, so that with both
/// headers in use a client could choose its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

/// The proxies whose `X-Forwarded-For` is believed: addresses and networks. By default none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// An entry that is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{entry}` is neither an IP address nor a network such as 10.0.0.0/8")]
pub struct NotANetwork {
    /// As it was written.
    pub entry: String,
}

impl TrustedProxies {
    /// Takes addresses (`192.0.2.1`, `::1`) and networks (`10.0.0.0/8`, `fd00::/8`).
    ///
    /// # Errors
    /// At the first entry that is neither. A network with bits beyond its prefix (`10.1.2.3/8`) is none: it would
    /// trust more than it seems to.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<TrustedProxies, NotANetwork> {
        let network = |entry: &str| network(entry).ok_or_else(|| NotANetwork { entry: entry.to_owned() });
        entries.into_iter().map(network).collect::<Result<_, _>>().map(TrustedProxies)
    }

    /// The entries as one would write them.
    pub fn entries(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|network| match network.prefix_len() == network.max_prefix_len() {
            true => network.addr().to_string(),
            false => network.to_string(),
        })
    }

    /// Whose this request is, as far as it is known, for routes beside the hub's.
    #[must_use]
    pub fn client_of(&self, request: &http::request::Parts) -> Option<ClientAddress> {
        let ConnectInfo(peer) = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(ClientAddress(resolve(peer.ip().to_canonical(), &request.headers, self)))
    }

    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

fn network(entry: &str) -> Option<IpNet> {
    let network = match entry.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => entry.parse().ok()?,
    };
    // Addresses are compared as IPv4 where they are that, so a network has to be so too.
    let network = match (network.addr().to_canonical(), network.prefix_len().checked_sub(96)) {
        (IpAddr::V4(v4), Some(prefix)) if network.addr().is_ipv6() => Ipv4Net::new(v4, prefix).ok()?.into(),
        _ => network,
    };
    (network.trunc() == network).then_some(network)
}

/// Whose this request is, as far as it is known.
pub(super) fn client_address<B>(request: &Request<B>, proxies: &TrustedProxies) -> Option<ClientAddress> {
    let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    Some(ClientAddress(resolve(peer.ip().to_canonical(), request.headers(), proxies)))
}

/// Each proxy appends who spoke to it, so the walk goes from the right for as long as trusted proxies are speaking.
/// What is further left is the client's own invention. An entry that cannot be read ends it too.
fn resolve(peer: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    // Split as bytes: a client's garbage must not make what the proxy wrote behind it unreadable.
    let mut entries = lines.flat_map(|line| line.as_bytes().rsplit(|&byte| byte == b','));
    let mut last = peer;
    while proxies.contain(last) {
        let Some(address) = entries.next().and_then(forwarded_address) else { break };
        last = address;
    }
    last
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
fn forwarded_address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let address = text
        .parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .or_else(|| bracketed().map(IpAddr::from))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(peer: &str, lines: &[&[u8]]) -> String {
        let proxies =
            TrustedProxies::parse(["10.0.0.0/8", "127.0.0.1", "fd00::/8", "::ffff:172.16.0.0/108"]).unwrap();
        let mut request = Request::new(());
        request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
        for line in lines {
            request.headers_mut().append("x-forwarded-for", (*line).try_into().unwrap());
        }
        client_address(&request, &proxies).expect("a known peer").0.to_string()
    }

    #[test]
    fn a_peer_that_is_no_trusted_proxy_is_the_client() {
        for peer in ["192.0.2.1:5000", "[::ffff:192.0.2.1]:5000"] {
            assert_eq!(resolved(peer, &[]), "192.0.2.1");
            assert_eq!(resolved(peer, &[b"198.51.100.1"]), "192.0.2.1");
        }
        assert_eq!(resolved("[2001:db8::1]:5000", &[b"10.0.0.1"]), "2001:db8::1");
    }

    #[test]
    fn of_what_a_trusted_proxy_forwards_the_right_most_stranger_counts() {
        let table: [(&[&[u8]], &str); 19] = [
            (&[], "10.0.0.1"),
            (&[b"192.0.2.1"], "192.0.2.1"),
            (&[b"192.0.2.1:80"], "192.0.2.1"),
            (&[b"::ffff:192.0.2.1"], "192.0.2.1"),
            (&[b"[::ffff:192.0.2.1]:80"], "192.0.2.1"),
            (&[b"2001:db8::1"], "2001:db8::1"),
            (&[b"[2001:db8::1]"], "2001:db8::1"),
            (&[b"[2001:db8::1]:80"], "2001:db8::1"),
            // What a client invents stands left of what the proxies add.
            (&[b"198.51.100.1, 192.0.2.1"], "192.0.2.1"),
            (&[b"198.51.100.1", b"192.0.2.1"], "192.0.2.1"),
            (&[b"\xff garbage, 192.0.2.1"], "192.0.2.1"),
            (&[b"198.51.100.1, 192.0.2.1 ,\t10.1.1.1", b"fd00::1,172.31.0.1"], "192.0.2.1"),
            // Nobody but proxies: the farthest of them.
            (&[b"10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            // What cannot be read hides everything behind it.
            (&[b"192.0.2.1, unknown, 10.0.0.2"], "10.0.0.2"),
            (&[b"192.0.2.1, \xff"], "10.0.0.1"),
            (&[b"192.0.2.1,"], "10.0.0.1"),
            (&[b""], "10.0.0.1"),
            (&[b"192.0.2.1:99999"], "10.0.0.1"),
            (&[b"[192.0.2.1]"], "10.0.0.1"),
        ];
        for (lines, expected) in table {
            let shown: Vec<_> = lines.iter().map(|line| line.escape_ascii().to_string()).collect();
            assert_eq!(resolved("10.0.0.1:5000", lines), expected, "{shown:?}");
            if expected != "10.0.0.1" {
                assert_eq!(resolved("[::ffff:127.0.0.1]:5000", lines), expected, "{shown:?}");
            }
        }
    }

    #[test]
    fn without_a_peer_nothing_is_known() {
        let request = Request::builder().header("x-forwarded-for", "192.0.2.1").body(()).unwrap();
        assert_eq!(client_address(&request, &TrustedProxies::default()), None);
    }

    #[test]
    fn an_entry_is_an_address_or_a_network() {
        let written = ["10.0.0.0/8", "127.0.0.1", "192.0.2.1/32", "::1", "fd00::/8", "0.0.0.0/0", "::/0"];
        let read = ["10.0.0.0/8", "127.0.0.1", "192.0.2.1", "::1", "fd00::/8", "0.0.0.0/0", "::/0"];
        assert_eq!(TrustedProxies::parse(written).unwrap().entries().collect::<Vec<_>>(), read);
        let mapped = TrustedProxies::parse(["::ffff:10.0.0.0/104", "::ffff:127.0.0.1"]).unwrap();
        assert_eq!(mapped.entries().collect::<Vec<_>>(), ["10.0.0.0/8", "127.0.0.1"]);
        for wrong in [
            "",
            "localhost",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0",
            "fd00::1/8",
            "::ffff:10.0.0.1/104",
            "::/129",
            "10.0.0.1:80",
            "[::1]",
            "fe80::1%eth0",
            "*",
        ] {
            let error = TrustedProxies::parse(["127.0.0.1", wrong]).expect_err(wrong);
            assert_eq!(error.entry, wrong);
        }
    }
}
