//! Whose our numbers are, as configured, and as the first deliveries say.

use std::sync::{PoisonError, RwLock};

use waypost_cloud_api::webhook::{self, Parsed, Signed};
use waypost_domain::{AppName, Claim, Claims, Fact, PhoneNumberId, Timestamp, WabaId};
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
    /// They are claimed for others than is configured here, and nothing was to be stored.
    #[error(
        "the store has number {} claimed for another app or account than this configuration: start the server with \
         it first",
        .0.as_str()
    )]
    Contradicted(PhoneNumberId),
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

    /// Takes the claims as they are stored, and stores none: whoever only reads again may know less than the server. What is
    /// configured here counts for numbers that nobody claims.
    ///
    /// # Errors
    /// See [`ClaimError`].
    pub async fn as_stored(store: &Store, configured: Claims) -> Result<Self, ClaimError> {
        let mut claims = configured;
        for OurNumber { number, app, waba, is_claimed } in store.numbers().await? {
            let Some(here) = claims.of(&number) else {
                if is_claimed {
                    claims.claim(number, Claim { app, waba });
                }
                continue;
            };
            let are_accounts_two = here.waba.as_ref().zip(waba.as_ref()).is_some_and(|(a, b)| a != b);
            if is_claimed && (here.app != app || are_accounts_two) {
                // By either of them, what was kept apart by the other would be let in for ever.
                return Err(ClaimError::Contradicted(number));
            }
            if let Some(waba) = waba.filter(|_| here.app == app) {
                claims.bind(&number, &waba);
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
