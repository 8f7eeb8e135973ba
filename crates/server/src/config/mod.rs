//! The settings: from flags, `WAYPOST_*` variables and `waypost.toml` into types that cannot be wrong.
//!
//! A key is one line in one place: the `section!` of its concern (`server.rs`, `store.rs`, …). Its TOML name, variable,
//! flag, default, bounds, reference page and the output of `waypost config` all come from that line. [`Config`] is
//! what the rest of the binary sees: one struct per concern. [`Problems`] is everything that was wrong, at once.
//!
//! This room does not know what the settings are for: it opens no socket and no directory. Except for [`Config::load`],
//! [`Config::for_demo`] (which read one file) and [`Environment::of_process`], everything here is pure.
//!
//! Start reading at `server.rs`, then `key.rs`, then `values.rs`.

mod address;
mod apps;
mod audit;
mod auth;
mod environment;
mod file;
mod jwt;
mod key;
mod limits;
mod master_key;
mod print;
mod problem;
mod proxies;
mod realtime;
mod reference;
mod retention;
mod role_list;
mod roles;
mod secret;
mod server;
mod setting;
mod source;
mod store;
#[cfg(test)]
mod tests;
mod unit;
mod values;
mod web;
mod whatsapp;

use waypost_domain::AppName;
use waypost_store::AuditPlace;

pub(crate) use address::Addresses;
pub(crate) use apps::{ClaimedNumbers, FurtherApps};
pub(crate) use audit::AuditConfig;
pub(crate) use auth::{Anonymous, AuthConfig};
pub(crate) use environment::Environment;
pub(crate) use jwt::{ClaimText, JwtKeys, JwtSecret, JwtSettings, PublicKey};
pub(crate) use key::{Key, Section};
pub(crate) use limits::LimitsConfig;
pub(crate) use master_key::{KeySource, MasterKeyConfig};
pub(crate) use print::default_file;
pub(crate) use problem::{Problem, Problems};
pub(crate) use realtime::{Offsets, RealtimeConfig};
pub(crate) use reference::reference_markdown;
pub(crate) use retention::RetentionConfig;
pub(crate) use role_list::RoleList;
pub(crate) use roles::Roles;
pub(crate) use secret::{Secret, Secrets};
pub(crate) use server::{LogFilter, LogFormat, ServerConfig};
pub(crate) use setting::Shape;
pub(crate) use source::Flags;
pub(crate) use store::StoreConfig;
pub(crate) use unit::{Bytes, Count, Days, Hours, Milliseconds, Minutes, OrOff, Seconds};
pub(crate) use web::{GraphUrl, JwksUrl, Origins, PublicUrl};
pub(crate) use whatsapp::WhatsappConfig;

use file::ConfigFile;
use key::Profile;
use values::{Effective, Values};

/// Every setting, checked. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) server: ServerConfig,
    pub(crate) store: StoreConfig,
    pub(crate) whatsapp: WhatsappConfig,
    pub(crate) realtime: RealtimeConfig,
    pub(crate) limits: LimitsConfig,
    pub(crate) retention: RetentionConfig,
    pub(crate) auth: AuthConfig,
    pub(crate) master_key: MasterKeyConfig,
    pub(crate) audit: AuditConfig,
    /// Variables and keys that were set and that the demo left aside, as it makes its own.
    pub(crate) ignored: Vec<String>,
    /// What `waypost config` prints: each value with where it came from, secrets already left out.
    effective: Vec<Effective>,
}

impl Config {
    /// The settings of `serve`, `simulate`, `key` and `config`.
    ///
    /// Reads the file named by `--config` or `WAYPOST_CONFIG`, else `./waypost.toml` if there is one.
    pub(crate) fn load(flags: &Flags, environment: &Environment) -> Result<Self, Problems> {
        let file = match file::named(flags, environment) {
            Some(path) => ConfigFile::open(path).map(Some),
            None => ConfigFile::open_if_there(file::DEFAULT_PATH),
        };
        Self::from_sources(Profile::Serve, flags, environment, file)
    }

    /// The settings of `demo`: secrets and the Graph API's address are left empty for the demo to fill, whatever the
    /// environment says (see [`Config::ignored`]), the data directory is its own, and only loopback may be listened on.
    ///
    /// Reads a file only when one is named: a `waypost.toml` that lies here configures the real server.
    pub(crate) fn for_demo(flags: &Flags, environment: &Environment) -> Result<Self, Problems> {
        let file = file::named(flags, environment).map(ConfigFile::open).transpose();
        Self::from_sources(Profile::Demo, flags, environment, file)
    }

    /// The pure part: flags before variables before the file before the defaults.
    fn from_sources(
        profile: Profile,
        flags: &Flags,
        environment: &Environment,
        file: Result<Option<ConfigFile>, Problem>,
    ) -> Result<Self, Problems> {
        let mut values = Values::new(profile);
        values.add_file(file);
        values.add_environment(environment);
        values.add_flags(flags);
        let config = Self::read(&mut values);
        values.finish(config)
    }

    fn read(values: &mut Values) -> Option<Self> {
        let mut config = Self {
            server: ServerConfig::read(values)?,
            store: StoreConfig::read(values)?,
            whatsapp: WhatsappConfig::read(values)?,
            realtime: RealtimeConfig::read(values)?,
            limits: LimitsConfig::read(values)?,
            retention: RetentionConfig::read(values)?,
            auth: AuthConfig::read(values)?,
            master_key: MasterKeyConfig::read(values)?,
            audit: AuditConfig::read(values)?,
            ignored: Vec::new(),
            effective: Vec::new(),
        };
        config.check_together(values);
        (config.effective, config.ignored) = values.take_effective();
        Some(config)
    }

    /// Where the audit is, and its key.
    pub(crate) fn audit_place(&self) -> AuditPlace {
        let beside = || self.store.data_dir.as_path().join("audit.key");
        let key_file = self.audit.key_file.as_ref().map_or_else(beside, |file| file.as_path().to_path_buf());
        AuditPlace { store: self.store.place(), key_file }
    }

    /// What no single value can show: the rules between keys.
    fn check_together(&self, values: &mut Values) {
        let webhook = self.server.webhook_listen.as_ref();
        let twice = webhook.and_then(|webhook| webhook.first_shared_with(&self.server.listen));
        if let Some(address) = twice {
            values.refuse(
                "server.webhook_listen",
                &address.to_string(),
                "addresses that server.listen has not",
            );
        }
        let whatsapp = &self.whatsapp;
        if whatsapp.further_apps.contains(&whatsapp.app) {
            let own = "names that whatsapp.app has not: its secrets are in whatsapp.app_secret";
            values.refuse("whatsapp.further_apps", whatsapp.app.as_str(), own);
        }
        let is_unknown = |app: &&AppName| **app != whatsapp.app && !whatsapp.further_apps.contains(app);
        if let Some(app) = whatsapp.claimed_numbers.apps().find(is_unknown) {
            let named = "apps that whatsapp.app or whatsapp.further_apps name";
            values.refuse("whatsapp.claimed_numbers", app.as_str(), named);
        }
        self.auth.check_together(values);
        self.master_key.check_together(values);
        let retention = &self.retention;
        if retention.session_hours.duration() > retention.journal_days.duration() {
            values.refuse(
                "retention.session_hours",
                &(retention.session_hours.duration().as_secs() / 3_600).to_string(),
                "at most the hours of retention.journal_days: what a session goes on from has to be there",
            );
        }
        if values.profile() == Profile::Demo {
            let own = "the demo listens on loopback addresses only";
            if let Some(address) = self.server.listen.first_beyond_loopback() {
                values.refuse("server.listen", &address.to_string(), own);
            }
            if let Some(address) = webhook.and_then(Addresses::first_beyond_loopback) {
                values.refuse("server.webhook_listen", &address.to_string(), own);
            }
        }
    }
}
