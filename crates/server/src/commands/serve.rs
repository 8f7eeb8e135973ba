//! `waypost serve`: the server.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;

use anyhow::Context as _;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::admin::address;
use super::purpose::claim_for_server;
use crate::accounts::FIRST_LINK_MINUTES;
use crate::app::{App, Mode};
use crate::config::{Anonymous, Config};
use crate::server::{Listeners, Server};

/// The one line that programs read: where the server listens, once it does.
#[derive(Serialize)]
struct Ready {
    event: &'static str,
    listen: Vec<SocketAddr>,
    webhook_listen: Vec<SocketAddr>,
}

/// Runs until it is told to stop.
pub(crate) async fn serve(config: &Config) -> anyhow::Result<()> {
    claim_for_server(&config.store.place())?;
    let mode = if config.whatsapp.app_secret.is_empty() { Mode::Setup } else { Mode::Live };
    // Before anything listens: while the store is waited for, whoever comes is to be refused rather than kept waiting.
    let app = App::build(config, mode).await?;
    let listeners = Listeners::bind(config).await?;
    let ready = Ready {
        event: "ready",
        listen: listeners.main_addresses()?,
        webhook_listen: listeners.webhook_addresses()?,
    };
    let server = Server::start(config, app, listeners).await?;
    // Before the ready line: whoever reads that may stop us.
    let stopped = stop_signal()?;
    tell_what_is_missing(config);
    let mut line = serde_json::to_string(&ready)?;
    line.push('\n');
    line.push_str(&who_can_come(config, &server, &ready.listen).await?);
    std::io::stdout().write_all(line.as_bytes()).context("cannot write the ready line")?;
    tracing::info!(listen = ?ready.listen, webhook_listen = ?ready.webhook_listen, "ready");
    stopped.await;
    server.stop().await;
    Ok(())
}

/// Says where nobody can come, and how the first administrator does: by a link, where somebody reads the terminal. What reads a
/// pipe may keep it for ever.
async fn who_can_come(config: &Config, server: &Server, listen: &[SocketAddr]) -> anyhow::Result<String> {
    if server.has_admin().await? {
        return Ok(String::new());
    }
    let has_key = !config.auth.api_key.is_empty() || server.has_keys().await?;
    if !has_key && config.auth.anonymous == Anonymous::Off {
        tracing::warn!(
            "there is neither an API key nor an administrator, so that no client can connect: make a key with \
             `waypost key create`, or let the first administrator in with `waypost admin link`"
        );
    } else {
        tracing::info!("there is no administrator yet: `waypost admin link` lets the first one in");
    }
    if !std::io::stdout().is_terminal() {
        return Ok(String::new());
    }
    let Some(secret) = server.first_admin_link().await? else { return Ok(String::new()) };
    let (address, secret) = (address(config.server.public_url.as_ref(), listen), secret.expose());
    Ok(format!(
        "\n  The first administrator, once, within {FIRST_LINK_MINUTES} minutes:\n  {address}/login#first={secret}\n\n"
    ))
}

/// From here on SIGTERM and SIGINT no longer end the process: the future returns at the first of them.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    })
}

fn tell_what_is_missing(config: &Config) {
    if config.whatsapp.app_secret.is_empty() {
        tracing::warn!(
            "set-up mode: WAYPOST_APP_SECRET is not set, so webhooks are answered 503 and Meta keeps them. \
             Meta: App Dashboard, App settings, Basic, App secret"
        );
    }
    if config.whatsapp.verify_token.is_none() {
        tracing::warn!(
            "WAYPOST_VERIFY_TOKEN is not set, so Meta cannot verify the webhook. Choose a word, set it here and \
             at Meta: WhatsApp, Configuration, Webhook"
        );
    }
    if config.master_key.source().is_none() {
        tracing::warn!(
            "there is no master key, so that the secrets of one-time passwords are stored as they are: `waypost \
             master-key init --file PATH` makes one"
        );
    }
    if config.whatsapp.access_token.is_none() || config.whatsapp.phone_number_id.is_none() {
        tracing::warn!(
            "WAYPOST_ACCESS_TOKEN or WAYPOST_PHONE_NUMBER_ID is not set, so nothing can be sent. Meta: WhatsApp, \
             API setup"
        );
    }
}
