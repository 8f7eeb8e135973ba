//! What a client was shown between two gaps, and what it had to be shown.

use std::fmt;

use crate::disk::Journal;

/// All that a client was told while it could believe that nothing was missing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    /// It begins after this entry; `None` until that was said.
    pub(crate) start: Option<u64>,
    /// Which journal it is of.
    pub(crate) lineage: usize,
    pub(crate) told: Vec<Told>,
    pub(crate) holds: Vec<Hold>,
    /// What may have been shown though it was not kept.
    pub(crate) maybes: Vec<Maybe>,
}

/// Something with an offset.
#[derive(Clone)]
pub(crate) enum Told {
    Event {
        number: u64,
        text: String,
        has_trailing_offset: bool,
    },
    /// All up to this entry was shown.
    Position(u64),
    /// A new connection goes on from here.
    From(u64),
}

/// A room that was held.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) room: String,
    pub(crate) from: u64,
    /// The newest entry that was shown to anybody when it was asked for.
    pub(crate) asked_at: u64,
    pub(crate) left: Option<Left>,
}

/// A room that was left: all up to `surely` had to be shown, nothing after `at_most`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    pub(crate) surely: u64,
    pub(crate) at_most: u64,
}

/// Entries after `after` and up to `until` may have been shown by this room.
#[derive(Clone, Debug)]
pub(crate) struct Maybe {
    pub(crate) room: String,
    pub(crate) after: u64,
    pub(crate) until: u64,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Event { number, .. } => write!(f, "event {number}"),
            Told::Position(number) => write!(f, "position {number}"),
            Told::From(number) => write!(f, "from {number}"),
        }
    }
}

impl Chain {
    /// Up to which entry the client was told that it is complete.
    pub(crate) fn place(&self) -> Option<u64> {
        let told = self.told.iter().map(|told| match told {
            Told::Event { number, .. } | Told::Position(number) | Told::From(number) => *number,
        });
        told.chain(self.start).max()
    }

    pub(crate) fn held(&mut self, room: &str) -> Option<&mut Hold> {
        self.holds.iter_mut().find(|hold| hold.room == room && hold.left.is_none())
    }

    pub(crate) fn rooms(&self) -> Vec<String> {
        let mut rooms: Vec<String> =
            self.holds.iter().filter(|hold| hold.left.is_none()).map(|hold| hold.room.clone()).collect();
        rooms.sort_unstable();
        rooms
    }

    /// Checks what was told against the journal; `complete_to` is up to where nothing may be missing.
    pub(crate) fn check(&self, journal: &Journal, complete_to: u64) -> Result<(), String> {
        let Some(start) = self.start else {
            return if self.told.is_empty() {
                Ok(())
            } else {
                Err("it was told something before `connected`".into())
            };
        };
        let mut last = start;
        for told in &self.told {
            match told {
                Told::Event { number, text, has_trailing_offset } => {
                    if *number <= last {
                        return Err(format!("event {number} was shown after {last}"));
                    }
                    if *number > journal.head() {
                        return Err(format!("event {number} is beyond the journal's end"));
                    }
                    self.none_is_missing(journal, last, number - 1)?;
                    if !self.may_show(journal, *number) {
                        return Err(format!("event {number} is of none of its rooms"));
                    }
                    let expected = frame(journal, *number, *has_trailing_offset);
                    if *text != expected {
                        return Err(format!("event {number} is {text} instead of {expected}"));
                    }
                    last = *number;
                }
                Told::Position(number) | Told::From(number) => {
                    if *number < last {
                        return Err(format!("the position {number} came after {last}"));
                    }
                    self.none_is_missing(journal, last, *number)?;
                    last = *number;
                }
            }
        }
        self.none_is_missing(journal, last, complete_to)
    }

    fn none_is_missing(&self, journal: &Journal, after: u64, until: u64) -> Result<(), String> {
        match (after + 1..=until.min(journal.head())).find(|number| self.must_show(journal, *number)) {
            Some(number) => Err(format!("event {number} is missing, after {after} and before {}", until + 1)),
            None => Ok(()),
        }
    }

    fn must_show(&self, journal: &Journal, number: u64) -> bool {
        self.holds.iter().any(|hold| {
            number > hold.from
                && hold.left.is_none_or(|left| number <= left.surely)
                && journal.shows(&hold.room, number)
        })
    }

    /// A name may become a customer's while its room is joined. The room is joined again then, since nobody can tell
    /// whether the binding was before the first join; what came between the two may have been shown.
    fn is_of_a_name_bound_meanwhile(&self, journal: &Journal, number: u64) -> bool {
        self.holds.iter().any(|hold| {
            let since = journal.bound_since(&hold.room);
            since.is_some_and(|since| since >= hold.asked_at)
                && number <= hold.from
                && journal.shows(&hold.room, number)
        })
    }

    fn may_show(&self, journal: &Journal, number: u64) -> bool {
        let held = self.holds.iter().any(|hold| {
            number > hold.from
                && hold.left.is_none_or(|left| number <= left.at_most)
                && journal.shows(&hold.room, number)
        });
        held || self.is_of_a_name_bound_meanwhile(journal, number)
            || self.maybes.iter().any(|maybe| {
                (maybe.after + 1..=maybe.until).contains(&number) && journal.shows(&maybe.room, number)
            })
    }
}

/// An entry as it has to be on the wire.
fn frame(journal: &Journal, number: u64, has_trailing_offset: bool) -> String {
    let entry = journal.entry(number);
    let (name, offset) = (&entry.name, &entry.offset);
    let fields = entry.body.strip_suffix('}').unwrap();
    let trailing = if has_trailing_offset { format!(",\"{offset}\"") } else { String::new() };
    format!("42[\"{name}\",{fields},\"offset\":\"{offset}\"}}{trailing}]")
}
