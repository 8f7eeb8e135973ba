//! `waypost key`: makes, lists and revokes API keys.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Context as _;
use waypost_api::IsoTime;
use waypost_domain::{KeyScope, OutboxId};
use waypost_store::{ApiKey, Clock as _, IdSource, Keys, Place};

use super::purpose::claim_for_server;
use crate::cli::KeyCommand;
use crate::clock::{SystemClock, random_secret, random_seed};
use crate::config::Config;
use crate::http::credential::digest;

/// The longest name of a key, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Does what is asked, beside a server that may be running on the same data.
pub(crate) fn key(command: &KeyCommand, config: &Config) -> anyhow::Result<()> {
    let place = config.store.place();
    claim_for_server(&place)?;
    let keys = Keys::open(&place)?;
    let text = match command {
        KeyCommand::Create { name } => create(&keys, name, &place)?,
        KeyCommand::List => list(&keys)?,
        KeyCommand::Revoke { id } => {
            anyhow::ensure!(
                keys.revoke(id)?,
                "there is no key {id}; `waypost key list` shows those there are"
            );
            format!("revoked {id}\n")
        }
    };
    std::io::stdout().write_all(text.as_bytes()).context("cannot write to the terminal")
}

fn create(keys: &Keys, name: &str, place: &Place) -> anyhow::Result<String> {
    let usable = (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    anyhow::ensure!(usable, "a key's name has 1 to {NAME_CHARS_MAX} characters, without control characters");
    let secret = random_secret("wpk_")?;
    let now = SystemClock::new().now();
    let (at, bits) = IdSource::new(random_seed()?).next_parts(now);
    let id = OutboxId::from_parts(at, bits).to_string().replace("out_", "key_");
    let scopes = vec![KeyScope::Admin];
    let key = ApiKey { id, name: name.to_owned(), created_at: now, scopes, expires_at: None };
    keys.create(&key, &digest(&secret))?;
    // On stderr, so that the key alone can be taken from stdout.
    writeln!(std::io::stderr(), "a key for the server whose data is in {place}:")?;
    Ok(format!("{secret}\n"))
}

fn list(keys: &Keys) -> anyhow::Result<String> {
    let mut text = String::new();
    for key in keys.list()? {
        let created = serde_json::to_string(&IsoTime(key.created_at))?;
        writeln!(text, "{}  {}  {}", key.id, created.trim_matches('"'), key.name)?;
    }
    Ok(text)
}
