//! `waypost reprocess`: reads what was not understood again, through a running server or beside none.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use reqwest::{Client, redirect};
use url::Url;
use waypost_domain::AuditAction;
use waypost_inbox::Numbers;
use waypost_store::{Clock, Store};

use super::audit::{note, open_trail};
use super::purpose::claim_for_server;
use crate::app::{claims, store_options};
use crate::cli::Reprocess;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::http::operation::reprocessed_view;

/// Does what is asked, and prints what came of it as JSON.
pub(crate) async fn reprocess(asked: &Reprocess, config: &Config) -> anyhow::Result<()> {
    let mut told = match &asked.url {
        Some(url) => ask(url, config).await?,
        None => here(config).await?,
    };
    told.push('\n');
    std::io::stdout().write_all(told.as_bytes()).context("cannot write to the terminal")
}

/// Opens the store, which no server may have in a data directory.
async fn here(config: &Config) -> anyhow::Result<String> {
    let place = config.store.place();
    claim_for_server(&place)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (store, mut commits) = Store::open(store_options(config, &clock)?)
        .context("is a server running? Then ask it: waypost reprocess --url http://127.0.0.1:3000")?;
    let trail = open_trail(config)?;
    // Nobody is connected here: what is stored is in the journal, and shown from there.
    let unshown = async { while commits.next().await.is_some() {} };
    let work = async {
        let numbers = Numbers::as_stored(&store, claims(&config.whatsapp)).await?;
        anyhow::Ok(waypost_inbox::reprocess(&store, &numbers, clock.now()).await?)
    };
    let done = tokio::select! {
        biased;
        done = work => done?,
        () = unshown => anyhow::bail!("the store was closed half way: begin again"),
    };
    note(&trail, AuditAction::Reprocessed, None).await?;
    Ok(serde_json::to_string(&reprocessed_view(&done))?)
}

/// Asks a server. It takes as long as it takes: the server goes on only while it is waited for.
async fn ask(url: &Url, config: &Config) -> anyhow::Result<String> {
    let key = config.auth.api_key.iter().next();
    let key = key.context("WAYPOST_API_KEY is not set: the server asks for one, see `waypost key create --help`; its scope is admin")?;
    let client = Client::builder().redirect(redirect::Policy::none()).build()?;
    let url = url.join("/api/dead-letters/reprocess")?;
    let answer =
        client.post(url).bearer_auth(key.expose()).send().await.context("the server is not there")?;
    let status = answer.status();
    let body = answer.text().await.context("the server went away half way: begin again")?;
    anyhow::ensure!(status.is_success(), "the server answered {status}: {body}");
    Ok(body)
}
