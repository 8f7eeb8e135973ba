//! The gate before everything that needs a credential: which `Host` and `Origin` a request may name.
//!
//! A page of another site that makes a browser talk to us names its own `Origin`; one that points its own name at our
//! address (DNS rebinding) names its own `Host`. Both are refused here, for polling, WebSocket and REST alike.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header, request};
use tower_http::cors::{AllowOrigin, CorsLayer};
use waypost_api::ErrorCode;

use super::problem::Refusal;
use crate::config::{Origins, PublicUrl};

/// Headers that a proxy or a tunnel adds. A request with one of them is not direct, whatever its peer's address.
const FORWARDING_HEADERS: [&str; 3] = ["forwarded", "x-real-ip", "via"];
const FORWARDING_PREFIXES: [&str; 2] = ["x-forwarded-", "cf-"];

/// What a page's script has to send with each change that the cookie speaks for, with any value. A page of another origin
/// would have to ask before it sends it (CORS), and is told no.
const CSRF_HEADER: HeaderName = HeaderName::from_static("x-waypost-csrf");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the header is there that only a page of our own, or no page at all, can send.
pub(crate) fn has_csrf_header(headers: &HeaderMap) -> bool {
    headers.get(CSRF_HEADER).is_some_and(|value| !value.is_empty())
}

/// Which hosts and origins are ours.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Sites>);

#[derive(Debug)]
struct Sites {
    public_url: Option<PublicUrl>,
    cors_origins: Origins,
}

impl Gate {
    pub(crate) fn new(public_url: Option<PublicUrl>, cors_origins: Origins) -> Self {
        Self(Arc::new(Sites { public_url, cors_origins }))
    }

    /// Whether a request with these headers may pass.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), ErrorCode> {
        let host = single_host(headers).unwrap_or_default();
        if !self.is_own_host(host) {
            return Err(ErrorCode::ForeignHost);
        }
        match headers.get(header::ORIGIN).map(HeaderValue::to_str) {
            None => Ok(()),
            Some(Ok(origin)) if self.is_allowed_origin(origin, host) => Ok(()),
            Some(_) => Err(ErrorCode::ForeignOrigin),
        }
    }

    /// Whether a page of our own made the request: only for such a one may the browser's cookie speak. An `Origin` says so,
    /// which other sites cannot forge; where the browser sends none (a GET within one origin), its `Sec-Fetch-Site` does, and
    /// where it has neither, the header that no page of another origin can send without our leave.
    pub(crate) fn is_own_page(&self, headers: &HeaderMap) -> bool {
        let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let Some(host) = single_host(headers).filter(|host| self.is_own_host(host)) else { return false };
        match (text(&header::ORIGIN), text(&SEC_FETCH_SITE)) {
            (Some(origin), _) => self.is_own_origin(origin, host),
            (None, Some(site)) => site == "same-origin",
            (None, None) => has_csrf_header(headers),
        }
    }

    /// Our address, for links: the public one, else that by which the request came.
    pub(crate) fn address(&self, headers: &HeaderMap) -> String {
        match &self.0.public_url {
            Some(url) => url.origin().to_string(),
            None => format!("http://{}", single_host(headers).unwrap_or_default()),
        }
    }

    /// The CORS answers for the origins that are configured. Our own needs none.
    pub(crate) fn cors(&self) -> CorsLayer {
        let sites = Arc::clone(&self.0);
        let is_configured = move |origin: &HeaderValue, _: &request::Parts| {
            origin.to_str().is_ok_and(|origin| sites.cors_origins.contains(origin))
        };
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(is_configured))
            .allow_credentials(true)
            .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
    }

    fn is_own_host(&self, host: &str) -> bool {
        let name = host_name(host);
        is_loopback_name(name)
            || self.0.public_url.as_ref().is_some_and(|url| host_name(url.host()).eq_ignore_ascii_case(name))
    }

    fn is_allowed_origin(&self, origin: &str, host: &str) -> bool {
        self.is_own_origin(origin, host) || self.0.cors_origins.contains(origin)
    }

    fn is_own_origin(&self, origin: &str, host: &str) -> bool {
        let is_same_site = origin
            .split_once("://")
            .is_some_and(|(scheme, site)| scheme == "http" && site.eq_ignore_ascii_case(host));
        // Without TLS only the machine itself is a site of ours; the public one is known by its whole address.
        (is_same_site && is_loopback_name(host_name(host)))
            || self.0.public_url.as_ref().is_some_and(|url| url.origin().as_str() == origin)
    }
}

/// Refuses what may not pass the gate.
pub(crate) async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    // A request may name its host twice (RFC 9112, section 3.2.2); both have to be ours.
    let target_is_own = request.uri().authority().is_none_or(|target| gate.is_own_host(target.as_str()));
    match gate.check(request.headers()) {
        Ok(()) if !target_is_own => Refusal::new(ErrorCode::ForeignHost).into_response(),
        Ok(()) => next.run(request).await,
        Err(code) => Refusal::new(code).into_response(),
    }
}

/// How a request came to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Directness {
    /// From this machine, to a name of this machine, through nobody.
    Loopback,
    /// Any other way.
    Elsewhere,
}

/// How this request came: for anonymous use, where the peer's address alone proves nothing (a tunnel connects from
/// loopback).
pub(crate) fn directness(request: &request::Parts) -> Directness {
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let text = |name: HeaderName| request.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_direct = peer.is_some_and(|peer| peer.to_canonical().is_loopback())
        && single_host(&request.headers).is_some_and(|host| is_loopback_name(host_name(host)))
        && text(header::ORIGIN).is_none_or(is_loopback_origin)
        && !request.headers.keys().any(is_forwarding);
    if is_direct { Directness::Loopback } else { Directness::Elsewhere }
}

fn is_forwarding(name: &HeaderName) -> bool {
    FORWARDING_HEADERS.contains(&name.as_str())
        || FORWARDING_PREFIXES.iter().any(|prefix| name.as_str().starts_with(prefix))
}

fn is_loopback_origin(origin: &str) -> bool {
    origin.split_once("://").is_some_and(|(_, site)| is_loopback_name(host_name(site)))
}

/// The one `Host` of a request; `None` where there is none, or more than one.
fn single_host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    }
}

/// A host without its port; an IPv6 address keeps its brackets. Empty where what follows the name is no port.
fn host_name(host: &str) -> &str {
    let (name, rest) = match host.rfind(']') {
        Some(end) => host.split_at(end + 1),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let is_port = rest.strip_prefix(':').is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    if is_port { name } else { "" }
}

fn is_loopback_name(name: &str) -> bool {
    let unbracketed = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    name.eq_ignore_ascii_case("localhost")
        || unbracketed.unwrap_or(name).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn gate() -> Gate {
        Gate::new(
            PublicUrl::new("https://waypost.example.com"),
            Origins::one("https://crm.example.com").unwrap(),
        )
    }

    #[test]
    fn hosts_and_origins() {
        let own = "waypost.example.com";
        for (host, origin, expected) in [
            ("localhost:3000", None, Ok(())),
            ("127.0.0.1:3000", Some("http://127.0.0.1:3000"), Ok(())),
            ("[::1]:3000", Some("http://[::1]:3000"), Ok(())),
            (own, Some("https://waypost.example.com"), Ok(())),
            (own, Some("https://crm.example.com"), Ok(())),
            ("evil.example", None, Err(ErrorCode::ForeignHost)),
            ("localhost.evil.example", None, Err(ErrorCode::ForeignHost)),
            ("127.0.0.1.evil.example", None, Err(ErrorCode::ForeignHost)),
            ("", None, Err(ErrorCode::ForeignHost)),
            ("127.0.0.1:3000:80", None, Err(ErrorCode::ForeignHost)),
            (own, Some("http://waypost.example.com"), Err(ErrorCode::ForeignOrigin)),
            (own, Some("https://evil.example"), Err(ErrorCode::ForeignOrigin)),
            (own, Some("null"), Err(ErrorCode::ForeignOrigin)),
            ("localhost:3000", Some("http://localhost:8080"), Err(ErrorCode::ForeignOrigin)),
        ] {
            let mut pairs = vec![("host", host)];
            pairs.extend(origin.map(|origin| ("origin", origin)));
            assert_eq!(gate().check(&headers(&pairs)), expected, "{host} {origin:?}");
        }
    }

    #[test]
    fn only_a_page_of_our_own_may_use_the_cookie() {
        let own = ("host", "waypost.example.com");
        let local = ("host", "localhost:3000");
        for (pairs, expected) in [
            (vec![own, ("origin", "https://waypost.example.com")], true),
            (vec![local, ("origin", "http://localhost:3000")], true),
            (vec![own, ("sec-fetch-site", "same-origin")], true),
            (vec![own, ("x-waypost-csrf", "1")], true),
            (vec![own], false),
            (vec![own, ("x-waypost-csrf", "")], false),
            (vec![own, ("sec-fetch-site", "same-site")], false),
            (vec![own, ("sec-fetch-site", "none")], false),
            (vec![own, ("origin", "https://crm.example.com")], false),
            (vec![own, ("origin", "https://crm.example.com"), ("x-waypost-csrf", "1")], false),
            (vec![own, ("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], false),
            (vec![own, ("sec-fetch-site", "cross-site"), ("x-waypost-csrf", "1")], false),
            (vec![own, ("origin", "null")], false),
            (vec![local, ("origin", "http://localhost:8080")], false),
            (vec![("host", "evil.example"), ("origin", "https://waypost.example.com")], false),
        ] {
            assert_eq!(gate().is_own_page(&headers(&pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_second_host_is_no_host() {
        let mut twice = headers(&[("host", "localhost:3000")]);
        twice.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert_eq!(gate().check(&twice), Err(ErrorCode::ForeignHost));
    }

    #[test]
    fn only_a_direct_request_from_this_machine_is_direct() {
        let check = |peer: &str, pairs: &[(&'static str, &str)]| {
            let mut request = http::Request::new(());
            *request.headers_mut() = headers(pairs);
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
            directness(&request.into_parts().0)
        };
        let here = ("host", "localhost:3000");
        assert_eq!(check("127.0.0.1:5000", &[here]), Directness::Loopback);
        assert_eq!(check("[::1]:5000", &[("host", "[::1]:3000")]), Directness::Loopback);
        assert_eq!(
            check("127.0.0.1:5000", &[here, ("origin", "http://localhost:3000")]),
            Directness::Loopback
        );
        assert_eq!(check("10.0.0.5:5000", &[here]), Directness::Elsewhere);
        assert_eq!(check("127.0.0.1:5000", &[("host", "waypost.example.com")]), Directness::Elsewhere);
        assert_eq!(
            check("127.0.0.1:5000", &[here, ("origin", "https://evil.example")]),
            Directness::Elsewhere
        );
        for header in ["x-forwarded-for", "x-forwarded-proto", "forwarded", "x-real-ip", "via", "cf-ray"] {
            assert_eq!(check("127.0.0.1:5000", &[here, (header, "1")]), Directness::Elsewhere, "{header}");
        }
    }
}
