//! An account that goes over with everything that is its own.

use waypost_domain::{
    Account, AccountId, AccountReach, AccountSessionId, AccountState, Login, PersonName, Role,
};
use waypost_store::accounts::{AccountSession, Alive, TotpSecret, TotpUse};

use crate::fixture::{Fixture, START};

const SESSION_DIGEST: [u8; 32] = [4; 32];

fn person() -> Account {
    let numbers = Some(vec!["100000000000001".into()]);
    Account {
        id: AccountId::from_parts(START, 1),
        login: Login::parse("ána@example.com").unwrap(),
        name: PersonName::parse("Ána").unwrap(),
        role: Role::Supervisor,
        state: AccountState::Active,
        reach: AccountReach { numbers, ..AccountReach::default() },
    }
}

/// Somebody is signed in, has one-time passwords and recovery codes, and was sent a link.
pub(crate) async fn make_account(fixture: &Fixture) {
    let (accounts, person) = (fixture.store.accounts(), person());
    accounts.create(&person, START).await.unwrap();
    let secret = TotpSecret::new(&[1; 20]);
    accounts.put_pending_totp(person.id, &secret).await.unwrap();
    accounts.confirm_totp(person.id, (&secret, 7), &[[2; 32]]).await.unwrap();
    let session = AccountSession {
        id: AccountSessionId::from_parts(START, 1),
        agent: None,
        created_at: START,
        seen_at: START,
        expires_at: START.plus_millis(10),
    };
    accounts.begin_session(person.id, &session, &SESSION_DIGEST).await.unwrap();
    accounts.put_link(Some(person.id), &[5; 32], START.plus_millis(1)).await.unwrap();
    accounts.put_link(None, &[6; 32], START.plus_millis(1)).await.unwrap();
}

/// Whoever was signed in still is.
pub(crate) async fn check_account(fixture: &Fixture) {
    let alive = Alive { now: START, seen_after: START.plus_millis(-1) };
    let found = fixture.store.accounts().find_session(&SESSION_DIGEST, alive).await.unwrap().unwrap();
    assert_eq!((found.account, found.totp), (person(), TotpUse::On));
}
