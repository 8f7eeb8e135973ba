//! A key of the configuration, and the table of all of them.

use super::setting::{Raw, Secrecy, Shape, Shown, Wrong};
use super::{
    AuditConfig, AuthConfig, LimitsConfig, MasterKeyConfig, RealtimeConfig, RetentionConfig, ServerConfig,
    StoreConfig, WhatsappConfig,
};

/// For which command the settings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// A real server, and every command that looks at one.
    Serve,
    /// The demo, which makes its own secrets.
    Demo,
}

/// What the demo does with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demo {
    /// The same as `serve`.
    Same,
    /// The same, with another default.
    Default(&'static str),
    /// It makes its own value: what is set elsewhere is ignored, and the flag refused.
    Own,
}

/// A section of `waypost.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    Server,
    Store,
    Whatsapp,
    Realtime,
    Limits,
    Retention,
    Auth,
    MasterKey,
    Audit,
}

impl Section {
    /// All of them, in the order in which they are printed.
    pub(crate) const ALL: [Self; 9] = [
        Self::Server,
        Self::Store,
        Self::Whatsapp,
        Self::Realtime,
        Self::Limits,
        Self::Retention,
        Self::Auth,
        Self::MasterKey,
        Self::Audit,
    ];

    /// As it stands between brackets.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Store => "store",
            Self::Whatsapp => "whatsapp",
            Self::Realtime => "realtime",
            Self::Limits => "limits",
            Self::Retention => "retention",
            Self::Auth => "auth",
            Self::MasterKey => "master_key",
            Self::Audit => "audit",
        }
    }

    /// Its keys.
    pub(crate) fn keys(self) -> &'static [Key] {
        match self {
            Self::Server => ServerConfig::KEYS,
            Self::Store => StoreConfig::KEYS,
            Self::Whatsapp => WhatsappConfig::KEYS,
            Self::Realtime => RealtimeConfig::KEYS,
            Self::Limits => LimitsConfig::KEYS,
            Self::Retention => RetentionConfig::KEYS,
            Self::Auth => AuthConfig::KEYS,
            Self::MasterKey => MasterKeyConfig::KEYS,
            Self::Audit => AuditConfig::KEYS,
        }
    }

    /// What it is about: the doc comment of its struct.
    pub(crate) fn doc(self) -> String {
        one_line(match self {
            Self::Server => ServerConfig::DOC,
            Self::Store => StoreConfig::DOC,
            Self::Whatsapp => WhatsappConfig::DOC,
            Self::Realtime => RealtimeConfig::DOC,
            Self::Limits => LimitsConfig::DOC,
            Self::Retention => RetentionConfig::DOC,
            Self::Auth => AuthConfig::DOC,
            Self::MasterKey => MasterKeyConfig::DOC,
            Self::Audit => AuditConfig::DOC,
        })
    }
}

/// The facts of one key. Written by `section!` only.
pub(crate) struct Key {
    pub(crate) section: Section,
    /// As it stands in `waypost.toml`, below its section.
    pub(crate) name: &'static str,
    /// The name without a section, for those that people type often.
    pub(crate) short: Option<&'static str>,
    /// As one would write it in a variable.
    pub(crate) default: &'static str,
    pub(crate) demo: Demo,
    pub(crate) doc: &'static [&'static str],
    pub(crate) shape: Shape,
    pub(crate) secrecy: Secrecy,
    /// What may be written, for people.
    pub(crate) allowed: fn() -> String,
    /// Checks a value and says how it is printed.
    pub(crate) show: fn(&Raw) -> Result<Shown, Wrong>,
}

impl Key {
    /// Every key, section by section.
    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        Section::ALL.into_iter().flat_map(|section| section.keys())
    }

    /// `server.listen`.
    pub(crate) fn path(&self) -> String {
        format!("{}.{}", self.section.name(), self.name)
    }

    /// `WAYPOST_SERVER_LISTEN`, which every key has.
    pub(crate) fn long_variable(&self) -> String {
        format!("WAYPOST_{}_{}", self.section.name(), self.name).to_uppercase()
    }

    /// `WAYPOST_LISTEN` where there is a short form, else the long one: the name to tell people.
    pub(crate) fn variable(&self) -> String {
        match self.short {
            Some(short) => format!("WAYPOST_{short}").to_uppercase(),
            None => self.long_variable(),
        }
    }

    /// `listen`, or `server-log-format`; without the leading dashes.
    pub(crate) fn flag(&self) -> String {
        match self.short {
            Some(short) => short.replace('_', "-"),
            None => format!("{}-{}", self.section.name(), self.name).replace('_', "-"),
        }
    }

    /// Its doc comment as one paragraph.
    pub(crate) fn doc(&self) -> String {
        one_line(self.doc)
    }

    /// The default of a command.
    pub(crate) fn default_for(&self, profile: Profile) -> &'static str {
        match (profile, self.demo) {
            (Profile::Demo, Demo::Default(default)) => default,
            _ => self.default,
        }
    }
}

fn one_line(doc: &[&str]) -> String {
    doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

/// Declares the struct of one section together with its keys.
///
/// A key is `name: Type = "default";`, behind the default optionally `short "name"` and `demo Demo::…`.
macro_rules! section {
    (
        $section:expr;
        $(#[doc = $about:literal])+
        pub(crate) struct $config:ident {
            $(
                $(#[doc = $doc:literal])+
                $name:ident: $type:ty = $default:literal $(, short $short:literal)? $(, demo $demo:expr)?;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone)]
        pub(crate) struct $config {
            $($(#[doc = $doc])+ pub(crate) $name: $type,)+
        }

        impl $config {
            pub(super) const DOC: &'static [&'static str] = &[$($about),+];

            pub(super) const KEYS: &'static [$crate::config::key::Key] = &[$(
                $crate::config::key::Key {
                    section: $section,
                    name: stringify!($name),
                    short: $crate::config::key::or!(None $(, Some($short))?),
                    default: $default,
                    demo: $crate::config::key::or!($crate::config::key::Demo::Same $(, $demo)?),
                    doc: &[$($doc),+],
                    shape: <$type as $crate::config::setting::Setting>::SHAPE,
                    secrecy: <$type as $crate::config::setting::Setting>::SECRECY,
                    allowed: <$type as $crate::config::setting::Setting>::allowed,
                    show: |raw| {
                        use $crate::config::setting::Setting;
                        <$type as Setting>::parse(raw).map(|value| value.shown())
                    },
                },
            )+];

            /// Takes its values; `None` when a default cannot be read, which is then among the problems.
            pub(super) fn read(values: &mut $crate::config::values::Values) -> Option<Self> {
                // Fields are evaluated as written, so that they meet their keys.
                let mut keys = Self::KEYS.iter();
                Some(Self { $($name: values.read(keys.next()?)?,)+ })
            }
        }
    };
}

/// The second, if it is there, else the first.
macro_rules! or {
    ($default:expr) => {
        $default
    };
    ($default:expr, $given:expr) => {
        $given
    };
}

pub(super) use {or, section};
