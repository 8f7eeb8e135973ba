//! Keys with which secrets are sealed: made, used up, wrapped anew, and what is sealed with them.

use waypost_domain::{Account, AccountId, AccountState, Limits, Login, PersonName, Role};
use waypost_store::DataKeys;
use waypost_store::accounts::{AccountPageRequest, KeptSecret, KeptTotp, TotpColumn};
use waypost_store::data_keys::{Change, DataKeyId, Rewrapped, WrappedKey};

use crate::fixture::{Fixture, START};

fn key(n: u8, millis: i64) -> WrappedKey {
    WrappedKey {
        id: [n; 16],
        wrapped: vec![n; 61],
        wrapped_by: [1; 8],
        created_at: START.plus_millis(millis),
    }
}

fn rewrapped(n: u8, before: u8) -> Rewrapped {
    Rewrapped { id: [n; 16], before: [before; 8], wrapped: vec![9; 61], wrapped_by: [2; 8] }
}

async fn with_keys(fixture: &Fixture) -> DataKeys {
    let keys = DataKeys::beside(fixture.store.accounts());
    keys.insert(&key(1, 0), 10).await.unwrap();
    keys.insert(&key(2, 1), 10).await.unwrap();
    keys
}

#[tokio::test]
async fn data_keys_are_kept_the_newest_first() {
    let fixture = Fixture::new();
    let keys = with_keys(&fixture).await;
    assert!(keys.insert(&key(1, 5), 10).await.is_err(), "an id is one key's");
    assert_eq!(keys.list().await.unwrap(), [key(2, 1), key(1, 0)]);
    assert_eq!(keys.find(&[1; 16]).await.unwrap(), Some(key(1, 0)));
    assert_eq!(keys.find(&[3; 16]).await.unwrap(), None);
    let again = fixture.restart().await;
    assert_eq!(DataKeys::beside(again.store.accounts()).list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_data_key_is_used_so_often_only() {
    let fixture = Fixture::new();
    let keys = with_keys(&fixture).await;
    let take = |id: DataKeyId, uses| {
        let keys = keys.clone();
        async move { keys.take_uses(&id, (uses, 15)).await.unwrap() }
    };
    assert_eq!(take([1; 16], 6).await, Change::Stale);
    assert_eq!(take([1; 16], 5).await, Change::Done);
    assert_eq!(take([1; 16], 1).await, Change::Stale);
    assert_eq!(take([1; 16], 16).await, Change::Stale);
    assert_eq!(take([3; 16], 1).await, Change::Stale, "there is none");
    let both = tokio::join!(take([2; 16], 5), take([2; 16], 5));
    assert!(matches!(both, (Change::Done, Change::Stale) | (Change::Stale, Change::Done)));
}

#[tokio::test]
async fn data_keys_are_wrapped_anew_together_or_not_at_all() {
    let fixture = Fixture::new();
    let keys = with_keys(&fixture).await;
    assert_eq!(keys.rewrap(&[]).await.unwrap(), Change::Done);
    assert_eq!(keys.rewrap(&[rewrapped(1, 1), rewrapped(2, 7)]).await.unwrap(), Change::Stale);
    assert_eq!(keys.list().await.unwrap(), [key(2, 1), key(1, 0)]);
    assert_eq!(keys.rewrap(&[rewrapped(1, 1), rewrapped(2, 1)]).await.unwrap(), Change::Done);
    let found = keys.find(&[1; 16]).await.unwrap().unwrap();
    assert_eq!(found, WrappedKey { wrapped: vec![9; 61], wrapped_by: [2; 8], ..key(1, 0) });
    assert_eq!(keys.rewrap(&[rewrapped(1, 1)]).await.unwrap(), Change::Stale);
}

#[tokio::test]
async fn secrets_of_one_time_passwords_are_listed_and_kept_in_another_way() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    let mut ids = Vec::new();
    for n in 1..=4_u8 {
        let account = Account {
            id: AccountId::from_parts(START, n.into()),
            login: Login::parse(&format!("person{n}")).unwrap(),
            name: PersonName::parse("Person").unwrap(),
            role: Role::Agent.into(),
            state: AccountState::Invited,
            limits: Limits::default(),
        };
        accounts.create(&account, START).await.unwrap();
        ids.push(account.id);
    }
    let secret = |n: u8| KeptSecret::new(vec![n; 20]);
    for n in [0, 2, 3] {
        accounts.put_pending_totp(ids[n], &secret(1)).await.unwrap();
    }
    let page = |after, limit| accounts.totp_secrets(AccountPageRequest { after, limit });
    let first = page(None, 2).await.unwrap();
    let kept = |n: usize| KeptTotp { account: ids[n], totp: None, pending: Some(secret(1)) };
    assert_eq!(first, [kept(0), kept(2)]);
    assert_eq!(page(Some(ids[2]), 2).await.unwrap(), [kept(3)]);

    let replace = |column, before, after| {
        let accounts = accounts.clone();
        let place = (ids[0], column);
        async move { accounts.replace_totp(place, (&secret(before), &secret(after))).await.unwrap() }
    };
    assert_eq!(replace(TotpColumn::Pending, 2, 3).await, Change::Stale);
    assert_eq!(replace(TotpColumn::InUse, 1, 3).await, Change::Stale);
    assert_eq!(replace(TotpColumn::Pending, 1, 3).await, Change::Done);
    let found = accounts.find(ids[0]).await.unwrap().unwrap();
    assert_eq!((found.totp, found.totp_pending), (None, Some(secret(3))));
}
