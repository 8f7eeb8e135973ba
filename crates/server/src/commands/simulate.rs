//! `waypost simulate`: a simulated Meta for a server on this machine.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use waypost_simulator::{Business, Chances, Simulation, SimulationConfig};
use waypost_store::Clock as _;

use super::serve::stop_signal;
use crate::cli::Simulate;
use crate::clock::{SystemClock, random_seed};
use crate::config::Config;

/// How often the counts are printed.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// Runs until it is told to stop.
pub(crate) async fn simulate(asked: &Simulate, config: &Config) -> anyhow::Result<()> {
    let app_secret = config
        .whatsapp
        .app_secret
        .iter()
        .next()
        .context("WAYPOST_APP_SECRET is not set: the webhooks have to be signed with the server's")?;
    let seed = match asked.seed {
        Some(seed) => seed,
        None => u64::from_be_bytes(*random_seed()?.first_chunk().context("8 of 32 bytes")?),
    };
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let clock = Arc::new(SystemClock::new());
    let simulation = Simulation::start(
        SimulationConfig {
            webhook_url: asked.url.join("/whatsapp/webhook")?.to_string(),
            app_secret: app_secret.expose().to_owned(),
            access_token: config.whatsapp.access_token.as_ref().map(|token| token.expose().to_owned()),
            business: config
                .whatsapp
                .phone_number_id
                .clone()
                .map_or_else(Business::demo, Business::with_number),
            rate_per_s: asked.rate,
            seed,
            chances: Chances::LIVELY,
        },
        move || clock.now(),
        &tasks,
        &stop,
    )?;
    say(&format!("simulating Meta for {} (repeat with --seed {seed})", asked.url))?;
    if let Some(address) = asked.graph_listen {
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        say(&format!("Graph API on http://{}", simulation.serve_graph(listener)?))?;
    }
    let mut reports = tokio::time::interval(REPORT_EVERY);
    let stopped = stop_signal()?;
    let mut stopped = std::pin::pin!(stopped);
    loop {
        tokio::select! {
            biased;
            () = stopped.as_mut() => break,
            _ = reports.tick() => report(&simulation)?,
        }
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    report(&simulation)
}

fn report(simulation: &Simulation) -> anyhow::Result<()> {
    let counts = simulation.counts();
    let refusal = match counts.last_refusal {
        Some(401) => ", last refusal 401: the server has another WAYPOST_APP_SECRET".to_owned(),
        Some(status) => format!(", last refusal {status}"),
        None => String::new(),
    };
    say(&format!(
        "messages {}, statuses {}, sends accepted {}, refused {}, retries {}, given up {}{refusal}",
        counts.messages,
        counts.statuses,
        counts.sends_accepted,
        counts.sends_refused,
        counts.retries,
        counts.given_up
    ))
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("cannot write to the terminal")
}
