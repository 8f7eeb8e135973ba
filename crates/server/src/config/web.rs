//! Addresses on the web: ours, those of pages that may use us, the Graph API's, and that of an issuer's keys.

use std::fmt;

use url::{Host, Url};

use super::setting::{Raw, Setting, Shape, Shown, Wrong};

/// An `http` or `https` address with a host, and neither login, query nor fragment.
fn plain_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then_some(url)
}

/// Scheme, host and port of a page, spelled as browsers send it in `Origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// Takes `HTTPS://Example.org:443/` as `https://example.org`; nothing with a path, and no wildcard.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        plain_url(text).filter(|url| url.path() == "/").map(|url| Self::of(&url))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Pages of other origins that may use this server. Possibly none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origins(Vec<Origin>);

impl Origins {
    /// Whether a page with this `Origin` header is among them.
    pub(crate) fn contains(&self, header: &str) -> bool {
        self.0.iter().any(|origin| origin.0 == header)
    }

    #[cfg(test)]
    pub(crate) fn one(origin: &str) -> Option<Self> {
        Origin::parse(origin).map(|origin| Self(vec![origin]))
    }
}

impl Setting for Origins {
    const SHAPE: Shape = Shape::List;

    fn allowed() -> String {
        "origins such as https://desk.example.org, without a path, each by name (`*` is not one); or nothing"
            .to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let items = raw.items()?.into_iter();
        items
            .map(|item| Origin::parse(item).ok_or_else(|| Wrong::item(item)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn shown(&self) -> Shown {
        Shown::list(&self.0)
    }
}

/// The address at which browsers, and Meta, reach this server. It has no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicUrl(Url);

impl PublicUrl {
    /// `None` for what the setting would not allow.
    pub(crate) fn new(text: &str) -> Option<Self> {
        plain_url(text).filter(|url| url.path() == "/").map(Self)
    }

    /// As it would stand in `Host`, without the port; an IPv6 address in brackets.
    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::of(&self.0)
    }
}

impl Setting for PublicUrl {
    const SHAPE: Shape = Shape::Text;

    fn allowed() -> String {
        "an address such as https://waypost.example.org, without a path".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        Self::new(raw.text()?).ok_or_else(Wrong::whole)
    }

    fn shown(&self) -> Shown {
        Shown::text(self.origin().0)
    }
}

/// The Graph API's base, to which version and path are appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphUrl(Url);

impl GraphUrl {
    /// Another base than the configured one: the demo's own. `None` for what the setting would not allow.
    pub(crate) fn new(text: &str) -> Option<Self> {
        plain_url(text).map(Self)
    }

    /// Without a slash at the end.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

impl Setting for GraphUrl {
    const SHAPE: Shape = Shape::Text;

    fn allowed() -> String {
        "an address such as https://graph.facebook.com".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        Self::new(raw.text()?).ok_or_else(Wrong::whole)
    }

    fn shown(&self) -> Shown {
        Shown::text(self.as_str())
    }
}

/// Where an issuer of tokens publishes its keys. Whoever can change the answer can sign tokens, so that it comes over TLS,
/// or from this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JwksUrl(Url);

impl JwksUrl {
    /// `None` for what the setting would not allow.
    pub(crate) fn new(text: &str) -> Option<Self> {
        plain_url(text).filter(|url| url.scheme() == "https" || is_loopback(url)).map(Self)
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Setting for JwksUrl {
    const SHAPE: Shape = Shape::Text;

    fn allowed() -> String {
        "an https address such as https://login.example.org/.well-known/jwks.json, or an http one of this machine; \
         without login, query and fragment"
            .to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        Self::new(raw.text()?).ok_or_else(Wrong::whole)
    }

    fn shown(&self) -> Shown {
        Shown::text(self.0.as_str())
    }
}
