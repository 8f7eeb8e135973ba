//! tmp
#![allow(missing_docs, clippy::all, clippy::print_stdout, reason = "tmp")]
use waypost_simulator::*;
use waypost_domain::Timestamp;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
#[tokio::main]
async fn main() {
    let l = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/whatsapp/webhook", l.local_addr().unwrap());
    let (t, s) = (TaskTracker::new(), CancellationToken::new());
    let router = axum::Router::new().route("/whatsapp/webhook", axum::routing::post(|_b: bytes::Bytes| async {}));
    t.spawn(async move { axum::serve(l, router).await });
    let sim = Simulation::start(SimulationConfig { webhook_url: url, app_secret: "x".into(), access_token: None,
        business: Business::demo(), rate_per_s: 20000.0, seed: 1, chances: Chances::LIVELY }, || Timestamp::from_millis(1_794_000_000_000), &t, &s).unwrap();
    for _ in 0..3 { tokio::time::sleep(std::time::Duration::from_secs(2)).await; println!("{:?}", sim.counts()); }
}
