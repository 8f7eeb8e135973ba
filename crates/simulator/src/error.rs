//! Why a simulation does not start.

use std::net::SocketAddr;
use std::str::FromStr;

use reqwest::Url;

/// Why a simulation does not start. Once started, trouble is counted, not returned.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The webhook URL is none.
    #[error("the webhook URL cannot be read")]
    Url(#[source] <Url as FromStr>::Err),
    /// The webhook URL has another scheme.
    #[error("the webhook URL is not http: {0}:")]
    NotHttp(String),
    /// The webhook URL names another machine. Customers that do not exist must not reach a server that matters.
    #[error("{0} is not this machine: the simulator speaks to 127.0.0.0/8, ::1 and localhost only")]
    NotLoopback(String),
    /// The Graph API was to listen where other machines can reach it.
    #[error("{0} is not on loopback: the simulated Graph API answers this machine only")]
    ListensBeyondLoopback(SocketAddr),
    /// The listener has no address.
    #[error("the Graph API's listener has no address")]
    Listener(#[source] std::io::Error),
    /// The rate is negative, no number, or too high.
    #[error("a rate is between 0 and {max} messages a second", max = crate::script::RATE_PER_S_MAX)]
    Rate,
    /// The app secret cannot stand in a signature.
    #[error("the app secret is empty")]
    NoAppSecret,
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
}
