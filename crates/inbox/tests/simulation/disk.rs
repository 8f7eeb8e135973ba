//! What outlives the server, files or tables, and what was ever in the journal.

mod files;
mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use waypost_domain::Offset;
use waypost_store::Place;

use self::files::{File, Files};
use self::tables::Tables;
use crate::ledger::Kept;

/// On which back end runs are.
#[derive(Clone)]
pub(crate) enum Ground {
    Sqlite,
    /// In one schema, one after another: to make it takes longer than a run.
    Postgres(Arc<Tables>, Nodes),
}

/// Who appends to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nodes {
    One,
    /// Another one too, which has no clients. What it appends is shown when the first appends next and finds it.
    Two,
}

/// What is put back of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    AllButSessions,
}

pub(crate) struct Disk {
    medium: Medium,
    pub(crate) nodes: Nodes,
    copy: Option<Copy>,
}

enum Medium {
    Files(Files),
    Tables(Arc<Tables>),
}

/// What it was a copy of.
pub(crate) struct Copy {
    pub(crate) sessions: BTreeMap<String, Kept>,
    pub(crate) lineage: usize,
    pub(crate) head: usize,
}

/// The database, beside the store.
pub(crate) enum Past {
    File(File),
    Tables(Arc<Tables>),
}

/// A row of the journal.
pub(crate) struct Row {
    number: usize,
    check: u32,
    name: String,
    audience: String,
    body: Vec<u8>,
}

/// One journal entry.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) offset: String,
    pub(crate) name: String,
    pub(crate) body: String,
    pub(crate) scopes: Vec<String>,
}

/// All that one journal ever had, by number, and whose names were whose.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    pub(crate) entries: Vec<Entry>,
    /// What Meta calls the messages in it.
    messages: BTreeSet<String>,
    /// By the name: the customer's scope, and after which entry it shows.
    pub(crate) names: BTreeMap<String, (String, u64)>,
}

impl Ground {
    /// `None` where there is no server, which was said.
    pub(crate) fn postgres(nodes: Nodes) -> Option<Ground> {
        Some(Ground::Postgres(Arc::new(Tables::new()?), nodes))
    }
}

impl Disk {
    pub(crate) fn new(ground: &Ground) -> Disk {
        let (medium, nodes) = match ground {
            Ground::Sqlite => (Medium::Files(Files::new()), Nodes::One),
            Ground::Postgres(tables, nodes) => {
                tables.empty(Part::All);
                (Medium::Tables(tables.clone()), *nodes)
            }
        };
        Disk { medium, nodes, copy: None }
    }

    pub(crate) fn place(&self) -> Place {
        match &self.medium {
            Medium::Files(files) => Place::Directory(files.data()),
            Medium::Tables(tables) => Place::Postgres(tables.url().parse().unwrap()),
        }
    }

    pub(crate) fn past(&self) -> Past {
        match &self.medium {
            Medium::Files(files) => Past::File(files.file()),
            Medium::Tables(tables) => Past::Tables(tables.clone()),
        }
    }

    /// Copies everything; no store is open.
    pub(crate) fn copy(&mut self, copy: Copy) {
        match &self.medium {
            Medium::Files(files) => files.copy(),
            Medium::Tables(tables) => tables.copy(),
        }
        self.copy = Some(copy);
    }

    /// Puts the copy back, if there is one.
    pub(crate) fn put_back(&self, part: Part) -> Option<&Copy> {
        let copy = self.copy.as_ref()?;
        match &self.medium {
            Medium::Files(files) => files.put_back(part),
            Medium::Tables(tables) => tables.put_back(part),
        }
        Some(copy)
    }

    /// Deletes all but the sessions.
    pub(crate) fn delete_journal(&self) {
        match &self.medium {
            Medium::Files(files) => files.delete_journal(),
            Medium::Tables(tables) => tables.empty(Part::AllButSessions),
        }
    }
}

/// Writes each question once.
macro_rules! ask_beside {
    ($($name:ident($($argument:ident: $type:ty)?) -> $answer:ty;)*) => {
        impl Past {
            $(fn $name(&self $(, $argument: $type)?) -> $answer {
                match self {
                    Past::File(file) => file.$name($($argument)?),
                    Past::Tables(tables) => tables.$name($($argument)?),
                }
            })*
        }
    };
}

ask_beside! {
    epoch() -> String;
    oldest() -> Option<u64>;
    check_of(number: u64) -> Option<u32>;
    after(number: usize) -> Vec<Row>;
}

impl Past {
    /// Whether the position is one of this journal, and all after it is still there.
    pub(crate) fn is_there(&self, position: &Offset) -> bool {
        if self.epoch() != position.epoch.as_str() {
            return false;
        }
        if position.number == 0 {
            return position.check == 0 && self.oldest().is_none_or(|oldest| oldest == 1);
        }
        self.check_of(position.number) == Some(position.check)
    }

    /// Reads on what the journal has more.
    pub(crate) fn read_on(&self, journal: &mut Journal) {
        let epoch = self.epoch();
        for Row { number, check, name, audience, body } in self.after(journal.entries.len()) {
            assert_eq!(number, journal.entries.len() + 1, "the journal has no holes");
            let entry = Entry {
                offset: format!("{epoch}.{number}.{check:08x}"),
                name,
                body: String::from_utf8(body).unwrap(),
                scopes: audience.split(' ').map(str::to_owned).collect(),
            };
            let is_once = entry.message().is_none_or(|message| journal.messages.insert(message));
            assert!(is_once, "a message is in the journal twice: {entry:?}");
            journal.entries.push(entry);
        }
    }
}

impl Entry {
    fn message(&self) -> Option<String> {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        (self.name == "whatsappMessage").then(|| body["whatsappMessageId"].as_str().unwrap().to_owned())
    }
}

impl Journal {
    pub(crate) fn head(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(crate) fn entry(&self, number: u64) -> &Entry {
        &self.entries[usize::try_from(number).unwrap() - 1]
    }

    /// The journal as far as this entry.
    pub(crate) fn up_to(&self, head: usize) -> Journal {
        let names = self.names.iter().filter(|(_, (_, since))| *since < head as u64);
        Journal {
            entries: self.entries[..head].to_vec(),
            messages: self.entries[..head].iter().filter_map(Entry::message).collect(),
            names: names.map(|(name, bound)| (name.clone(), bound.clone())).collect(),
        }
    }

    /// After which entry the name of a room became a customer's.
    pub(crate) fn bound_since(&self, room: &str) -> Option<u64> {
        let name = room.strip_prefix("whatsapp:customer:")?;
        self.names.get(name).map(|(_, since)| *since)
    }

    /// Whether a room shows an entry; rooms of names that are nobody's show nothing.
    pub(crate) fn shows(&self, room: &str, number: u64) -> bool {
        let scopes = &self.entry(number).scopes;
        let Some(customer) = room.strip_prefix("whatsapp:customer:") else {
            return scopes.iter().any(|scope| scope == "all");
        };
        match self.names.get(customer) {
            Some((scope, since)) => number > *since && scopes.contains(scope),
            None => scopes.contains(&format!("customer:{customer}")),
        }
    }
}
