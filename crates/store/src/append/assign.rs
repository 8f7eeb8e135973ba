//! What people say of a conversation: who answers it, and that the older reads are to begin anew.

use waypost_domain::{
    AccessChange, AccessTurn, Assignment, AssignmentChange, AssignmentWish, ConversationId, Event,
};

use super::Decider;
use super::plan::{Plan, Write};
use crate::error::ConversationError;

impl Decider {
    /// Who answers it from now on. What is so already changes nothing and shows nothing.
    pub(super) fn assign(
        &mut self,
        plan: &mut Plan<'_>,
        wish: &AssignmentWish,
    ) -> Result<Assignment, ConversationError> {
        let known = self.known.talk(wish.conversation).ok_or(ConversationError::Unknown)?;
        let wanted = wish.after(&known.assignment);
        if wanted == known.assignment {
            return Ok(wanted);
        }
        let change = AssignmentChange {
            conversation: wish.conversation,
            customer: known.customer,
            number: known.number.clone(),
            previous: std::mem::replace(&mut known.assignment, wanted.clone()),
            now: wanted.clone(),
            by: wish.by.clone(),
            at: wish.at,
        };
        self.known.assignments.insert(wish.conversation, wanted.clone());
        self.show(plan, &Event::Assignment(Box::new(change.clone())), wish.at);
        self.show_access(plan, &change);
        plan.write(Write::Assigned { id: wish.conversation, assignment: wanted.clone() });
        Ok(wanted)
    }

    /// Tells those who may see the conversation only now, and those who no longer may.
    fn show_access(&mut self, plan: &mut Plan<'_>, change: &AssignmentChange) {
        for turn in [AccessTurn::Granted, AccessTurn::Revoked] {
            let access = AccessChange {
                conversation: change.conversation,
                customer: change.customer,
                number: change.number.clone(),
                turn,
                previous: change.previous.clone(),
                now: change.now.clone(),
                at: change.at,
            };
            let (seen_by, not_by) = access.sides();
            if seen_by.holders().any(|holder| !not_by.holders().any(|other| other == holder)) {
                self.show(plan, &Event::Access(Box::new(access)), change.at);
            }
        }
    }

    /// Hides from the older reads what is in the conversation already, and nothing that comes.
    pub(super) fn clear(
        &mut self,
        plan: &mut Plan<'_>,
        conversation: ConversationId,
    ) -> Result<(), ConversationError> {
        self.known.talk(conversation).ok_or(ConversationError::Unknown)?;
        let (newest, _) = self.known.newest();
        plan.write(Write::Cleared { id: conversation, newest });
        Ok(())
    }
}
