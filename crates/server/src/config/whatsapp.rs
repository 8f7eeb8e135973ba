//! `[whatsapp]`: what Meta gave us, and where its API is.

use waypost_domain::{AppName, PhoneNumberId, PortfolioId};

use super::key::{Demo, Section, section};
use super::setting::{Raw, Setting, Shape, Shown, Wrong};
use super::{ClaimedNumbers, FurtherApps, GraphUrl, Seconds, Secret, Secrets};

section! {
    Section::Whatsapp;
    /// The app at developers.facebook.com, the number it sends from, and the Graph API.
    pub(crate) struct WhatsappConfig {
        /// Our name for the app to which the secrets below belong.
        app: AppName = "default";
        /// The secret with which Meta signs webhooks: App settings, Basic, App secret. Two, comma-separated, while it is
        /// being replaced. Without it the webhook answers 503, so that nothing is lost.
        app_secret: Secrets = "", short "app_secret", demo Demo::Own;
        /// Other Meta apps whose webhooks come here too, each to `/whatsapp/webhook/` and its name, with its App secret:
        /// `shop:SECRET`. They have the same verify token.
        further_apps: FurtherApps = "", short "further_apps", demo Demo::Own;
        /// A word of your choice, to be entered also at Meta: WhatsApp, Configuration, Webhook, Verify token.
        verify_token: Option<Secret> = "", short "verify_token", demo Demo::Own;
        /// The number to send from: WhatsApp, API setup, Phone number ID. (It is not the phone number.)
        phone_number_id: Option<PhoneNumberId> = "", short "phone_number_id", demo Demo::Own;
        /// The business portfolio that owns the app's accounts: Business settings, Business info. With it, whoever writes to
        /// several accounts is one customer from the first message on; without it, once WhatsApp tells who owns them.
        portfolio_id: Option<PortfolioId> = "", short "portfolio_id";
        /// Further numbers that are yours, each with its app and its WhatsApp Business account where you name them. A claimed
        /// number, as the one above is, is bound to its app (`app` where none is named) and to its account (the first that the
        /// app names for it): what comes for it otherwise is kept as a dead letter. Nothing is sent from other numbers unless
        /// it is asked for by name.
        claimed_numbers: ClaimedNumbers = "", short "claimed_numbers", demo Demo::Own;
        /// The token to send with: of a system user with `whatsapp_business_messaging` (Business settings, Users, System
        /// users), or for a day the one of WhatsApp, API setup.
        access_token: Option<Secret> = "", short "access_token", demo Demo::Own;
        /// The Graph API's address.
        graph_url: GraphUrl = "https://graph.facebook.com", short "graph_url", demo Demo::Own;
        /// The Graph API's version. Meta retires each about two years after it came.
        graph_version: GraphVersion = "v26.0", short "graph_version";
        /// How long the Graph API may take to answer. A send without an answer stays `unknown` and is not repeated.
        graph_timeout_seconds: Seconds<1, 300> = "30";
    }
}

impl Setting for AppName {
    const SHAPE: Shape = Shape::Text;

    fn allowed() -> String {
        "1 to 64 of a-z, 0-9, - and _".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        // It stands in the webhook's path.
        let stands_in_a_path = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        let text = raw.text()?;
        Self::parse(text).filter(|_| text.bytes().all(stands_in_a_path)).ok_or_else(Wrong::whole)
    }

    fn shown(&self) -> Shown {
        Shown::text(self.as_str())
    }
}

impl Setting for PhoneNumberId {
    const SHAPE: Shape = Shape::Text;

    fn allowed() -> String {
        "1 to 32 digits".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let text = raw.text()?;
        let is_number = text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_digit());
        Self::parse(text).filter(|_| is_number).ok_or_else(Wrong::whole)
    }

    fn shown(&self) -> Shown {
        Shown::text(self.as_str())
    }
}

impl Setting for PortfolioId {
    const SHAPE: Shape = Shape::Text;

    fn allowed() -> String {
        "1 to 32 digits".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let text = raw.text()?;
        let is_number = text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_digit());
        Self::parse(text).filter(|_| is_number).ok_or_else(Wrong::whole)
    }

    fn shown(&self) -> Shown {
        Shown::text(self.as_str())
    }
}

/// `v26.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphVersion(String);

impl GraphVersion {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for GraphVersion {
    const SHAPE: Shape = Shape::Text;

    fn allowed() -> String {
        "a version such as v26.0".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let digits =
            |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        let text = raw.text()?;
        text.strip_prefix('v')
            .and_then(|version| version.split_once('.'))
            .filter(|(major, minor)| digits(major) && digits(minor))
            .map(|_| Self(text.to_owned()))
            .ok_or_else(Wrong::whole)
    }

    fn shown(&self) -> Shown {
        Shown::text(&self.0)
    }
}
