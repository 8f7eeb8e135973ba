//! The cookie by which a browser shows that its person is signed in.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use waypost_store::accounts::SecretDigest;

use super::gate::Gate;
use crate::accounts::{Secret256, secret};
use crate::config::PublicUrl;

/// How the cookie is called and kept, as the public address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionCookie {
    /// For https: no other host and no page without TLS can set it (`__Host-`, RFC 6265bis, section 4.1.3.2).
    Secure,
    /// For http, where browsers keep no such cookie.
    Plain,
}

impl SessionCookie {
    pub(crate) fn of(public_url: Option<&PublicUrl>) -> Self {
        let is_https = public_url.is_some_and(|url| url.origin().as_str().starts_with("https://"));
        if is_https { Self::Secure } else { Self::Plain }
    }

    /// The digest of the cookie's secret, where a page of our own sends one.
    pub(crate) fn digest(self, gate: &Gate, headers: &HeaderMap) -> Option<SecretDigest> {
        let secret = self.value(headers)?;
        gate.is_own_page(headers).then(|| secret::digest(secret))
    }

    /// What makes a browser keep the secret.
    pub(crate) fn set(self, secret: &Secret256, keep: Duration) -> HeaderValue {
        self.header(secret.expose(), keep.as_secs())
    }

    /// What makes a browser forget it.
    pub(crate) fn forget(self) -> HeaderValue {
        self.header("", 0)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-waypost",
            Self::Plain => "waypost",
        }
    }

    fn header(self, value: &str, max_age_seconds: u64) -> HeaderValue {
        let secure = match self {
            Self::Secure => "; Secure",
            Self::Plain => "",
        };
        let name = self.name();
        let text =
            format!("{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}");
        let mut header = HeaderValue::from_str(&text).expect("base64url and digits are visible ASCII");
        header.set_sensitive(true);
        header
    }

    /// The value of the one cookie of this name; with two, somebody else has set one.
    fn value(self, headers: &HeaderMap) -> Option<&str> {
        // Bytes, as the value of another program's cookie may be no text, and must not cost ours.
        let lines = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
        let pairs = lines.flat_map(|line| line.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
        let mut values =
            pairs.filter_map(|pair| pair.strip_prefix(self.name().as_bytes())?.strip_prefix(b"="));
        let value = values.next().filter(|_| values.next().is_none())?;
        str::from_utf8(value).ok().filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_as_safe_as_the_address_allows() {
        let of = |url: &str| SessionCookie::of(PublicUrl::new(url).as_ref());
        assert_eq!(of("https://waypost.example.com"), SessionCookie::Secure);
        assert_eq!(of("http://waypost.example.com"), SessionCookie::Plain);
        assert_eq!(SessionCookie::of(None), SessionCookie::Plain);
        let secret = Secret256::from_random([255; 32]);
        let set = SessionCookie::Secure.set(&secret, Duration::from_secs(60));
        let expected =
            format!("__Host-waypost={}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure", secret.expose());
        assert_eq!(set.to_str().unwrap(), expected);
        assert!(!format!("{set:?} {secret:?}").contains(secret.expose()));
        let forgotten = SessionCookie::Plain.forget();
        assert_eq!(forgotten.to_str().unwrap(), "waypost=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn a_cookie_is_found_among_others_and_two_of_them_are_none() {
        for (line, expected) in [
            ("waypost=abc", Some("abc")),
            ("other=1; waypost=abc; more=2", Some("abc")),
            ("waypost2=abc; __Host-waypost=def", None),
            ("waypost=abc; waypost=def", None),
            ("note=\u{e4}; waypost=abc", Some("abc")),
            ("waypost=", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            assert_eq!(SessionCookie::Plain.value(&headers), expected, "{line}");
        }
    }
}
