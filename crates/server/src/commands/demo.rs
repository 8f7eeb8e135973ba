//! `waypost demo`: a server and a simulated Meta in one process.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use waypost_simulator::{Business, Chances, Simulation, SimulationConfig};
use waypost_store::Clock as _;

use super::purpose::claim_for_demo;
use super::serve::stop_signal;
use crate::app::{App, Mode};
use crate::clock::{SystemClock, random_secret, random_seed};
use crate::config::{Config, GraphUrl, Secret, Secrets};
use crate::server::{Listeners, Server};

/// Customers' messages a second: a page that is alive and can be read.
const RATE_PER_S: f64 = 0.5;

/// Runs until it is told to stop.
pub(crate) async fn demo(mut config: Config) -> anyhow::Result<()> {
    claim_for_demo(config.store.data_dir.as_path())?;
    for left_aside in &config.ignored {
        tracing::warn!(setting = left_aside, "the demo makes its own: this setting is left aside");
    }
    let graph =
        TcpListener::bind("127.0.0.1:0").await.context("cannot listen for the simulated Graph API")?;
    let business = Business::demo();
    let app_secret = random_secret("")?;
    let access_token = random_secret("DEMO")?;
    let secret = |text: &str| Secret::new(text).context("a random secret is a secret");
    config.whatsapp.app_secret = Secrets::one(secret(&app_secret)?);
    config.whatsapp.verify_token = Some(secret(&random_secret("")?)?);
    config.whatsapp.access_token = Some(secret(&access_token)?);
    config.whatsapp.phone_number_id = Some(business.phone_number_id.clone());
    config.whatsapp.graph_url =
        GraphUrl::new(&format!("http://{}", graph.local_addr()?)).context("a loopback address is a URL")?;

    let listeners = Listeners::bind(&config).await?;
    let address = *listeners.main_addresses()?.first().context("the demo listens somewhere")?;
    let server = Server::start(&config, App::build(&config, Mode::Demo).await?, listeners).await?;
    let stopped = stop_signal()?;
    let simulation_tasks = TaskTracker::new();
    let clock = Arc::new(SystemClock::new());
    let simulation = Simulation::start(
        SimulationConfig {
            webhook_url: format!("http://{address}/whatsapp/webhook"),
            app_secret,
            access_token: Some(access_token),
            business,
            rate_per_s: RATE_PER_S,
            seed: u64::from_be_bytes(*random_seed()?.first_chunk().context("8 of 32 bytes")?),
            chances: Chances::LIVELY,
        },
        move || clock.now(),
        &simulation_tasks,
        server.stopping(),
    )?;
    simulation.serve_graph(graph)?;
    let welcome = format!(
        "\n  Waypost DEMO: simulated customers, nothing leaves this machine.\n\n  Open   http://{address}/\n  Stop   \
         Ctrl-C\n\n"
    );
    std::io::stdout().write_all(welcome.as_bytes()).context("cannot write to the terminal")?;
    stopped.await;
    server.stop().await;
    Ok(())
}
