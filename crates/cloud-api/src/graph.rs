//! Sending through Meta's Graph API, and what an answer, or the lack of one, means.

mod answer;
mod request;

use std::fmt;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Client, Response, StatusCode, Url, redirect, retry};
use waypost_domain::{Alias, AliasKind, CustomerAliases, LinkPreview, OutboxId, PhoneNumberId, SendOutcome};

use answer::{Attempt, outcome};
use request::TextRequest;

pub use answer::{NO_ANSWER, NOT_SENT, REFUSED_WITHOUT_REASON, UNREADABLE_ANSWER};

/// The most bytes of an answer that are read. Meta's have a few hundred.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A token of Meta's, with which one acts as the business. `Debug` hides it.
#[derive(Clone)]
pub struct AccessToken(HeaderValue);

impl AccessToken {
    /// `None` where the text cannot be a token: empty, or with anything but visible ASCII.
    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        let usable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok().filter(|_| usable)?;
        header.set_sensitive(true);
        Some(Self(header))
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(hidden)")
    }
}

/// Where and how the Graph API is called.
#[derive(Clone, Debug)]
pub struct GraphSettings {
    /// `https://graph.facebook.com`, or a stand-in's address.
    pub base_url: String,
    /// `v26.0`
    pub version: String,
    /// With what right.
    pub token: AccessToken,
    /// How long a connection may take. Shorter than a call may take: a connection that never came is a certain
    /// failure, a call that ran out of time is not.
    pub connect_timeout: Duration,
    /// How long a call may take in all, its answer included.
    pub call_timeout: Duration,
}

/// Settings with which no call can be made.
#[derive(Debug, thiserror::Error)]
pub enum GraphSetupError {
    /// The address is no http(s) URL to which a path can be added.
    #[error("the Graph API's address is no http or https URL")]
    Url,
    /// The version is not of the form `v26.0`.
    #[error("the Graph API's version is not of the form v26.0")]
    Version,
    /// The HTTP client could not be built; usually the system's root certificates are missing.
    #[error("the HTTP client for the Graph API could not be built")]
    Client(#[source] reqwest::Error),
}

/// A text to be sent.
#[derive(Clone, Copy)]
pub struct OutgoingText<'a> {
    /// To whom: see [`address`].
    pub to: &'a Alias,
    /// The text, at most 4,096 characters.
    pub body: &'a str,
    /// Whether WhatsApp shows a preview of its first link.
    pub preview: LinkPreview,
    /// Comes back with the message's statuses (`biz_opaque_callback_data`), so that a send without an answer can be
    /// found again.
    pub callback: OutboxId,
}

/// The alias to which a send to somebody with these aliases goes: a group, else the phone number, else the BSUID.
#[must_use]
pub fn address(aliases: &CustomerAliases) -> &Alias {
    let rank = |alias: &&Alias| match alias.kind {
        AliasKind::Group => 0,
        AliasKind::Phone => 1,
        AliasKind::Bsuid => 2,
        AliasKind::ParentBsuid => 3,
        // WhatsApp does not know it.
        AliasKind::External => 4,
    };
    aliases.iter().min_by_key(rank).expect("aliases are at least one")
}

/// Calls the Graph API. Cheap to clone: clones share their connections.
#[derive(Clone)]
pub struct GraphClient {
    http: Client,
    version_url: Url,
    token: AccessToken,
}

impl fmt::Debug for GraphClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphClient").field("url", &self.version_url.as_str()).finish_non_exhaustive()
    }
}

impl GraphClient {
    /// A client. It connects with the first call. TLS trusts the system's root certificates; the process's default
    /// provider of cryptography is taken, where one is installed.
    ///
    /// # Errors
    /// When the address or the version is unusable, or the HTTP client cannot be built.
    pub fn new(settings: GraphSettings) -> Result<Self, GraphSetupError> {
        let version_url = version_url(&settings.base_url, &settings.version)?;
        let mut http = Client::builder()
            .user_agent(concat!("waypost/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.call_timeout)
            // The token goes to the configured host and nowhere else, and a send goes out once.
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy();
        if version_url.scheme() == "http" {
            // A stand-in needs no root certificates, and the machine of a demo may have none.
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(GraphSetupError::Client)?;
        Ok(Self { http, version_url, token: settings.token })
    }

    /// Sends a text from one of our numbers: one call, never repeated.
    ///
    /// An outcome is `Accepted` with a `wamid` in hand, `Failed` where Meta refused or the call certainly never
    /// reached it, and `Unknown` otherwise: a timeout, a connection that broke, an answer that cannot be read.
    /// Dropping the future leaves the outcome unknown, too.
    pub async fn send_text(&self, number: &PhoneNumberId, text: &OutgoingText<'_>) -> SendOutcome {
        let mut url = self.version_url.clone();
        match url.path_segments_mut() {
            Ok(mut path) => drop(path.extend([number.as_str(), "messages"])),
            Err(()) => return outcome(&Attempt::NeverSent),
        }
        let call = self.http.post(url).header("authorization", self.token.0.clone());
        match call.json(&TextRequest::new(text)).send().await {
            Ok(response) => answered(response).await,
            // A connection that never came to be, and a request that could not be built, never reached Meta.
            Err(error) if error.is_connect() || error.is_builder() => outcome(&Attempt::NeverSent),
            Err(_timeout_or_broken) => outcome(&Attempt::NoAnswer),
        }
    }
}

async fn answered(mut response: Response) -> SendOutcome {
    let status: StatusCode = response.status();
    let mut body = Vec::new();
    // An answer that breaks off or is too long still has a status, and may have said enough.
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ANSWER_BYTES_MAX - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            break;
        }
    }
    outcome(&Attempt::Answered { status: status.as_u16(), body: &body })
}

fn version_url(base_url: &str, version: &str) -> Result<Url, GraphSetupError> {
    let numbers = version.strip_prefix('v').and_then(|numbers| numbers.split_once('.'));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !numbers.is_some_and(|(major, minor)| digits(major) && digits(minor)) {
        return Err(GraphSetupError::Version);
    }
    let mut url = Url::parse(base_url).map_err(|_| GraphSetupError::Url)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(GraphSetupError::Url);
    }
    url.path_segments_mut().map_err(|()| GraphSetupError::Url)?.pop_if_empty().push(version);
    Ok(url)
}
