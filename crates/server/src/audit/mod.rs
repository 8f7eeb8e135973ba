//! Who did what, as far as it is worth an entry of the audit: one small call after what was done has been done.
//!
//! Entries have ids only; `actor.rs` says what stands for whoever has none. What is done often (reading, joining, failing to
//! sign in) is counted for a while and written together (`often.rs`). Nothing here is ever waited for by whoever does something.
//!
//! Deliberately absent: the chain, its key and its writer (`waypost_store::audit`).

mod actor;
mod often;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use waypost_api::RoomName;
use waypost_domain::time::DAY_MS;
use waypost_domain::{AccountId, AuditAction, AuditActor, AuditEntry, AuditTarget, CustomerId, PrincipalId};
use waypost_store::{Audit, AuditPlace, Clock};

use crate::app::App;
use crate::clock::random_seed;
use often::{Deed, Often};

/// How often it is looked which counts are to be written.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How often the head is logged, and what is old taken out.
const TELL_EVERY: Duration = Duration::from_hours(24);
const PRUNE_EVERY: Duration = Duration::from_hours(1);
/// How long it is waited for that what was recorded is written, where somebody wants to know.
const SETTLE_MAX: Duration = Duration::from_secs(5);

/// The audit, as whoever does something writes to it.
pub(crate) struct Trail {
    audit: Audit,
    clock: Arc<dyn Clock>,
    /// A short section: one count.
    often: Mutex<Often>,
}

impl Trail {
    /// Opens the audit; creates what is missing.
    pub(crate) fn open(place: &AuditPlace, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let audit = Audit::open(place, &random_seed()?)?;
        Ok(Self { audit, clock, often: Mutex::default() })
    }

    /// Notes that whoever calls has done something.
    pub(crate) fn note(&self, who: &PrincipalId, action: AuditAction, target: Option<AuditTarget>) {
        self.note_as(self.actor(who), action, target);
    }

    /// Notes that a person has done something with an account of their own.
    pub(crate) fn note_account(&self, account: AccountId, action: AuditAction, target: AuditTarget) {
        self.note_as(AuditActor::Account(account), action, Some(target));
    }

    /// Notes that somebody was let into a room.
    pub(crate) fn note_join(&self, who: &PrincipalId, room: &RoomName, customer: Option<CustomerId>) {
        let target = match room {
            RoomName::General => Some(AuditTarget::GeneralRoom),
            RoomName::Monitor => Some(AuditTarget::MonitorRoom),
            // Of a name that is nobody's yet nothing can be kept.
            RoomName::Customer(_) => customer.map(AuditTarget::Customer),
        };
        self.note(who, AuditAction::Joined, target);
    }

    /// Notes that somebody has done something.
    pub(crate) fn note_as(&self, actor: AuditActor, action: AuditAction, target: Option<AuditTarget>) {
        let deed = Deed { actor, action, target };
        let is_frequent = matches!(
            action,
            AuditAction::Read | AuditAction::Joined | AuditAction::SignInFailed | AuditAction::AuditRead
        );
        let count = if is_frequent { self.often().meet(&deed, self.clock.monotonic()) } else { Some(1) };
        if let Some(count) = count {
            self.record(deed, count);
        }
    }

    /// Who somebody is in the audit.
    pub(crate) fn actor(&self, who: &PrincipalId) -> AuditActor {
        actor::of(who, |name| self.audit.stand_in(name))
    }

    /// The audit itself, to be read.
    pub(crate) const fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Waits until all that was noted is written.
    ///
    /// # Errors
    /// Where it is not within a few seconds.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        let settled = tokio::time::timeout(SETTLE_MAX, self.audit.settle()).await;
        let head = settled.ok().flatten().context("the audit could not be written")?;
        tracing::info!(audit.head = %head, "the audit's head");
        Ok(())
    }

    /// Has everything written that is counted, and waits for it: nothing is noted any more.
    pub(crate) async fn close(&self) {
        let rest = self.often().rest();
        self.record_all(rest);
        self.tell_head().await;
    }

    async fn tell_head(&self) {
        if let Err(error) = self.settle().await {
            tracing::warn!(%error, "it is not known where the audit ends");
        }
    }

    fn write_due(&self) {
        let due = self.often().due(self.clock.monotonic());
        self.record_all(due);
    }

    fn record_all(&self, deeds: Vec<(Deed, u32)>) {
        deeds.into_iter().for_each(|(deed, count)| self.record(deed, count));
    }

    fn record(&self, Deed { actor, action, target }: Deed, count: u32) {
        self.audit.record(AuditEntry { at: self.clock.now(), actor, action, target, count });
    }

    async fn prune(&self, days: i64) {
        match self.audit.prune(self.clock.now().plus_millis(-days * DAY_MS)).await {
            Ok(0) => {}
            Ok(entries) => tracing::info!(entries, "the audit's oldest entries are gone"),
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::error!(error, "the audit's oldest entries could not be taken out");
            }
        }
    }

    fn often(&self) -> MutexGuard<'_, Often> {
        self.often.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what was counted when its time is over, logs the head once a day, and takes out what is older than `days`.
pub(crate) async fn look_after(app: App, days: i64) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    let (mut told_at, mut pruned_at) = (None::<Duration>, None::<Duration>);
    loop {
        tokio::select! {
            biased;
            () = app.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let now = app.clock.monotonic();
        let is_due = |last: Option<Duration>, every| last.is_none_or(|last| now >= last + every);
        app.audit.write_due();
        if is_due(told_at, TELL_EVERY) {
            told_at = Some(now);
            app.audit.tell_head().await;
        }
        if is_due(pruned_at, PRUNE_EVERY) {
            pruned_at = Some(now);
            app.audit.prune(days).await;
        }
    }
}
