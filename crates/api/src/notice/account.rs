//! Accounts, and what belongs to all of their numbers.

use super::view;
use crate::time::IsoTime;

view!(
    /// Something happened to an account.
    AccountView of AccountChange {
        /// What (`DISABLED_UPDATE`, `PARTNER_REMOVED`, …).
        event: &'a str,
        /// The country it is about.
        country: &'a str,
        /// Of a ban.
        ban: BanView<'a>,
        /// What is no longer allowed.
        restrictions: Vec<RestrictionView<'a>>,
        /// Which rule was broken.
        violation: &'a str,
        /// The account that a partner got or lost.
        shared: SharedView<'a>,
        /// Why the number left, and by whose doing.
        disconnection: DisconnectionView<'a>,
        /// The tier of prices.
        tier: TierView<'a>,
    }
);
view!(
    /// The account is, or will be, disabled.
    BanView of Ban {
        /// Where it stands.
        state: &'a str,
        /// When, in English.
        date: &'a str,
    }
);
view!(
    /// Something that an account may not do.
    RestrictionView of Restriction {
        /// What.
        r#type <- kind: &'a str,
        /// Until when.
        until: IsoTime,
    }
);
view!(
    /// An account that is shared with a partner.
    SharedView of SharedAccount {
        /// The account.
        waba_id <- waba: &'a str,
        /// Whose it is.
        owner_business_id <- owner: &'a str,
        /// The partner's app.
        partner_app_id <- partner_app: &'a str,
        /// The solution it takes part in.
        solution_id <- solution: &'a str,
    }
);
view!(
    /// A number left the API.
    DisconnectionView of Disconnection {
        /// Why.
        reason: &'a str,
        /// By whose doing.
        initiated_by: &'a str,
    }
);
view!(
    /// A tier of prices that depends on volume.
    TierView of VolumeTier {
        /// The tier.
        tier: &'a str,
        /// The category of messages.
        category: &'a str,
        /// The region.
        region: &'a str,
        /// The month it holds for.
        month: &'a str,
        /// Since when.
        since: IsoTime,
    }
);
view!(
    /// Something about an account that somebody should look at.
    AlertView of AccountAlert {
        /// What it is about (`PHONE_NUMBER`, …).
        entity_type <- entity_kind: &'a str,
        /// Which one.
        entity_id <- entity: &'a str,
        /// How bad it is.
        severity: &'a str,
        /// Whether it is still so.
        status: &'a str,
        /// What it is.
        r#type <- kind: &'a str,
        /// In words.
        description: &'a str,
    }
);
view!(
    /// An account was reviewed.
    ReviewView of AccountReview {
        /// How that ended.
        decision: &'a str,
    }
);
view!(
    /// Something about a flow: its state, or how its endpoint does.
    FlowView of FlowNotice {
        /// What.
        event: &'a str,
        /// Which flow.
        flow_id <- flow: &'a str,
        /// In words.
        message: &'a str,
        /// Its state before.
        old_status: &'a str,
        /// Its state now.
        new_status: &'a str,
        /// Whether an alert began or ended.
        alert_state: &'a str,
        /// The share of errors, in per cent.
        error_rate: &'a str,
        /// The bound that was crossed.
        threshold: &'a str,
        /// The share of calls that were answered, in per cent.
        availability: &'a str,
        /// The middle of the latencies, in milliseconds.
        p50_latency: &'a str,
        /// The latency that nine of ten calls kept, in milliseconds.
        p90_latency: &'a str,
        /// How many calls it was measured on.
        requests: &'a str,
        /// What is about to happen.
        warning: &'a str,
    }
);
view!(
    /// Something happened to a solution of several partners.
    SolutionView of PartnerSolution {
        /// What.
        event: &'a str,
        /// Which one.
        solution_id <- solution: &'a str,
        /// Where it stands.
        status: &'a str,
    }
);
view!(
    /// A way to be paid changed.
    PaymentView of PaymentConfiguration {
        /// Its name.
        name: &'a str,
        /// Who provides it.
        provider: &'a str,
        /// The business, as the provider knows it.
        merchant_id <- merchant: &'a str,
        /// Where it stands.
        status: &'a str,
        /// Since when it is there.
        created_at: IsoTime,
        /// When it was changed.
        updated_at: IsoTime,
    }
);
