//! What whoever runs the server has done again or said: which numbers are claimed, and what was not understood at first.

use waypost_domain::{Detail, DetailJson, Event, MessageChange, MessageUpdate, Renewal, Typed, Version};

use super::Decider;
use super::change::put_edit;
use super::dedup::WamidDigest;
use super::item::Reread;
use super::known::Known;
use super::plan::{Plan, Write};
use crate::letters::{LetterId, OurNumber};

impl Known {
    pub(super) fn has_letter(&self, letter: LetterId) -> bool {
        self.letters.get(&letter).copied().unwrap_or_default()
    }

    /// From here on it is gone; whether it was there.
    pub(super) fn take_letter(&mut self, letter: LetterId) -> bool {
        self.letters.insert(letter, false).unwrap_or_default()
    }

    pub(crate) fn load_letter(&mut self, letter: LetterId) {
        self.letters.insert(letter, true);
    }

    pub(crate) fn load_unknown_type(&mut self, seq: i64) {
        self.unknown_types.insert(seq, true);
    }
}

impl Decider {
    /// These numbers are claimed, and no others.
    pub(super) fn claim<'a>(&mut self, plan: &mut Plan<'a>, claims: &'a [OurNumber]) {
        plan.write(Write::Unclaimed);
        for claim in claims {
            let row = self.number(plan, &claim.app, &claim.number, claim.waba.as_ref());
            if let Some(known) = self.known.number(&claim.number) {
                // What the row has may go, where it was another app's: it is written again with the next delivery.
                known.has_waba = claim.waba.is_some();
            }
            plan.write(Write::Claimed { row, claim });
        }
    }

    /// Remembers a message of a type that is not known, and an edit to words of such a type.
    pub(super) fn note_type(&self, plan: &mut Plan<'_>, seq: i64, detail: &Detail) {
        let typed = match &detail.typed {
            Typed::Edit(edit) => edit.edited.as_deref(),
            other => Some(other),
        };
        if let Some(Typed::Unknown(_)) = typed {
            plan.write(Write::UnknownType { seq });
        }
    }

    /// A message or an edit of an unknown type says something after all.
    pub(super) fn understand(&mut self, plan: &mut Plan<'_>, reread: &Reread) {
        let seq = reread.seq;
        // Whoever reads again beside us may have been first.
        if !self.known.unknown_types.insert(seq, false).unwrap_or_default() {
            return;
        }
        plan.write(Write::Understood { seq });
        let detail = self.journal.detail(&reread.detail);
        if let Typed::Edit(_) = &reread.detail.typed {
            return self.understand_edit(plan, reread, detail);
        }
        // It may have been erased, or edited: then it says what the edit says.
        let Some(subject) = self.known.subject(seq).filter(|subject| subject.edited.is_none()) else {
            return;
        };
        subject.kind = reread.kind.clone();
        let version =
            Box::new(Version { kind: reread.kind.clone(), content: reread.content.clone(), detail });
        let update = MessageUpdate {
            message: subject.id,
            wamid: subject.wamid.clone(),
            conversation: subject.conversation,
            customer: subject.customer,
            number: reread.number.clone(),
            change: MessageChange::Renewed { why: Renewal::Reprocessed, version: version.clone() },
            at: reread.at,
        };
        plan.write(Write::Renewed { seq, at: None, version, raw: None });
        self.show(plan, &Event::MessageUpdated(Box::new(update)), reread.at);
    }

    /// An edit says something after all: so does the message that it has changed, where it is the edit that counts. One that
    /// waits for its message is read anew when that comes.
    fn understand_edit(&mut self, plan: &mut Plan<'_>, reread: &Reread, detail: DetailJson) {
        let Some(edit) = self.known.subject(reread.seq) else { return };
        let (kind, target, digest) =
            (edit.kind.clone(), edit.target, self.dedup.digest(edit.wamid.as_str().as_bytes()));
        let version = Version { kind, content: reread.content.clone(), detail: detail.clone() };
        plan.write(Write::Renewed { seq: reread.seq, at: None, version: Box::new(version), raw: None });
        let Some(seq) = target else { return };
        let is_what_counts = |edited: &(_, WamidDigest)| edited.1 == digest;
        let Some(subject) = self.known.subject(seq) else { return };
        let Some(edited) = subject.edited.filter(is_what_counts) else { return };
        let detail = self.journal.beside_author(detail, &subject.author);
        let version =
            Box::new(Version { kind: subject.kind.clone(), content: reread.content.clone(), detail });
        let update = MessageUpdate {
            message: subject.id,
            wamid: subject.wamid.clone(),
            conversation: subject.conversation,
            customer: subject.customer,
            number: reread.number.clone(),
            change: MessageChange::Renewed { why: Renewal::Reprocessed, version: version.clone() },
            at: reread.at,
        };
        if put_edit(plan, (seq, subject), edited, &version) {
            self.show(plan, &Event::MessageUpdated(Box::new(update)), reread.at);
        }
    }
}
