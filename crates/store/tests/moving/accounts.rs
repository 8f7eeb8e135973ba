//! An account that goes over with everything that is its own, and the keys with which its secrets are sealed.

use waypost_domain::{Account, AccountId, AccountSessionId, AccountState, Limits, Login, PersonName, Role};
use waypost_store::DataKeys;
use waypost_store::accounts::{
    AccountLink, AccountSession, Alive, ConfirmedTotp, KeptSecret, PasswordHash, ResetWish, TotpUse,
};
use waypost_store::data_keys::WrappedKey;

use crate::fixture::{Fixture, START};

const SESSION_DIGEST: [u8; 32] = [4; 32];

fn person() -> Account {
    Account {
        id: AccountId::from_parts(START, 1),
        login: Login::parse("ána@example.com").unwrap(),
        name: PersonName::parse("Ána").unwrap(),
        role: Role::Supervisor.into(),
        state: AccountState::Active,
        limits: Limits::parse(Some(&["100000000000001".into()]), None, None).unwrap(),
    }
}

fn data_key() -> WrappedKey {
    WrappedKey { id: [7; 16], wrapped: vec![8; 61], wrapped_by: [9; 8], created_at: START }
}

/// Somebody is signed in, has one-time passwords and recovery codes, and was sent a link.
pub(crate) async fn make_account(fixture: &Fixture) {
    let (accounts, person) = (fixture.store.accounts(), person());
    accounts.create(&person, START).await.unwrap();
    DataKeys::beside(accounts.clone()).insert(&data_key(), 3).await.unwrap();
    let secret = KeptSecret::new(vec![1; 65]);
    accounts.put_pending_totp(person.id, &secret).await.unwrap();
    accounts
        .confirm_totp(person.id, ConfirmedTotp { pending: &secret, totp: &secret, step: 7 }, &[[2; 32]])
        .await
        .unwrap();
    let invitation = AccountLink { account: person.id, wish: ResetWish::Password };
    let session = AccountSession {
        id: AccountSessionId::from_parts(START, 1),
        agent: None,
        created_at: START,
        seen_at: START,
        expires_at: START.plus_millis(10),
    };
    accounts.put_link(Some(invitation), &[7; 32], START.plus_millis(1)).await.unwrap();
    accounts.use_link(&[7; 32], &PasswordHash::new("hash".into()), START).await.unwrap();
    let proved = accounts.find(person.id).await.unwrap().unwrap();
    accounts.begin_session(&proved, &session, &SESSION_DIGEST).await.unwrap();
    accounts.put_link(Some(invitation), &[5; 32], START.plus_millis(1)).await.unwrap();
    accounts.put_link(None, &[6; 32], START.plus_millis(1)).await.unwrap();
}

/// Whoever was signed in still is, and what is sealed can be opened.
pub(crate) async fn check_account(fixture: &Fixture) {
    let alive = Alive { now: START, seen_after: START.plus_millis(-1) };
    let found = fixture.store.accounts().find_session(&SESSION_DIGEST, alive).await.unwrap().unwrap();
    assert_eq!((found.account, found.totp), (person(), TotpUse::On));
    assert_eq!(DataKeys::beside(fixture.store.accounts()).list().await.unwrap(), [data_key()]);
}
