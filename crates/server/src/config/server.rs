//! `[server]`: where we listen, who we are, what we log.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use waypost_realtime::TrustedProxies;

use super::key::{Section, section};
use super::setting::{Raw, Setting, Shape, Shown, Wrong, choice};
use super::{Addresses, Origins, PublicUrl, Seconds};

section! {
    Section::Server;
    /// Where the server listens, under which address it is known, and what it logs.
    pub(crate) struct ServerConfig {
        /// Addresses to listen on. To be reached from other machines, put a reverse proxy with TLS in front, or listen
        /// on 0.0.0.0 or [::].
        listen: Addresses = "127.0.0.1:3000,[::1]:3000", short "listen";
        /// Further addresses that serve the webhook and nothing else: what a tunnel or a public port should lead to.
        webhook_listen: Option<Addresses> = "", short "webhook_listen";
        /// The address at which browsers and Meta reach this server. Requests to another host than this and loopback
        /// are refused.
        public_url: Option<PublicUrl> = "", short "public_url";
        /// Origins of other pages that may use this server from a browser.
        cors_origins: Origins = "", short "cors_origins";
        /// The reverse proxies before this server. A request that comes from one of them is its client's, as its
        /// `X-Forwarded-For` says; from anybody else that header means nothing.
        trusted_proxies: TrustedProxies = "", short "trusted_proxies";
        /// What is logged: a level, or targets with levels, such as `info,waypost_store=debug`.
        log: LogFilter = "info", short "log";
        /// How it is logged: `text` for people, `json` for programs.
        log_format: LogFormat = "text";
        /// How long stopping may take: what was accepted is committed and answered, clients are told.
        shutdown_timeout_seconds: Seconds<1, 10> = "10";
    }
}

choice! {
    /// The form of a log line.
    pub(crate) enum LogFormat, allowed "`text` or `json`" {
        Text = "text",
        Json = "json",
    }
}

/// The PostgreSQL client notes each query with its values, names and numbers of people among them. The second target is
/// named too, because a filter may name it, and the more exact of two counts.
const NEVER_BELOW_WARN: [&str; 2] = ["tokio_postgres", "tokio_postgres::query"];

/// What is logged, as `tracing_subscriber` understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogFilter(String);

impl LogFilter {
    /// A fresh filter; its type cannot be cloned.
    pub(crate) fn env_filter(&self) -> EnvFilter {
        NEVER_BELOW_WARN.into_iter().fold(EnvFilter::new(&self.0), |filter, target| {
            let directive = format!("{target}=warn").parse().expect("a target and a level");
            filter.add_directive(directive)
        })
    }
}

impl Setting for LogFilter {
    const SHAPE: Shape = Shape::Text;

    fn allowed() -> String {
        "a level (off, error, warn, info, debug, trace), or comma-separated parts such as waypost_store=debug"
            .to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let text = raw.text()?;
        // `EnvFilter` takes a lone word that is no level for a target and shows all of it: a level with a typo would
        // silence everything else.
        let lone_word_is_level =
            |part: &str| part.contains(['=', '[']) || part.trim().parse::<LevelFilter>().is_ok();
        if text.split(',').all(lone_word_is_level) && EnvFilter::builder().parse(text).is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err(Wrong::whole())
        }
    }

    fn shown(&self) -> Shown {
        Shown::text(&self.0)
    }
}
