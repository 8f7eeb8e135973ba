//! The sources laid over each other, and everything that was wrong with them.

use std::collections::BTreeMap;

use super::environment::CONFIG_VARIABLE;
use super::file::ConfigFile;
use super::key::{Demo, Profile};
use super::problem::{Problem, Problems, nearest};
use super::setting::{Raw, Secrecy, Setting, Shown, Wrong};
use super::source::Source;
use super::{Config, Environment, Flags, Key, Section};

type KeyId = (Section, &'static str);

/// A value as `waypost config` prints it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Effective {
    pub(super) section: Section,
    pub(super) name: &'static str,
    pub(super) shown: Shown,
    pub(super) source: Source,
}

/// What was written for each key, the strongest source last. Filled first, then read key by key.
pub(super) struct Values {
    profile: Profile,
    given: BTreeMap<KeyId, (Raw, Source)>,
    problems: Vec<Problem>,
    effective: Vec<Effective>,
    ignored: Vec<String>,
}

impl Values {
    pub(super) fn new(profile: Profile) -> Self {
        Self {
            profile,
            given: BTreeMap::new(),
            problems: Vec::new(),
            effective: Vec::new(),
            ignored: Vec::new(),
        }
    }

    pub(super) fn profile(&self) -> Profile {
        self.profile
    }

    pub(super) fn add_file(&mut self, file: Result<Option<ConfigFile>, Problem>) {
        let file = match file {
            Ok(Some(file)) => file,
            Ok(None) => return,
            Err(problem) => return self.problems.push(problem),
        };
        for entry in file.entries() {
            match entry {
                Ok(entry) => self.add(entry.key, &entry.raw, entry.source),
                Err(problem) => self.problems.push(problem),
            }
        }
    }

    pub(super) fn add_environment(&mut self, environment: &Environment) {
        let mut seen: BTreeMap<KeyId, &str> = BTreeMap::new();
        for (name, raw) in environment.iter() {
            if name == CONFIG_VARIABLE && raw.is_some() {
                continue;
            }
            let named = |key: &&Key| key.long_variable() == name || key.variable() == name;
            let problem = match (Key::all().find(named), raw) {
                (_, None) => Problem::NotText { variable: name.to_owned() },
                (None, _) => unknown_variable(name),
                (Some(key), Some(raw)) => match seen.insert((key.section, key.name), name) {
                    Some(first) => Problem::SetTwice {
                        key: key.path(),
                        first: first.to_owned(),
                        second: name.to_owned(),
                    },
                    None => {
                        self.add(key, raw, Source::Variable(name.to_owned()));
                        continue;
                    }
                },
            };
            self.problems.push(problem);
        }
    }

    pub(super) fn add_flags(&mut self, flags: &Flags) {
        for (key, raw) in flags.iter() {
            self.add(key, raw, Source::Flag(key.flag()));
        }
    }

    /// A wrong value is a problem even where a stronger source hides it: it would come to light at a bad time.
    fn add(&mut self, key: &'static Key, raw: &Raw, source: Source) {
        if self.profile == Profile::Demo && key.demo == Demo::Own {
            match source {
                Source::Flag(flag) => self.problems.push(Problem::MadeByDemo { flag }),
                source => self.ignored.push(source.to_string()),
            }
            return;
        }
        match (key.show)(raw) {
            Ok(_) => {
                self.given.insert((key.section, key.name), (raw.clone(), source));
            }
            Err(wrong) => self.problems.push(not_allowed(key, raw, wrong, source)),
        }
    }

    /// The value of a key, else its default. `None`, and a problem, if the default cannot be read.
    pub(super) fn read<T: Setting>(&mut self, key: &'static Key) -> Option<T> {
        let default = || (Raw::Text(key.default_for(self.profile).to_owned()), Source::Default);
        let (raw, source) = self.given.get(&(key.section, key.name)).cloned().unwrap_or_else(default);
        match T::parse(&raw) {
            Ok(value) => {
                let shown = value.shown();
                self.effective.push(Effective { section: key.section, name: key.name, shown, source });
                Some(value)
            }
            Err(wrong) => {
                self.problems.push(not_allowed(key, &raw, wrong, source));
                None
            }
        }
    }

    /// A value that does not go with others.
    pub(super) fn refuse(&mut self, path: &str, value: &str, allowed: &str) {
        self.conflict(path, &format!("`{value}`"), &format!("allowed: {allowed}"));
    }

    /// That a key is set, or is not, does not go with others. `shown` must not be a secret.
    pub(super) fn conflict(&mut self, path: &str, shown: &str, wanted: &str) {
        let given = Key::all()
            .find(|key| key.path() == path)
            .and_then(|key| self.given.get(&(key.section, key.name)))
            .map(|(_, source)| source.clone());
        self.problems.push(Problem::Wrong {
            key: path.to_owned(),
            shown: shown.to_owned(),
            source: given.unwrap_or(Source::Default),
            wanted: wanted.to_owned(),
        });
    }

    /// What was read, and what was left aside.
    pub(super) fn take_effective(&mut self) -> (Vec<Effective>, Vec<String>) {
        (std::mem::take(&mut self.effective), std::mem::take(&mut self.ignored))
    }

    /// The configuration, if nothing was wrong.
    pub(super) fn finish(self, config: Option<Config>) -> Result<Config, Problems> {
        config.filter(|_| self.problems.is_empty()).ok_or(Problems(self.problems))
    }
}

fn not_allowed(key: &Key, raw: &Raw, wrong: Wrong, source: Source) -> Problem {
    let shown = match (key.secrecy, wrong.item) {
        (Secrecy::Secret, _) => "a value that is not shown".to_owned(),
        (Secrecy::Open, Some(item)) => super::setting::quoted(&item),
        (Secrecy::Open, None) => raw.shown(),
    };
    let wanted = wrong.why.unwrap_or_else(|| format!("allowed: {}", (key.allowed)()));
    Problem::Wrong { key: key.path(), shown, source, wanted }
}

fn unknown_variable(name: &str) -> Problem {
    let short = |name: String| name.trim_start_matches("WAYPOST_").to_owned();
    // A key's bare name too, as if it had a short form.
    let known = Key::all().flat_map(|key| {
        let spelled = [short(key.variable()), short(key.long_variable()), key.name.to_uppercase()];
        let told = [key.variable(), key.long_variable(), key.variable()];
        spelled.into_iter().zip(told)
    });
    let config = (short(CONFIG_VARIABLE.to_owned()), CONFIG_VARIABLE.to_owned());
    let nearest = nearest(&short(name.to_owned()), known.chain([config]));
    Problem::UnknownVariable { name: name.to_owned(), nearest }
}
