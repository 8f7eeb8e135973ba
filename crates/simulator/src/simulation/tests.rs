use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::*;

/// Longer than anything here takes, also on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

fn config(webhook_url: &str, rate_per_s: f64) -> SimulationConfig {
    SimulationConfig {
        webhook_url: webhook_url.to_owned(),
        app_secret: "s3cret".to_owned(),
        access_token: None,
        business: Business::demo(),
        rate_per_s,
        seed: 1,
        chances: Chances::PLAIN,
    }
}

/// A server, and a simulation against it.
struct Demo {
    bodies: mpsc::Receiver<Bytes>,
    in_flight_peak: Arc<AtomicUsize>,
    simulation: Simulation,
    tasks: TaskTracker,
    stop: CancellationToken,
}

#[derive(Clone)]
struct Webhook {
    bodies: mpsc::Sender<Bytes>,
    in_flight: Arc<AtomicUsize>,
    in_flight_peak: Arc<AtomicUsize>,
}

async fn receive_webhook(State(webhook): State<Webhook>, body: Bytes) {
    let in_flight = webhook.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
    webhook.in_flight_peak.fetch_max(in_flight, Ordering::SeqCst);
    // A full channel holds the answer back, as a slow server does.
    webhook.bodies.send(body).await.ignore_because("the test has seen enough");
    webhook.in_flight.fetch_sub(1, Ordering::SeqCst);
}

impl Demo {
    async fn start(rate_per_s: f64) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/whatsapp/webhook", listener.local_addr().unwrap());
        let (sender, bodies) = mpsc::channel(1);
        let in_flight_peak = Arc::new(AtomicUsize::new(0));
        let webhook =
            Webhook { bodies: sender, in_flight: Arc::default(), in_flight_peak: in_flight_peak.clone() };
        let router = Router::new().route("/whatsapp/webhook", post(receive_webhook)).with_state(webhook);
        tasks.spawn(stop.clone().run_until_cancelled_owned(async {
            axum::serve(listener, router).await.ignore_because("the test is over");
        }));
        let clock = || Timestamp::from_millis(1_794_000_000_000);
        let simulation = Simulation::start(config(&url, rate_per_s), clock, &tasks, &stop).unwrap();
        Self { bodies, in_flight_peak, simulation, tasks, stop }
    }

    async fn next_value(&mut self) -> Value {
        let body = timeout(DEADLINE, self.bodies.recv()).await.unwrap().unwrap();
        let mut body: Value = serde_json::from_slice(&body).unwrap();
        body["entry"][0]["changes"][0]["value"].take()
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        drop(self.bodies);
        timeout(DEADLINE, self.tasks.wait()).await.expect("every task ends when told to");
    }
}

#[tokio::test]
async fn customers_write_and_it_ends_when_told_to() {
    let mut demo = Demo::start(200.0).await;
    while demo.simulation.counts().messages < 20 {
        assert!(demo.next_value().await["messages"][0]["from"].as_str().unwrap().starts_with("155501"));
    }
    demo.end().await;
}

#[tokio::test]
async fn what_the_graph_api_accepts_gets_its_statuses() {
    let mut demo = Demo::start(0.0).await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let graph = demo.simulation.serve_graph(listener).unwrap();
    let send = json!({ "messaging_product": "whatsapp", "to": "+15550100101", "text": { "body": "Hi" } });
    let url = format!("http://{graph}/v26.0/100000000000101/messages");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.post(url).json(&send).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let status = demo.next_value().await;
    assert_eq!(status["statuses"][0]["id"], answer["messages"][0]["id"]);
    assert_eq!(status["statuses"][0]["status"], "sent");
    assert_eq!(demo.simulation.counts().sends_accepted, 1);
    drop(client);
    demo.end().await;
}

#[tokio::test]
async fn a_slow_server_has_at_most_64_webhooks_under_way() {
    let mut demo = Demo::start(20_000.0).await;
    for _ in 0..500 {
        demo.next_value().await;
    }
    let peak = demo.in_flight_peak.load(Ordering::SeqCst);
    assert!((2..=IN_FLIGHT_MAX).contains(&peak), "{peak}");
    demo.end().await;
}

#[tokio::test]
async fn nothing_but_loopback() {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let clock = || Timestamp::from_millis(0);
    let start = |url: &str| Simulation::start(config(url, 0.0), clock, &tasks, &stop);
    assert!(matches!(start("http://192.0.2.1/whatsapp/webhook"), Err(SimulateError::NotLoopback(_))));
    let simulation = start("http://127.0.0.1:9/whatsapp/webhook").unwrap();
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
    assert!(matches!(simulation.serve_graph(listener), Err(SimulateError::ListensBeyondLoopback(_))));
    stop.cancel();
}

#[tokio::test]
async fn what_is_no_rate_is_refused() {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    for rate in [-1.0, f64::NAN, f64::INFINITY, 1e9] {
        let config = config("http://127.0.0.1:9/", rate);
        let started = Simulation::start(config, || Timestamp::from_millis(0), &tasks, &stop);
        assert!(matches!(started, Err(SimulateError::Rate)), "{rate}");
    }
}
