//! Where the simulator may post: to this machine.

use std::net::IpAddr;

use reqwest::Url;

use crate::error::SimulateError;

/// A webhook URL on loopback.
#[derive(Clone, Debug)]
pub(crate) struct Target(Url);

impl Target {
    /// Parses `url`; it must be http, with the host in 127.0.0.0/8, `::1` or `localhost`.
    pub(crate) fn parse(url: &str) -> Result<Self, SimulateError> {
        let url = Url::parse(url).map_err(SimulateError::Url)?;
        if url.scheme() != "http" {
            return Err(SimulateError::NotHttp(url.scheme().to_owned()));
        }
        let host = url.host_str().unwrap_or_default();
        if is_loopback(host) { Ok(Self(url)) } else { Err(SimulateError::NotLoopback(host.to_owned())) }
    }

    pub(crate) fn url(&self) -> Url {
        self.0.clone()
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_accepted() {
        for host in ["127.0.0.1", "127.8.9.10:81", "127.1", "localhost:3000", "LOCALHOST", "[::1]:3000"] {
            assert!(Target::parse(&format!("http://{host}/whatsapp/webhook")).is_ok(), "{host}");
        }
    }

    #[test]
    fn other_machines_are_refused() {
        for host in [
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "128.0.0.1",
            "graph.facebook.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "127.0.0.1@example.com",
            "[fe80::1]",
        ] {
            let refused = Target::parse(&format!("http://{host}/whatsapp/webhook"));
            assert!(matches!(refused, Err(SimulateError::NotLoopback(_))), "{host}");
        }
    }

    #[test]
    fn what_is_no_http_url_is_refused() {
        assert!(matches!(Target::parse("127.0.0.1:3000"), Err(SimulateError::Url(_))));
        for url in ["https://127.0.0.1/", "file:///etc/passwd"] {
            assert!(matches!(Target::parse(url), Err(SimulateError::NotHttp(_))), "{url}");
        }
    }
}
