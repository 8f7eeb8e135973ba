//! Several Meta apps, and which numbers are theirs.

use std::collections::BTreeMap;

use waypost_domain::{AppName, Claim, Claims, PhoneNumberId, WabaId};

use super::Secret;
use super::setting::{Raw, Secrecy, Setting, Shape, Shown, Wrong};

/// Apps beside the first, each with its secrets. Possibly none.
#[derive(Debug, Clone, Default)]
pub(crate) struct FurtherApps(BTreeMap<String, Vec<Secret>>);

impl FurtherApps {
    /// Each app with its secrets.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (AppName, &[Secret])> {
        let named = |(name, secrets): (&String, _)| Some((AppName::parse(name)?, secrets));
        self.0.iter().filter_map(move |(name, secrets)| named((name, secrets.as_slice())))
    }

    /// Whether there is one of this name.
    pub(crate) fn contains(&self, app: &AppName) -> bool {
        self.0.contains_key(app.as_str())
    }
}

impl Setting for FurtherApps {
    const SHAPE: Shape = Shape::List;
    const SECRECY: Secrecy = Secrecy::Secret;

    fn allowed() -> String {
        "items such as shop:SECRET, an app's name as in whatsapp.app and its secret; twice the same name while a secret is \
         being replaced; or nothing"
            .to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let mut apps: BTreeMap<String, Vec<Secret>> = BTreeMap::new();
        for item in raw.items()? {
            let (name, secret) = item.split_once(':').ok_or_else(Wrong::whole)?;
            let name = <AppName as Setting>::parse(&Raw::Text(name.to_owned()))?;
            let secret = Secret::new(secret).ok_or_else(Wrong::whole)?;
            apps.entry(name.as_str().to_owned()).or_default().push(secret);
        }
        Ok(Self(apps))
    }

    fn shown(&self) -> Shown {
        match self.0.values().map(Vec::len).sum() {
            0 => Shown::Unset,
            count => Shown::Hidden(count),
        }
    }
}

/// Numbers that are claimed, each with its app and account where they are named. Possibly none.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClaimedNumbers(Vec<ClaimedNumber>);

#[derive(Debug, Clone)]
struct ClaimedNumber {
    number: PhoneNumberId,
    /// `None` for the first app.
    app: Option<AppName>,
    waba: Option<WabaId>,
}

impl ClaimedNumber {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let number = <PhoneNumberId as Setting>::parse(&Raw::Text(parts.next()?.to_owned())).ok()?;
        let app = match parts.next() {
            Some(name) => Some(<AppName as Setting>::parse(&Raw::Text(name.to_owned())).ok()?),
            None => None,
        };
        let waba = match parts.next() {
            Some(id) => Some(WabaId::parse(id).filter(|_| id.bytes().all(|byte| byte.is_ascii_digit()))?),
            None => None,
        };
        parts.next().is_none().then_some(Self { number, app, waba })
    }

    fn to_text(&self) -> String {
        let app = self.app.as_ref().map(|app| format!("/{}", app.as_str())).unwrap_or_default();
        let waba = self.waba.as_ref().map(|waba| format!("/{}", waba.as_str())).unwrap_or_default();
        format!("{}{app}{waba}", self.number.as_str())
    }
}

impl ClaimedNumbers {
    /// What they claim, where the first app is `app`.
    pub(crate) fn claims(&self, app: &AppName) -> Claims {
        let mut claims = Claims::default();
        for claimed in &self.0 {
            let app = claimed.app.as_ref().unwrap_or(app).clone();
            claims.claim(claimed.number.clone(), Claim { app, waba: claimed.waba.clone() });
        }
        claims
    }

    /// The apps that they name.
    pub(crate) fn apps(&self) -> impl Iterator<Item = &AppName> {
        self.0.iter().filter_map(|claimed| claimed.app.as_ref())
    }
}

impl Setting for ClaimedNumbers {
    const SHAPE: Shape = Shape::List;

    fn allowed() -> String {
        "items such as 100000000000101, 100000000000101/shop or 100000000000101/shop/200000000000001: a phone number ID, \
         its app, its WhatsApp Business account; or nothing"
            .to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let items = raw.items()?.into_iter();
        items
            .map(|item| ClaimedNumber::parse(item).ok_or_else(|| Wrong::item(item)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn shown(&self) -> Shown {
        Shown::list(&self.0.iter().map(ClaimedNumber::to_text).collect::<Vec<_>>())
    }
}
