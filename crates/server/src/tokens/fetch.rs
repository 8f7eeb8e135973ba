//! Getting the keys that an issuer publishes.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Client, StatusCode, Url, redirect, retry};
use serde::Deserialize;
use serde_json::Value;

use super::key::{Key, PublishedKey};

/// How long the issuer may take, its answer included.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes of an answer. Issuers publish a few keys of some kilobytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// The most keys of an issuer.
const KEYS_MAX: usize = 64;

/// A key under the name by which tokens call it.
pub(super) struct NamedKey {
    pub(super) name: Option<String>,
    pub(super) key: Key,
}

/// Reads the keys of one address.
pub(super) struct Fetcher {
    http: Client,
    url: Url,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl Fetcher {
    pub(super) fn new(url: Url) -> anyhow::Result<Self> {
        let mut http = Client::builder()
            .user_agent(concat!("waypost/", env!("CARGO_PKG_VERSION")))
            .timeout(FETCH_TIMEOUT)
            // Whoever answers decides who may come in: nobody but the configured host.
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy();
        if url.scheme() == "http" {
            // The machine itself needs no root certificates, and may have none.
            http = http.tls_certs_only([]);
        }
        let http = http.build().context("the HTTP client for auth.jwt_jwks_url could not be built")?;
        Ok(Self { http, url })
    }

    /// The keys as they are published now, without those that are not to be verified with.
    pub(super) async fn fetch(&self) -> anyhow::Result<Vec<NamedKey>> {
        let mut answer = self.http.get(self.url.clone()).send().await.map_err(reqwest::Error::without_url)?;
        if answer.status() != StatusCode::OK {
            bail!("the answer is {}", answer.status().as_u16());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                bail!("the answer is longer than {ANSWER_BYTES_MAX} bytes");
            }
            body.extend_from_slice(&chunk);
        }
        read(&body)
    }
}

/// The usable keys of a JWK set. One that cannot be read harms no other.
fn read(body: &[u8]) -> anyhow::Result<Vec<NamedKey>> {
    let set: KeySet = serde_json::from_slice(body).context("the answer is no JWK set")?;
    if set.keys.len() > KEYS_MAX {
        bail!("the answer has more than {KEYS_MAX} keys");
    }
    let published = set.keys.into_iter().filter_map(|key| PublishedKey::deserialize(key).ok());
    Ok(published
        .filter_map(|published| published.key().map(|key| NamedKey { name: published.kid, key }))
        .collect())
}
