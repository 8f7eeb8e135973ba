//! Whose our numbers are: a claimed number belongs to one Meta app and one account, and nobody else speaks for it.

use std::collections::HashMap;

use crate::fact::DeadLetterKind;
use crate::ids::{AppName, PhoneNumberId, WabaId};

/// The app and the account that a number is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose secret signs for it.
    pub app: AppName,
    /// Its account; `None` until a delivery that the app signed has named it.
    pub waba: Option<WabaId>,
}

/// The numbers that are claimed. All others are taken as they come, and do nothing by themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims(HashMap<PhoneNumberId, Claim>);

impl Claims {
    /// Claims a number, in the place of what was claimed of it before.
    pub fn claim(&mut self, number: PhoneNumberId, claim: Claim) {
        self.0.insert(number, claim);
    }

    /// Binds a claimed number to its account, where it is not yet bound to one; whether it was.
    pub fn bind(&mut self, number: &PhoneNumberId, waba: &WabaId) -> bool {
        let Some(claim) = self.0.get_mut(number).filter(|claim| claim.waba.is_none()) else { return false };
        claim.waba = Some(waba.clone());
        true
    }

    /// Whether the number is claimed.
    #[must_use]
    pub fn contains(&self, number: &PhoneNumberId) -> bool {
        self.0.contains_key(number)
    }

    /// What is claimed of a number.
    #[must_use]
    pub fn of(&self, number: &PhoneNumberId) -> Option<&Claim> {
        self.0.get(number)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&PhoneNumberId, &Claim)> {
        self.0.iter()
    }

    /// Whether each number is bound to its account.
    #[must_use]
    pub fn are_bound(&self) -> bool {
        self.0.values().all(|claim| claim.waba.is_some())
    }

    /// Why what `app` signed of this number is not for it to say; `None` where it is. A delivery that names no account is
    /// judged by its app alone.
    #[must_use]
    pub fn foreign(
        &self,
        app: &AppName,
        number: &PhoneNumberId,
        waba: Option<&WabaId>,
    ) -> Option<DeadLetterKind> {
        let claim = self.0.get(number)?;
        if claim.app != *app {
            return Some(DeadLetterKind::ForeignApp);
        }
        let is_foreign = claim.waba.as_ref().zip(waba).is_some_and(|(bound, named)| bound != named);
        is_foreign.then_some(DeadLetterKind::ForeignWaba)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waba(id: &str) -> WabaId {
        WabaId::parse(id).unwrap()
    }

    #[test]
    fn a_claimed_number_is_its_apps_and_its_accounts() {
        let (ours, other) = (AppName::parse("default").unwrap(), AppName::parse("other").unwrap());
        let (number, unknown) = (PhoneNumberId::parse("101").unwrap(), PhoneNumberId::parse("109").unwrap());
        let mut claims = Claims::default();
        claims.claim(number.clone(), Claim { app: ours.clone(), waba: None });
        assert_eq!(claims.foreign(&other, &number, None), Some(DeadLetterKind::ForeignApp));
        assert_eq!(claims.foreign(&other, &unknown, Some(&waba("1"))), None);
        assert_eq!(claims.foreign(&ours, &number, Some(&waba("1"))), None);
        assert!(claims.bind(&number, &waba("1")) && !claims.bind(&number, &waba("2")));
        assert_eq!(claims.foreign(&ours, &number, Some(&waba("2"))), Some(DeadLetterKind::ForeignWaba));
        assert_eq!(claims.foreign(&ours, &number, None), None);
        assert!(!claims.bind(&unknown, &waba("1")));
    }
}
