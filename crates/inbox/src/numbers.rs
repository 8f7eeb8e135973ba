//! Whose our numbers are, as configured, and as the first deliveries say.

use std::sync::{PoisonError, RwLock};

use waypost_cloud_api::webhook::{self, Parsed, Signed};
use waypost_domain::{AppName, Claims, Fact, PhoneNumberId, Timestamp, WabaId};
use waypost_store::{AppendError, OurNumber, ReadError, Store};

/// Why it is not known whose our numbers are.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// They could not be read.
    #[error("our numbers cannot be read")]
    Read(#[from] ReadError),
    /// They could not be stored.
    #[error("our numbers cannot be stored")]
    Append(#[from] AppendError),
}

/// Our numbers.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Guards the claims while one body is read, or while a claim learns its account.
    claims: RwLock<Claims>,
}

impl Numbers {
    /// Claims what is configured, and nothing else; numbers without an account get the one that their app named before.
    ///
    /// # Errors
    /// See [`ClaimError`].
    pub async fn claim(store: &Store, configured: Claims) -> Result<Self, ClaimError> {
        let known = store.numbers().await?;
        if !are_stored(&configured, &known) {
            let claims = configured.iter().map(|(number, claim)| OurNumber {
                number: number.clone(),
                app: claim.app.clone(),
                waba: claim.waba.clone(),
                is_claimed: true,
            });
            store.claim(claims.collect()).await?;
        }
        let mut claims = configured;
        for number in store.numbers().await? {
            if let Some(waba) = &number.waba {
                claims.bind(&number.number, waba);
            }
        }
        Ok(Self { claims: RwLock::new(claims) })
    }

    /// Reads a body that `app` signed; what it says of claimed numbers binds them to their accounts, where they are not yet.
    pub(crate) fn parse(&self, app: &AppName, body: &[u8], received: Timestamp) -> Parsed {
        let (parsed, are_bound) = {
            let claims = self.claims.read().unwrap_or_else(PoisonError::into_inner);
            (webhook::parse_signed(body, received, Signed { app, claims: &claims }), claims.are_bound())
        };
        if !are_bound {
            let mut claims = self.claims.write().unwrap_or_else(PoisonError::into_inner);
            for (number, waba) in parsed.facts.iter().filter_map(account) {
                claims.bind(number, waba);
            }
        }
        parsed
    }
}

/// The number and the account that a fact names, as far as the store learns a number's account from it.
fn account(fact: &Fact) -> Option<(&PhoneNumberId, &WabaId)> {
    match fact {
        Fact::Message(message) => Some((&message.number, message.waba.as_ref()?)),
        Fact::Past(past) => Some((&past.message.number, past.message.waba.as_ref()?)),
        Fact::Call(report) => Some((&report.number, report.waba.as_ref()?)),
        Fact::Status(_) | Fact::Field(_) | Fact::Dead(_) => None,
    }
}

/// Whether the store has exactly these claims: then there is nothing to write.
fn are_stored(configured: &Claims, known: &[OurNumber]) -> bool {
    let are_right = known.iter().all(|number| match configured.of(&number.number) {
        None => !number.is_claimed,
        Some(claim) => {
            number.is_claimed
                && number.app == claim.app
                && (claim.waba.is_none() || claim.waba == number.waba)
        }
    });
    are_right && configured.iter().all(|(number, _)| known.iter().any(|one| one.number == *number))
}
