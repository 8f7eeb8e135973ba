//! Secrets, which no log, error or page can show by accident.

use std::fmt;

use super::setting::{Raw, Secrecy, Setting, Shape, Shown, Wrong};

/// One secret. `Debug` and `Display` hide it; [`Secret::expose`] is the only way to its text.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    /// Takes visible ASCII without spaces, so that it can stand in a header; `None` otherwise, or when empty.
    pub(crate) fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(Self(text))
    }

    /// Its text, for the one place that needs it. Comparisons are to be in constant time.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(hidden)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[hidden]")
    }
}

impl Setting for Secret {
    const SHAPE: Shape = Shape::Text;
    const SECRECY: Secrecy = Secrecy::Secret;

    fn allowed() -> String {
        "visible ASCII characters without spaces".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        Self::new(raw.text()?).ok_or_else(Wrong::whole)
    }

    fn shown(&self) -> Shown {
        Shown::Hidden(1)
    }
}

/// Several secrets of which each is good, so that one can be replaced while the other still works; or none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(Vec<Secret>);

impl Secrets {
    /// Just this one.
    pub(crate) fn one(secret: Secret) -> Self {
        Self(vec![secret])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter()
    }
}

impl Setting for Secrets {
    const SHAPE: Shape = Shape::List;
    const SECRECY: Secrecy = Secrecy::Secret;

    fn allowed() -> String {
        "one or several, comma-separated, of visible ASCII characters without spaces; or nothing".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        let secrets: Option<Vec<Secret>> = raw.items()?.into_iter().map(Secret::new).collect();
        secrets.map(Self).ok_or_else(Wrong::whole)
    }

    fn shown(&self) -> Shown {
        match self.0.len() {
            0 => Shown::Unset,
            count => Shown::Hidden(count),
        }
    }
}
