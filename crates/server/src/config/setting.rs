//! What every type of setting can do: be read, be shown, say what it allows.

use std::fmt;

/// What somebody wrote, before it is understood. It may be a secret, so that `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Raw {
    Text(String),
    /// An array of the file.
    List(Vec<String>),
    /// Something of the file that no key takes (`true`, `1.5`, a table), as one would name it in an error.
    Unfit(String),
}

impl Raw {
    pub(crate) fn text(&self) -> Result<&str, Wrong> {
        match self {
            Self::Text(text) => Ok(text.trim()),
            Self::List(_) | Self::Unfit(_) => Err(Wrong::whole()),
        }
    }

    /// The parts between commas, or of the array. An empty text is an empty list; an empty part is wrong.
    pub(crate) fn items(&self) -> Result<Vec<&str>, Wrong> {
        let items: Vec<&str> = match self {
            Self::Text(text) if text.trim().is_empty() => Vec::new(),
            Self::Text(text) => text.split(',').map(str::trim).collect(),
            Self::List(items) => items.iter().map(|item| item.trim()).collect(),
            Self::Unfit(_) => return Err(Wrong::whole()),
        };
        if items.iter().any(|item| item.is_empty()) { Err(Wrong::whole()) } else { Ok(items) }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Unfit(_) => false,
        }
    }

    /// For an error about a key that is no secret.
    pub(crate) fn shown(&self) -> String {
        match self {
            _ if self.is_empty() => "empty".to_owned(),
            Self::Text(text) => quoted(text),
            Self::List(items) => quoted(&items.join(", ")),
            Self::Unfit(name) => name.clone(),
        }
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Raw(hidden)")
    }
}

/// A value that its key does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The one item of a list that is to blame, if it is one.
    pub(crate) item: Option<String>,
    /// What is wrong, where what is allowed does not say it.
    pub(crate) why: Option<String>,
}

impl Wrong {
    pub(crate) fn whole() -> Self {
        Self { item: None, why: None }
    }

    pub(crate) fn item(item: &str) -> Self {
        Self { item: Some(item.to_owned()), why: None }
    }

    pub(crate) fn because(why: impl Into<String>) -> Self {
        Self { item: None, why: Some(why.into()) }
    }
}

/// How a value is written in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Number,
    Text,
    /// An array; comma-separated in variables and flags.
    List,
}

/// Whether a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrecy {
    Open,
    Secret,
}

/// A value as it is printed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shown {
    Value(toml::Value),
    Unset,
    /// So many secrets.
    Hidden(usize),
}

impl Shown {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Value(toml::Value::String(text.into()))
    }

    pub(crate) fn list<T: ToString>(items: &[T]) -> Self {
        let items = items.iter().map(|item| toml::Value::String(item.to_string()));
        Self::Value(toml::Value::Array(items.collect()))
    }
}

/// A type that a key can have. Parsing is all the checking there is: what was parsed is right.
pub(crate) trait Setting: Sized {
    const SHAPE: Shape;
    const SECRECY: Secrecy = Secrecy::Open;

    /// Completes "allowed: …".
    fn allowed() -> String;

    fn parse(raw: &Raw) -> Result<Self, Wrong>;

    fn shown(&self) -> Shown;
}

/// Nothing written is nothing set.
impl<T: Setting> Setting for Option<T> {
    const SHAPE: Shape = T::SHAPE;
    const SECRECY: Secrecy = T::SECRECY;

    fn allowed() -> String {
        format!("{}; or nothing", T::allowed())
    }

    fn parse(raw: &Raw) -> Result<Self, Wrong> {
        if raw.is_empty() { Ok(None) } else { T::parse(raw).map(Some) }
    }

    fn shown(&self) -> Shown {
        self.as_ref().map_or(Shown::Unset, T::shown)
    }
}

/// Between backticks, in one line, bounded, and without what a URL says about who logs in, its settings included.
pub(crate) fn quoted(text: &str) -> String {
    const CHARS_MAX: usize = 100;
    let text = match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if at >= scheme + 3 => {
            format!("{}[hidden]{}", &text[..scheme + 3], &text[at..])
        }
        _ => text.to_owned(),
    };
    let text = match text.split_once('?') {
        Some((place, _)) if text.contains("://") => format!("{place}?[hidden]"),
        _ => text,
    };
    let mut line: String = text.chars().take(CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().count() > CHARS_MAX {
        line.push('…');
    }
    format!("`{line}`")
}

/// Declares an enum of which one is chosen by its name.
macro_rules! choice {
    (
        $(#[$about:meta])*
        pub(crate) enum $choice:ident, allowed $allowed:literal {
            $($(#[$doc:meta])* $variant:ident = $name:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $choice {
            $($(#[$doc])* $variant,)+
        }

        impl $crate::config::setting::Setting for $choice {
            const SHAPE: $crate::config::setting::Shape = $crate::config::setting::Shape::Text;

            fn allowed() -> String {
                $allowed.to_owned()
            }

            fn parse(
                raw: &$crate::config::setting::Raw,
            ) -> Result<Self, $crate::config::setting::Wrong> {
                match raw.text()? {
                    $($name => Ok(Self::$variant),)+
                    _ => Err($crate::config::setting::Wrong::whole()),
                }
            }

            fn shown(&self) -> $crate::config::setting::Shown {
                $crate::config::setting::Shown::text(match self {
                    $(Self::$variant => $name,)+
                })
            }
        }
    };
}

pub(super) use choice;
