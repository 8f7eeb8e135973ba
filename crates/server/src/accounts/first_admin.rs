//! The link by which the first administrator comes to an account.

use waypost_domain::Timestamp;
use waypost_store::{Accounts, ReadError};

use super::Secret256;

/// How long the link is good.
pub(crate) const FIRST_LINK_MINUTES: i64 = 30;

/// Makes the link's secret, for whoever has the terminal; `None` where there is an administrator. Links that were made before
/// are void.
///
/// # Errors
/// Where the database says no.
pub(crate) async fn first_admin_link(
    accounts: &Accounts,
    random: [u8; 32],
    now: Timestamp,
) -> Result<Option<Secret256>, ReadError> {
    if accounts.has_admin().await? {
        return Ok(None);
    }
    let secret = Secret256::from_random(random);
    let until = now.plus_millis(FIRST_LINK_MINUTES * 60_000);
    accounts.put_link(None, &secret.digest(), until).await?;
    Ok(Some(secret))
}
