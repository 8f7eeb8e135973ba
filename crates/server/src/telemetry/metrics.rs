//! Counters and times, for Prometheus.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use waypost_api::{ErrorCode, GapNotice, Resumed};
use waypost_cloud_api::webhook::Foreign;
use waypost_realtime::Counts;
use waypost_store::StoreCounts;

use crate::limits::{Limit, LimitCounts};

/// Seconds: from a tenth of a millisecond to what Meta would call slow.
const SECONDS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// How a webhook was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WebhookOutcome {
    /// 200.
    Stored,
    /// Anything else.
    Refused(ErrorCode),
}

/// The metrics. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Metrics {
    /// A short section: registering the hub once, and writing the text when asked.
    registry: Arc<Mutex<Registry>>,
    webhooks: Family<OutcomeLabel, Counter>,
    items: Family<OutcomeLabel, Counter>,
    foreign: Family<OutcomeLabel, Counter>,
    acknowledged: Histogram,
    shown: Histogram,
    connects: Family<ResumedLabel, Counter>,
    gaps: Counter,
    sessions_not_kept: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResumedLabel {
    resumed: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("waypost");
        let metrics = Self {
            webhooks: Family::default(),
            items: Family::default(),
            foreign: Family::default(),
            acknowledged: Histogram::new(SECONDS),
            shown: Histogram::new(SECONDS),
            connects: Family::default(),
            gaps: Counter::default(),
            sessions_not_kept: Counter::default(),
            registry: Arc::default(),
        };
        registry.register("webhooks", "Webhooks by how they were answered", metrics.webhooks.clone());
        registry.register("connects", "Sockets let in, by what they go on from", metrics.connects.clone());
        registry.register(
            "sessions_not_kept",
            "Sockets let in without a session, because sessions could not be read or kept",
            metrics.sessions_not_kept.clone(),
        );
        registry.register("gaps", "Sockets told that what they missed is gone", metrics.gaps.clone());
        registry.register("webhook_items", "Items of webhooks by what became of them", metrics.items.clone());
        registry.register(
            "foreign_deliveries",
            "Deliveries for claimed numbers that another app signed, or that named another account",
            metrics.foreign.clone(),
        );
        registry.register_with_unit(
            "webhook_acknowledged",
            "From the arrival of a webhook's headers to its answer",
            Unit::Seconds,
            metrics.acknowledged.clone(),
        );
        registry.register_with_unit(
            "received_to_emitted",
            "From the oldest request of a commit reaching the store to its events being written to the connections",
            Unit::Seconds,
            metrics.shown.clone(),
        );
        *metrics.registry.lock().unwrap_or_else(PoisonError::into_inner) = registry;
        metrics
    }

    /// Counts an answered webhook.
    pub(crate) fn webhook(&self, outcome: WebhookOutcome, took: Duration) {
        let outcome = match outcome {
            WebhookOutcome::Stored => "stored",
            WebhookOutcome::Refused(code) => code.as_str(),
        };
        self.webhooks.get_or_create(&OutcomeLabel { outcome }).inc();
        self.acknowledged.observe(took.as_secs_f64());
    }

    /// Counts what became of a webhook's items.
    pub(crate) fn items(&self, counts: &StoreCounts) {
        for (outcome, count) in [
            ("stored", counts.stored),
            ("repeated", counts.repeated),
            ("parked", counts.parked),
            ("dead", counts.dead),
        ] {
            if count > 0 {
                self.items.get_or_create(&OutcomeLabel { outcome }).inc_by(count as u64);
            }
        }
    }

    /// Counts what was not for its signer to say.
    pub(crate) fn foreign(&self, foreign: &[Foreign]) {
        for foreign in foreign {
            self.foreign
                .get_or_create(&OutcomeLabel { outcome: foreign.kind.as_str() })
                .inc_by(foreign.changes);
        }
    }

    /// Counts a commit that was shown.
    pub(crate) fn shown(&self, took: Duration) {
        self.shown.observe(took.as_secs_f64());
    }

    /// Counts a socket that was let in.
    pub(crate) fn connected(&self, resumed: Resumed, gap: Option<&GapNotice>) {
        let resumed = match resumed {
            Resumed::Session => "session",
            Resumed::Since => "since",
            Resumed::None => "none",
        };
        self.connects.get_or_create(&ResumedLabel { resumed }).inc();
        self.gaps.inc_by(u64::from(gap.is_some()));
    }

    /// Counts a socket that was let in without a session, though it should have one.
    pub(crate) fn session_not_kept(&self) {
        self.sessions_not_kept.inc();
    }

    /// Adds the hub's numbers, read whenever somebody asks.
    pub(crate) fn watch_hub(&self, counts: impl Fn() -> Counts + Send + Sync + 'static) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register_collector(Box::new(HubCollector(Box::new(counts))));
    }

    /// Adds what the limits have refused, read whenever somebody asks; `crowded` is what the hub refused by a limit of its own.
    pub(crate) fn watch_limits(
        &self,
        counts: LimitCounts,
        crowded: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register_collector(Box::new(LimitCollector { counts, crowded: Box::new(crowded) }));
    }

    /// Adds whether the store can write, read whenever somebody asks.
    pub(crate) fn watch_store(&self, can_write: impl Fn() -> bool + Send + Sync + 'static) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register_collector(Box::new(StoreCollector(Box::new(can_write))));
    }

    /// Adds how many entries of the audit were lost, read whenever somebody asks.
    pub(crate) fn watch_audit(&self, lost: impl Fn() -> u64 + Send + Sync + 'static) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register_collector(Box::new(AuditCollector(Box::new(lost))));
    }

    /// The OpenMetrics text.
    pub(crate) fn to_text(&self) -> Option<String> {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        prometheus_client::encoding::text::encode(&mut text, &registry).ok().map(|()| text)
    }
}

/// Reads what was refused when asked. Each limit is there from the start, so that its first refusal is a rise.
struct LimitCollector {
    counts: LimitCounts,
    crowded: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl std::fmt::Debug for LimitCollector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LimitCollector")
    }
}

impl Collector for LimitCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let own = Limit::ALL.map(|limit| (limit.setting(), self.counts.of(limit)));
        let of_hub = ("unconnected_per_address_max", (self.crowded)());
        let help = "What was refused, by the setting that it was too much for";
        let mut family = encoder.encode_descriptor("limited", help, None, MetricType::Counter)?;
        for (limit, refused) in own.into_iter().chain([of_hub]) {
            ConstCounter::new(refused).encode(family.encode_family(&[("limit", limit)])?)?;
        }
        let help = "Connections closed because they went on after being refused many times";
        let floods = encoder.encode_descriptor("floods_closed", help, None, MetricType::Counter)?;
        ConstCounter::new(self.counts.floods()).encode(floods)
    }
}

/// Reads how the store is when asked.
struct StoreCollector(Box<dyn Fn() -> bool + Send + Sync>);

impl std::fmt::Debug for StoreCollector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreCollector")
    }
}

impl Collector for StoreCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let (name, help) = ("store_can_write", "1 if the store's last commit went well, else 0");
        let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(i64::from((self.0)())).encode(metric)
    }
}

/// Reads what the audit has lost when asked.
struct AuditCollector(Box<dyn Fn() -> u64 + Send + Sync>);

impl std::fmt::Debug for AuditCollector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditCollector")
    }
}

impl Collector for AuditCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let (name, help) =
            ("audit_lost", "Entries of the audit that were lost, as more came than could be written");
        let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new((self.0)()).encode(metric)
    }
}

/// Reads the hub's numbers when asked.
struct HubCollector(Box<dyn Fn() -> Counts + Send + Sync>);

impl std::fmt::Debug for HubCollector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HubCollector")
    }
}

impl Collector for HubCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counts = (self.0)();
        for (name, help, value) in [
            ("connections", "Engine.IO connections now", counts.connections),
            ("sockets", "Connected Socket.IO sockets now", counts.sockets),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            gauge.encode(metric)?;
        }
        for (name, help, value) in [
            ("events_published", "Journal events handed to the hub", counts.published),
            ("events_delivered", "Journal events written out, one for each socket", counts.delivered),
            ("volatile_dropped", "Volatile events dropped because newer ones came", counts.volatile_dropped),
            (
                "fell_behind",
                "Times that a socket was too slow, and read the journal again",
                counts.fell_behind,
            ),
            ("caught_up", "Times that a socket that was behind was live again", counts.caught_up),
            ("slow_closed", "Connections closed because they took too little", counts.slow_closed),
            ("handshakes_refused", "Handshakes answered 503", counts.handshakes_refused),
            ("sent_bytes", "Bytes handed to transports", counts.sent_bytes),
            ("received_bytes", "Bytes taken from transports", counts.received_bytes),
        ] {
            let counter = ConstCounter::new(value);
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            counter.encode(metric)?;
        }
        Ok(())
    }
}
