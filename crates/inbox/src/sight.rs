//! What somebody sees just now: the policy's answer, with what the store knows of who answers what.

use waypost_api::EventSubject;
use waypost_domain::{
    AccessTurn, Action, ConversationId, CustomerId, Person, Place, Principal, may, visible,
};
use waypost_store::{CommittedEvent, CustomerMatch, ReadError, Store};

/// Whether `principal` may see this customer.
pub(crate) async fn sees_customer(
    store: &Store,
    principal: &Principal,
    customer: CustomerId,
) -> Result<bool, ReadError> {
    let person = match visible(principal) {
        None => return Ok(false),
        // Nothing that is stored narrows it.
        Some(reach) if reach.is_everything() => Person { customers: vec![customer], places: Vec::new() },
        Some(_) => store.person(customer).await?,
    };
    Ok(may(principal, Action::SeeCustomer(&person)))
}

/// Who has this name, of those whom `principal` may see: nobody and somebody else are one answer, and whom else it may mean
/// makes no difference.
pub(crate) async fn find_seen(
    store: &Store,
    principal: &Principal,
    name: &str,
) -> Result<CustomerMatch, ReadError> {
    let mut seen = Vec::new();
    for holder in store.holders(name).await? {
        if sees_customer(store, principal, holder.customer).await? {
            seen.push(holder);
        }
    }
    Ok(CustomerMatch::of(&seen))
}

/// A conversation as the policy sees it; `None` where there is none, or none that `principal` may see.
pub(crate) async fn seen_place(
    store: &Store,
    principal: &Principal,
    conversation: ConversationId,
) -> Result<Option<Place>, ReadError> {
    let place = store.places(vec![conversation]).await?.remove(&conversation);
    Ok(place.filter(|place| may(principal, Action::SeeConversation(place))))
}

/// Those of the events that `principal` may see now, whoever they were for when they came.
pub(crate) async fn seen_now(
    store: &Store,
    principal: &Principal,
    mut events: Vec<CommittedEvent>,
) -> Result<Vec<CommittedEvent>, ReadError> {
    if principal.reach.is_everything() {
        return Ok(events);
    }
    let subjects: Vec<Option<EventSubject>> =
        events.iter().map(|event| EventSubject::read(&event.name, &event.body).ok()).collect();
    let mut asked: Vec<ConversationId> =
        subjects.iter().flatten().filter_map(|subject| subject.conversation).collect();
    asked.sort_unstable();
    asked.dedup();
    let places = store.places(asked).await?;
    let of_nothing_else = subjects.iter().flatten().filter(|subject| subject.conversation.is_none());
    let people =
        store.people(of_nothing_else.flat_map(|subject| subject.customers.clone()).collect()).await?;
    let mut is_seen = subjects.into_iter().map(|subject| {
        subject.is_some_and(|subject| {
            let mut about = subject.customers.iter().filter_map(|customer| people.get(customer));
            match subject.conversation {
                Some(conversation) => sees(principal, places.get(&conversation), subject.turn),
                None if subject.customers.is_empty() => true,
                None => about.any(|person| sees_of(principal, person, &subject)),
            }
        })
    });
    events.retain(|_| is_seen.next().unwrap_or(false));
    Ok(events)
}

fn sees(principal: &Principal, place: Option<&Place>, turn: Option<AccessTurn>) -> bool {
    let sees = place.is_some_and(|place| may(principal, Action::SeeConversation(place)));
    // Whoever may see it again was told so, and has nothing to forget.
    if turn == Some(AccessTurn::Revoked) { !sees } else { sees }
}

/// Whether `principal` may see what is about a person, and a number of ours, but of no conversation.
fn sees_of(principal: &Principal, person: &Person, subject: &EventSubject) -> bool {
    let mut with_number =
        person.places.iter().filter(|place| Some(&place.number) == subject.number.as_ref()).peekable();
    match with_number.peek() {
        Some(_) => with_number.any(|place| may(principal, Action::SeeConversation(place))),
        None => may(principal, Action::SeeCustomer(person)),
    }
}
