//! `waypost key`: makes, lists and revokes API keys.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Context as _;
use waypost_api::IsoTime;
use waypost_domain::{AuditAction, AuditName, AuditTarget, KeyScope, OutboxId, PhoneNumberId, Timestamp};
use waypost_store::{ApiKey, Clock as _, IdSource, Keys, Place};

use super::audit::{note, open_trail};
use super::purpose::claim_for_server;
use crate::audit::Trail;
use crate::cli::{CreateKey, KeyCommand};
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
        KeyCommand::Create(wanted) => {
            let trail = open_trail(config)?;
            let (id, text) = create(&keys, wanted, &place)?;
            note_key(&trail, AuditAction::KeyCreated, &id)?;
            text
        }
        KeyCommand::List => list(&keys)?,
        KeyCommand::Revoke { id } => {
            let trail = open_trail(config)?;
            anyhow::ensure!(
                keys.revoke(id)?,
                "there is no key {id}; `waypost key list` shows those there are"
            );
            note_key(&trail, AuditAction::KeyRevoked, id)?;
            format!("revoked {id}\n")
        }
    };
    std::io::stdout().write_all(text.as_bytes()).context("cannot write to the terminal")
}

/// Whoever makes keys is on no runtime.
fn note_key(trail: &Trail, action: AuditAction, id: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(note(trail, action, AuditName::parse(id).map(AuditTarget::Key)))
}

/// The id of the new key, and what is printed.
fn create(keys: &Keys, wanted: &CreateKey, place: &Place) -> anyhow::Result<(String, String)> {
    let name = &wanted.name;
    let usable = (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    anyhow::ensure!(usable, "a key's name has 1 to {NAME_CHARS_MAX} characters, without control characters");
    let now = SystemClock::new().now();
    let expires_at = wanted.expires.map(|expiry| expiry.from(now));
    anyhow::ensure!(expires_at.is_none_or(|end| now < end), "the key would have expired already");
    let scopes = KeyScope::ALL.into_iter().filter(|scope| wanted.scopes.contains(scope)).collect();
    let secret = random_secret("wpk_")?;
    let (at, bits) = IdSource::new(random_seed()?).next_parts(now);
    let id = OutboxId::from_parts(at, bits).to_string().replace("out_", "key_");
    let numbers = (!wanted.numbers.is_empty()).then(|| wanted.numbers.iter().cloned().collect());
    let key = ApiKey { id: id.clone(), name: name.clone(), created_at: now, scopes, expires_at, numbers };
    keys.create(&key, &digest(&secret))?;
    // On stderr, so that the key alone can be taken from stdout.
    writeln!(std::io::stderr(), "a key for the server whose data is in {place}:")?;
    Ok((id, format!("{secret}\n")))
}

fn list(keys: &Keys) -> anyhow::Result<String> {
    let mut text = String::new();
    for key in keys.list()? {
        let created = iso(key.created_at)?;
        let scopes = key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",");
        let numbers = key.numbers.as_ref().map_or_else(|| "all".to_owned(), ids);
        let expires = key.expires_at.map_or_else(|| Ok("never".to_owned()), iso)?;
        writeln!(text, "{}  {created}  {scopes}  {numbers}  {expires}  {}", key.id, key.name)?;
    }
    Ok(text)
}

fn ids(numbers: &BTreeSet<PhoneNumberId>) -> String {
    numbers.iter().map(PhoneNumberId::as_str).collect::<Vec<_>>().join(",")
}

fn iso(time: Timestamp) -> anyhow::Result<String> {
    Ok(serde_json::to_string(&IsoTime(time))?.trim_matches('"').to_owned())
}
