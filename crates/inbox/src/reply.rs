//! A message goes out: stored as an intent, sent, and its outcome stored, in this order.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use waypost_cloud_api::graph::{self, GraphClient, OutgoingText};
use waypost_domain::{
    Action, Alias, AliasKind, AppName, Assignment, CustomerAliases, CustomerId, ErrorDetail, LinkPreview,
    OutboxEntry, Permission, PhoneNumberId, Place, Principal, Recipient, SendIntent, SendOutcome, may,
};
use waypost_store::{Binding, Clock, CustomerMatch, CustomerThreads, Intent, ReadError, SendError, Store};

/// The most characters that WhatsApp takes in a text.
pub const TEXT_CHARS_MAX: usize = 4_096;

/// The longest idempotency key, in bytes.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// Calls to Meta that may be under way at once, each for as long as Meta takes. A send over it is refused before
/// anything is stored, so that trying again is safe.
pub const CALLS_MAX: usize = 256;

/// How often storing an outcome is tried, and the pause between: half a minute in all.
const SETTLE_ATTEMPTS: usize = 30;
const SETTLE_PAUSE: Duration = Duration::from_secs(1);

/// A text that somebody wants to send.
pub struct SendText {
    /// To whom.
    pub to: To,
    /// From which of our numbers; the one last used with the customer, else the default, where left out.
    pub number: Option<PhoneNumberId>,
    /// The text.
    pub body: String,
    /// Whether WhatsApp shows a preview of its first link.
    pub preview: LinkPreview,
    /// The caller's key for this send.
    pub idempotency_key: String,
}

/// To whom somebody wants to send.
pub enum To {
    /// Any name of a customer, or a phone number in international form.
    Name(String),
    /// Our id of a customer.
    Customer(CustomerId),
}

impl std::fmt::Debug for To {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(_) => f.write_str("Name"),
            Self::Customer(customer) => customer.fmt(f),
        }
    }
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// A field is not as it has to be.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The principal may not send from this number.
    #[error("sending from this number is not allowed")]
    Forbidden,
    /// There is no such customer.
    #[error("there is no such customer")]
    UnknownCustomer,
    /// The number to send from is none of ours.
    #[error("the number to send from is not one of ours")]
    UnknownNumber,
    /// The name fits more than one customer.
    #[error("the name fits more than one customer")]
    Ambiguous,
    /// There is no token, or no number to send from.
    #[error("sending is not set up")]
    NotConfigured,
    /// The store cannot write or read just now, or too many sends are under way. Trying again with the same key is safe.
    #[error("sending is not available just now")]
    Unavailable,
}

impl From<SendError> for ReplyError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::UnknownCustomer => Self::UnknownCustomer,
            SendError::UnknownSend | SendError::Unavailable => Self::Unavailable,
        }
    }
}

impl From<ReadError> for ReplyError {
    fn from(_: ReadError) -> Self {
        Self::Unavailable
    }
}

/// Sends. Cheap to clone.
#[derive(Clone)]
pub struct Reply {
    /// Where intents and outcomes are stored.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The app to which our numbers belong.
    pub app: AppName,
    /// How Meta is called; `None` where there is no token.
    pub graph: Option<GraphClient>,
    /// The number to send from where nothing else decides.
    pub default_number: Option<PhoneNumberId>,
    /// Where calls run to their end, whoever asked for them goes away.
    pub calls: TaskTracker,
    /// As many permits as calls may be under way: [`CALLS_MAX`].
    pub places: Arc<Semaphore>,
}

impl Reply {
    /// Sends a text; returns with the send as it stands after Meta's answer. A key that was used before gives that
    /// send, and calls nobody. Where the caller goes away, the call still ends and its outcome is stored.
    ///
    /// # Errors
    /// See [`ReplyError`]; nothing was sent then.
    pub async fn send_text(&self, principal: &Principal, text: SendText) -> Result<OutboxEntry, ReplyError> {
        check(&text)?;
        if !principal.permissions.contains(Permission::Send) {
            return Err(ReplyError::Forbidden);
        }
        let graph = self.graph.clone().ok_or(ReplyError::NotConfigured)?;
        let recipient = self.recipient(principal, &text).await.map_err(|error| match error {
            // Whether there is somebody of this name is not for whoever does not see all.
            ReplyError::UnknownCustomer if !principal.reach.is_everything() => ReplyError::Forbidden,
            error => error,
        })?;
        let (recipient, number) = self.place(principal, (recipient, text.number)).await?;
        self.check_number(&number).await?;
        let intent = SendIntent {
            principal: principal.id.clone(),
            idempotency_key: text.idempotency_key.into(),
            number,
            recipient,
            body: text.body,
            preview: text.preview,
        };
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| ReplyError::Unavailable)?;
        let (sending, principal) = (self.clone(), principal.clone());
        self.calls
            .spawn(async move {
                let _place = place;
                sending.carry_out(&graph, &principal, intent).await
            })
            .await
            .unwrap_or(Err(ReplyError::Unavailable))
    }

    async fn carry_out(
        &self,
        graph: &GraphClient,
        principal: &Principal,
        intent: SendIntent,
    ) -> Result<OutboxEntry, ReplyError> {
        let preview = intent.preview;
        let entry = match self.store.intend(self.app.clone(), intent, self.clock.now()).await? {
            Intent::Repeated(entry) => return self.repeated(principal, entry).await,
            Intent::Fresh(entry) => entry,
        };
        let customer = self.store.customer(entry.customer).await;
        let outcome = match customer.map(|known| known.and_then(|known| known.addresses())) {
            Ok(Some(aliases)) => {
                let text = OutgoingText {
                    to: graph::address(&aliases),
                    body: &entry.body,
                    preview,
                    callback: entry.id,
                };
                graph.send_text(&entry.number, &text).await
            }
            Ok(None) | Err(_) => SendOutcome::Failed(ErrorDetail {
                code: graph::NOT_SENT,
                title: Some("not sent".into()),
                details: Some("the customer's address could not be read".into()),
            }),
        };
        if let SendOutcome::Failed(error) | SendOutcome::Unknown(error) = &outcome {
            tracing::warn!(outbox.id = %entry.id, error.code = error.code, "a send was not accepted");
        }
        self.settle(&entry, outcome).await
    }

    /// The send that a key stood for before. Its conversation may be another than was asked for now, and no longer the
    /// principal's.
    async fn repeated(&self, principal: &Principal, entry: OutboxEntry) -> Result<OutboxEntry, ReplyError> {
        if principal.reach.is_everything() {
            return Ok(entry);
        }
        let places = self.store.places(vec![entry.conversation]).await?;
        let place = places.get(&entry.conversation);
        let is_allowed = place.is_some_and(|place| may(principal, Action::Send(place)));
        is_allowed.then_some(entry).ok_or(ReplyError::Forbidden)
    }

    /// Stores the outcome, which nobody else knows, with patience. Where the store stays away, the entry stays
    /// `sending`, and becomes `unknown` at the next start.
    async fn settle(&self, entry: &OutboxEntry, outcome: SendOutcome) -> Result<OutboxEntry, ReplyError> {
        for _ in 0..SETTLE_ATTEMPTS {
            match self.store.settle(entry.id, outcome.clone(), self.clock.now()).await {
                Err(SendError::Unavailable) => tokio::time::sleep(SETTLE_PAUSE).await,
                settled => return Ok(settled?),
            }
        }
        tracing::error!(outbox.id = %entry.id, "the outcome of a send could not be stored; it is unknown");
        Err(ReplyError::Unavailable)
    }

    /// Where it is sent: in the newest of the customer's conversations in which the principal may write, else in one that
    /// begins with it.
    async fn place(
        &self,
        principal: &Principal,
        (recipient, asked): (Recipient, Option<PhoneNumberId>),
    ) -> Result<(Recipient, PhoneNumberId), ReplyError> {
        let CustomerThreads { customers, places } = match &recipient {
            Recipient::Customer(customer) => self.store.threads(*customer).await?,
            _ => CustomerThreads { customers: Vec::new(), places: Vec::new() },
        };
        let there = |number: &PhoneNumberId| places.iter().any(|(_, place)| place.number == *number);
        let newest = places.iter().find(|(_, place)| {
            asked.as_ref().is_none_or(|asked| *asked == place.number) && may(principal, Action::Send(place))
        });
        if let (Some((conversation, place)), Recipient::Customer(customer)) = (newest, &recipient) {
            let recipient = match principal.reach.is_everything() {
                // Whoever may write in each leaves it to the store, which knows what came meanwhile.
                true => recipient,
                false => Recipient::Thread(*customer, *conversation),
            };
            return Ok((recipient, place.number.clone()));
        }
        let number = asked.or_else(|| self.default_number.clone()).ok_or(ReplyError::NotConfigured)?;
        let begun = Place { customers, number: number.clone(), assignment: Assignment::default() };
        match may(principal, Action::Send(&begun)) && !there(&number) {
            true => Ok((recipient, number)),
            false => Err(ReplyError::Forbidden),
        }
    }

    /// Ours are the configured one and those whose webhooks came.
    async fn check_number(&self, number: &PhoneNumberId) -> Result<(), ReplyError> {
        let is_ours =
            self.default_number.as_ref() == Some(number) || self.store.has_number(number.clone()).await?;
        is_ours.then_some(()).ok_or(ReplyError::UnknownNumber)
    }

    /// Whoever is beyond the principal's reach is nobody: they can be written to like a stranger, by what WhatsApp knows
    /// them by, and neither by our id nor by another system's.
    async fn recipient(&self, principal: &Principal, text: &SendText) -> Result<Recipient, ReplyError> {
        let name = match &text.to {
            To::Customer(customer) if self.reaches(principal, *customer).await? => {
                return Ok(Recipient::Customer(*customer));
            }
            To::Customer(_) => return Err(ReplyError::UnknownCustomer),
            To::Name(name) => name,
        };
        let address = || {
            let alias = Alias::dialled(name).or_else(|| bsuid(name))?;
            CustomerAliases::new([alias]).map(Recipient::Aliases)
        };
        let mut reached = Vec::new();
        for holder in self.store.holders(name).await? {
            if self.reaches(principal, holder.customer).await? {
                reached.push(holder);
            }
        }
        match CustomerMatch::of(&reached) {
            CustomerMatch::One(Binding { customer, .. }) => Ok(Recipient::Customer(customer)),
            // With a number of ours, what WhatsApp knows somebody by means one: names are of its scope.
            CustomerMatch::Ambiguous => {
                text.number.as_ref().and_then(|_| address()).ok_or(ReplyError::Ambiguous)
            }
            CustomerMatch::Nobody => address().ok_or(ReplyError::UnknownCustomer),
        }
    }

    async fn reaches(&self, principal: &Principal, customer: CustomerId) -> Result<bool, ReplyError> {
        let reach = &principal.reach;
        Ok(reach.is_everything() || reach.covers_person(&self.store.person(customer).await?))
    }
}

fn check(text: &SendText) -> Result<(), ReplyError> {
    let invalid = |field, problem| Err(ReplyError::Invalid { field, problem });
    if text.body.trim().is_empty() {
        return invalid("body", "the text is empty");
    }
    if text.body.chars().count() > TEXT_CHARS_MAX {
        return invalid("body", "the text has more than 4096 characters");
    }
    if !(1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&text.idempotency_key.len()) {
        return invalid("idempotencyKey", "it has to have 1 to 255 bytes");
    }
    Ok(())
}

/// A BSUID: two letters of a country, a dot, and letters and digits.
fn bsuid(text: &str) -> Option<Alias> {
    let (country, id) = text.split_once('.')?;
    let usable = country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && !id.is_empty()
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    usable.then(|| Alias::parse(AliasKind::Bsuid, text)).flatten()
}

waypost_domain::debug_shows! {
    SendText: number preview;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bsuid_is_told_from_a_customers_name() {
        assert!(bsuid("US.70000000000000002001").is_some());
        for text in ["us.1", "USA.1", "US.", "US.1 2", "customer123", "example.com"] {
            assert!(bsuid(text).is_none(), "{text}");
        }
    }
}
