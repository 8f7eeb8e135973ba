//! What the policy says to somebody who asks something.

use waypost_domain::access::{ActionKind, Permission, Person, Place, Principal, may};
use waypost_domain::{Assignment, PhoneNumberId};
use waypost_testkit::Answer;

use crate::cast::{Credential, Member};
use crate::routes::{Asks, Refusal, Route};
use crate::scene::Target;

/// What has to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is done.
    Done(u16),
    /// It is not there, or is not for whoever asks: one answer.
    Missing(Refusal),
    /// It is not allowed.
    Refused(Refusal),
}

impl Verdict {
    #[track_caller]
    pub(crate) fn assert(&self, answer: &Answer, what: &str) {
        match self {
            Self::Done(status) => assert_eq!(answer.status, *status, "{what}: {}", answer.text()),
            Self::Missing((status, code)) | Self::Refused((status, code)) => {
                assert_eq!(answer.status, *status, "{what}: {}", answer.text());
                assert_eq!(answer.json()["code"], *code, "{what}");
            }
        }
    }
}

const NOBODY: Refusal = (401, "unauthenticated");
pub(crate) const FORBIDDEN: Refusal = (403, "forbidden");
pub(crate) const NO_CUSTOMER: Refusal = (404, "unknown_customer");

/// What the policy says to `member` of this route and target.
pub(crate) fn verdict(member: &Member, route: &Route, target: &Target) -> Verdict {
    let actions = match route.asks {
        Asks::Nothing => return Verdict::Done(route.done),
        Asks::OwnAccount => {
            let is_account = matches!(member.credential, Credential::Cookie(_));
            return if is_account { Verdict::Done(route.done) } else { Verdict::Refused(NOBODY) };
        }
        Asks::Credential => &[],
        Asks::May(actions) => actions,
    };
    let Some(principal) = &member.principal else { return Verdict::Refused(NOBODY) };
    let refusal = actions.iter().find_map(|(kind, refusal)| refused(principal, *kind, (target, *refusal)));
    refusal.unwrap_or(Verdict::Done(route.done))
}

pub(crate) fn refused(
    principal: &Principal,
    kind: ActionKind,
    (target, refusal): (&Target, Refusal),
) -> Option<Verdict> {
    if kind == ActionKind::Send {
        return refused_send(principal, target);
    }
    let is_allowed = match &target.known {
        Some((place, person)) => may(principal, kind.on(place, person)),
        None if is_of_target(kind) => false,
        None => {
            let (place, person) = nowhere();
            may(principal, kind.on(&place, &person))
        }
    };
    let verdict = if refusal == FORBIDDEN { Verdict::Refused(refusal) } else { Verdict::Missing(refusal) };
    (!is_allowed).then_some(verdict)
}

/// Whether there is somebody to send to is told to nobody but whoever may send to all.
fn refused_send(principal: &Principal, target: &Target) -> Option<Verdict> {
    match &target.known {
        Some((place, person)) if may(principal, ActionKind::Send.on(place, person)) => None,
        None if principal.permissions.contains(Permission::Send) && principal.reach.is_everything() => {
            Some(Verdict::Missing(NO_CUSTOMER))
        }
        _ => Some(Verdict::Missing(FORBIDDEN)),
    }
}

/// Whether it is done to something.
pub(crate) fn is_of_target(kind: ActionKind) -> bool {
    use ActionKind::{Assign, Manage, SeeConversation, SeeCustomer, Send};
    [Assign, Manage, SeeConversation, SeeCustomer, Send].contains(&kind)
}

/// Whether `member` may be shown anything of `target`.
pub(crate) fn sees(member: &Member, target: &Target) -> bool {
    let (Some(principal), Some((place, person))) = (&member.principal, &target.known) else { return false };
    may(principal, ActionKind::SeeConversation.on(place, person))
}

/// For actions that are of no place.
fn nowhere() -> (Place, Person) {
    let place = Place {
        customers: Vec::new(),
        number: PhoneNumberId::parse("1").expect("a number's id"),
        assignment: Assignment::default(),
    };
    (place, Person { customers: Vec::new(), places: Vec::new() })
}
