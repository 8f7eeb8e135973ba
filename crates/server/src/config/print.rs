//! The configuration as TOML: what is in effect, and the default file.

use super::key::Profile;
use super::setting::{Raw, Shape, Shown};
use super::values::Effective;
use super::{Config, Key, Section};

impl Config {
    /// What is in effect, each value with where it came from; it can be read again as a file. Secrets are left out.
    pub(crate) fn to_toml(&self) -> String {
        let mut text = String::from(
            "# The configuration in effect. Behind each value stands where it came from; secrets are hidden.\n",
        );
        for section in Section::ALL {
            text.push_str(&format!("\n[{}]\n", section.name()));
            for effective in self.effective.iter().filter(|effective| effective.section == section) {
                text.push_str(&line(effective));
                text.push('\n');
            }
        }
        text
    }
}

fn line(effective: &Effective) -> String {
    let Effective { name, shown, source, .. } = effective;
    match shown {
        Shown::Value(value) => format!("{name} = {value} # {source}"),
        Shown::Unset => format!("# {name}: not set # {source}"),
        Shown::Hidden(1) => format!("# {name}: set, hidden # {source}"),
        Shown::Hidden(count) => format!("# {name}: {count} set, hidden # {source}"),
    }
}

/// A `waypost.toml` with every key, its meaning and its default. The defaults are commented out, so that a copy of it
/// does not hold on to them when they change.
pub(crate) fn default_file() -> String {
    let mut text = String::from(
        "# waypost.toml: every setting with its default.\n\
         # To change one, take away the # in front of it. Variables come before this file, flags before both.\n\
         # `waypost config` shows what is in effect, and from where.\n",
    );
    for section in Section::ALL {
        text.push_str(&format!("\n# {}\n[{}]\n", section.doc(), section.name()));
        for key in section.keys() {
            text.push_str(&documented(key));
        }
    }
    text
}

fn documented(key: &Key) -> String {
    let mut text = String::from("\n");
    let meaning = key.doc.iter().map(|line| line.trim().to_owned());
    let allowed = format!("Allowed: {}.", (key.allowed)());
    let names = format!("Variable {}, flag --{}.", key.variable(), key.flag());
    for line in meaning.chain([allowed, names]) {
        text.push_str(&format!("# {line}\n"));
    }
    text.push_str(&format!("#{} = {}\n", key.name, default_value(key)));
    text
}

/// A key's default in TOML.
pub(super) fn default_value(key: &Key) -> String {
    match (key.show)(&Raw::Text(key.default_for(Profile::Serve).to_owned())) {
        Ok(Shown::Value(value)) => value.to_string(),
        _ if key.shape == Shape::List => "[]".to_owned(),
        _ => "\"\"".to_owned(),
    }
}
