//! Delivering a webhook as Meta does: signed, and again with the same bytes until it is answered 200.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, redirect, retry};
use waypost_cloud_api::signature::{SIGNATURE_HEADER, sign};

use crate::counts::Counters;
use crate::error::SimulateError;
use crate::script::{Delivery, DeliveryKind};
use crate::target::Target;

/// How long one attempt may take. The server answers 503 well before, where its store is down.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);

/// When a webhook is sent again. Meta goes on for days; here a stop of the server for a minute is bridged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Before the second attempt; then twice as long each time.
    pub(crate) first_pause: Duration,
    pub(crate) pause_max: Duration,
    pub(crate) attempts_max: u32,
}

impl Patience {
    pub(crate) const META: Self =
        Self { first_pause: Duration::from_millis(200), pause_max: Duration::from_secs(5), attempts_max: 20 };

    fn pause(&self, attempt: u32) -> Duration {
        self.first_pause.saturating_mul(1 << attempt.min(16)).min(self.pause_max)
    }
}

/// Posts to one webhook.
pub(crate) struct Post {
    client: Client,
    target: Target,
    app_secret: String,
    patience: Patience,
    counters: Arc<Counters>,
}

impl Post {
    /// `in_flight_max` connections are kept open between webhooks.
    pub(crate) fn new(
        target: Target,
        app_secret: String,
        patience: Patience,
        in_flight_max: usize,
        counters: Arc<Counters>,
    ) -> Result<Self, SimulateError> {
        // Nothing leaves this machine: no proxy of the environment, no redirect, no resolver's idea of localhost.
        let loopback = [(Ipv4Addr::LOCALHOST, 0).into(), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
        let client = Client::builder()
            .user_agent("facebookexternalua")
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .resolve_to_addrs("localhost", &loopback)
            .pool_max_idle_per_host(in_flight_max)
            .timeout(ATTEMPT_TIMEOUT)
            .build()
            .map_err(SimulateError::Client)?;
        Ok(Self { client, target, app_secret, patience, counters })
    }

    /// Delivers, and counts what came of it. May be dropped at any time: then nobody knows whether it arrived.
    pub(crate) async fn deliver(&self, delivery: &Delivery) {
        let signature = sign(&self.app_secret, &delivery.body);
        for attempt in 0..self.patience.attempts_max {
            if attempt > 0 {
                tokio::time::sleep(self.patience.pause(attempt - 1)).await;
                self.counters.retries.add_one();
            }
            match self.attempt(delivery, &signature).await {
                Some(StatusCode::OK) => {
                    match delivery.kind {
                        DeliveryKind::Message => self.counters.messages.add_one(),
                        DeliveryKind::Status => self.counters.statuses.add_one(),
                    }
                    return;
                }
                Some(refusal) => self.counters.note_refusal(refusal.as_u16()),
                None => {}
            }
        }
        self.counters.given_up.add_one();
    }

    /// The status of the answer, if one came.
    async fn attempt(&self, delivery: &Delivery, signature: &str) -> Option<StatusCode> {
        let request = self
            .client
            .post(self.target.url())
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE_HEADER, signature)
            .body(delivery.body.clone());
        let response = request.send().await.ok()?;
        let status = response.status();
        // Only a body that was read to its end lets the connection be used again; Meta ignores it, too.
        response.bytes().await.ok()?;
        Some(status)
    }
}

#[cfg(test)]
mod tests;
