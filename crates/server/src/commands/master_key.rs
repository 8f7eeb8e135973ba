//! `waypost master-key`: makes the key under which secrets are sealed, says whether it is the right one, and puts another in its
//! place.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use waypost_domain::AuditAction;
use waypost_store::{Accounts, DataKeys};

use super::audit::{note, open_trail};
use super::purpose::claim_for_server;
use crate::cli::MasterKeyCommand;
use crate::config::{Config, KeySource};
use crate::sealing::{self, MasterId, MasterKey, Rotated};

/// Does what is asked; but for `init`, beside a server that may be running on the same data.
pub(crate) fn master_key(command: &MasterKeyCommand, config: &Config) -> anyhow::Result<()> {
    let text = match command {
        MasterKeyCommand::Init { file } => init(file.as_deref(), config)?,
        MasterKeyCommand::Check => check(config)?,
        MasterKeyCommand::Rotate { new_file } => rotate(new_file, config)?,
    };
    std::io::stdout().write_all(text.as_bytes()).context("cannot write to the terminal")
}

fn init(file: Option<&Path>, config: &Config) -> anyhow::Result<String> {
    let configured = match config.master_key.source() {
        Some(KeySource::File(path)) => Some(path),
        _ => None,
    };
    let path =
        file.or(configured).context("--file says where to make it, such as /etc/waypost/master.key")?;
    let path = std::path::absolute(path)?;
    let id = sealing::make_file(&path, config.store.data_dir.as_path())?;
    let mut text = format!("made the master key {id}; keep a copy, apart from the backups of the database\n");
    if configured.is_none() {
        let shown = toml::Value::String(path.to_string_lossy().into_owned());
        writeln!(
            text,
            "\nin waypost.toml, before the server is started again:\n\n[master_key]\nfile = {shown}"
        )?;
    }
    Ok(text)
}

fn check(config: &Config) -> anyhow::Result<String> {
    let master = sealing::load(config)?;
    let mut text = match &master {
        Some(master) => format!("configured: {}\n", master.id()),
        None => "configured: none\n".to_owned(),
    };
    let stored = with_keys(config, async |stored| Ok(stored.list().await?))?;
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for key in &stored {
        *wanted.entry(MasterId::of(key).to_string()).or_default() += 1;
    }
    for (id, keys) in wanted {
        writeln!(text, "wanted: {id}, for {keys} of {} keys", stored.len())?;
    }
    if let Some(master) = &master {
        let own = stored.iter().filter(|key| MasterId::of(key) == master.id());
        for key in own {
            sealing::check(master, key).context("a key of the database is not what was stored")?;
        }
    }
    Ok(text)
}

fn rotate(new_file: &Path, config: &Config) -> anyhow::Result<String> {
    let old = sealing::load(config)?.context("the old master key has to be configured ([master_key])")?;
    let new = sealing::read_file(new_file, config.store.data_dir.as_path())?;
    anyhow::ensure!(new.id() != old.id(), "{} holds the master key that is configured", new_file.display());
    let rotated = with_keys(config, async |stored| {
        let trail = open_trail(config)?;
        let rotated = sealing::rotate(&stored, &old, &new).await?;
        note(&trail, AuditAction::MasterKeyRotated, None).await?;
        Ok(rotated)
    })?;
    Ok(told(rotated, (&old, &new)))
}

fn told(Rotated { wrapped, others }: Rotated, (old, new): (&MasterKey, &MasterKey)) -> String {
    let mut text = format!(
        "{wrapped} keys that were under the master key {} are under {} now: name its file in the configuration, and start all \
         servers again\n",
        old.id(),
        new.id()
    );
    if others > 0 {
        text.push_str(&format!(
            "{others} keys are under neither, and stay as they are: `waypost master-key check`\n"
        ));
    }
    text
}

fn with_keys<T>(config: &Config, ask: impl AsyncFnOnce(DataKeys) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let place = config.store.place();
    claim_for_server(&place)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { ask(DataKeys::beside(Accounts::open(&place).await?)).await })
}
