//! Accounts of people: who has one, who is signed in, and what is good once.

use waypost_domain::{
    Account, AccountId, AccountSessionId, AccountState, Limits, Login, PersonName, Role, RoleName, Timestamp,
};
use waypost_store::accounts::{
    ACCOUNTS_MAX, AccountAccess, AccountChange, AccountError, AccountLink, AccountPageRequest,
    AccountSession, Alive, CodeDigest, ConfirmedTotp, Ending, FirstAdmin, KeptSecret, LinkError, LinkOf,
    PasswordHash, ProofError, ResetWish, SESSIONS_PER_ACCOUNT_MAX, TotpUse, Used,
};
use waypost_store::{Accounts, OpenError};

use crate::fixture::{Fixture, START};

const HOUR_MS: i64 = 3_600_000;

fn account(n: u8, role: Role, state: AccountState) -> Account {
    Account {
        id: AccountId::from_parts(START, n.into()),
        login: Login::parse(&format!("person{n}")).unwrap(),
        name: PersonName::parse("Person").unwrap(),
        role: role.into(),
        state,
        limits: Limits::default(),
    }
}

fn session(n: u8, at: Timestamp) -> AccountSession {
    AccountSession {
        id: AccountSessionId::from_parts(at, n.into()),
        agent: Some("Firefox".into()),
        created_at: at,
        seen_at: at,
        expires_at: at.plus_millis(12 * HOUR_MS),
    }
}

fn alive(now: Timestamp) -> Alive {
    Alive { now, seen_after: now.plus_millis(-2 * HOUR_MS) }
}

fn password(of: &str) -> PasswordHash {
    PasswordHash::new(of.into())
}

/// Somebody who can sign in.
async fn active(accounts: &Accounts, n: u8, role: Role) -> Account {
    let invited = account(n, role, AccountState::Invited);
    accounts.create(&invited, START).await.unwrap();
    accounts.put_link(Some(link_to(&invited)), &[n; 32], START.plus_millis(1)).await.unwrap();
    accounts.use_link(&[n; 32], &password("hash"), START).await.unwrap()
}

async fn sign_in(accounts: &Accounts, account: &Account, n: u8) -> AccountSession {
    let session = session(n, START);
    let proved = accounts.find(account.id).await.unwrap().unwrap();
    accounts.begin_session(&proved, &session, &[n; 32]).await.unwrap();
    session
}

/// From now on one-time passwords are asked of the account's person.
async fn set_up_totp(accounts: &Accounts, account: &Account, codes: &[CodeDigest]) -> KeptSecret {
    let secret = KeptSecret::new(vec![5; 20]);
    accounts.put_pending_totp(account.id, &secret).await.unwrap();
    let confirmed = ConfirmedTotp { pending: &secret, totp: &secret, step: 1 };
    assert_eq!(accounts.confirm_totp(account.id, confirmed, codes).await.unwrap(), Used::Now);
    secret
}

fn link_to(account: &Account) -> AccountLink {
    AccountLink { account: account.id, wish: ResetWish::Password }
}

fn disable() -> AccountChange {
    AccountChange { access: Some(AccountAccess::Disabled), ..AccountChange::default() }
}

fn to_role(role: Role) -> AccountChange {
    AccountChange { role: Some(role.into()), ..AccountChange::default() }
}

#[tokio::test]
async fn accounts_are_made_found_listed_and_changed() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    let (first, second) =
        (account(1, Role::Agent, AccountState::Invited), account(2, Role::Viewer, AccountState::Invited));
    for account in [&first, &second] {
        accounts.create(account, START).await.unwrap();
    }
    let taken = Account { id: AccountId::from_parts(START, 9), ..first.clone() };
    assert!(matches!(accounts.create(&taken, START).await, Err(AccountError::LoginTaken)));
    assert_eq!(accounts.find(second.id).await.unwrap().unwrap().account, second);
    assert_eq!(accounts.find_login(&first.login).await.unwrap().unwrap().account, first);
    assert!(accounts.find(taken.id).await.unwrap().is_none());
    let page = |after| AccountPageRequest { after, limit: 1 };
    assert_eq!(accounts.list(page(None)).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(accounts.list(page(Some(first.id))).await.unwrap(), std::slice::from_ref(&second));

    let limits = Limits::parse(None, Some(&["north".into()]), None).unwrap();
    let change = AccountChange {
        name: PersonName::parse("Ann"),
        role: RoleName::parse("night-shift"),
        access: None,
        limits: Some(limits.clone()),
    };
    let changed = accounts.change(first.id, &change).await.unwrap();
    let expected = Account {
        name: change.name.clone().unwrap(),
        role: change.role.clone().unwrap(),
        limits,
        ..first.clone()
    };
    assert_eq!(changed, expected);
    assert_eq!(accounts.change(first.id, &AccountChange::default()).await.unwrap(), expected);
    assert!(matches!(accounts.change(taken.id, &change).await, Err(AccountError::Unknown)));
}

#[tokio::test]
async fn an_account_that_was_disabled_comes_back_as_it_was() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    let person = active(&accounts, 1, Role::Agent).await;
    let invited = account(2, Role::Agent, AccountState::Invited);
    accounts.create(&invited, START).await.unwrap();
    let enable = AccountChange { access: Some(AccountAccess::Enabled), ..AccountChange::default() };
    for (account, expected) in [(&person, AccountState::Active), (&invited, AccountState::Invited)] {
        assert_eq!(accounts.change(account.id, &disable()).await.unwrap().state, AccountState::Disabled);
        assert_eq!(accounts.change(account.id, &enable).await.unwrap().state, expected);
    }
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    let admin = active(&accounts, 1, Role::Admin).await;
    accounts.create(&account(3, Role::Admin, AccountState::Invited), START).await.unwrap();
    let narrow = Limits::parse(Some(&["1".into()]), None, None).unwrap();
    let narrowed = AccountChange { limits: Some(narrow), ..AccountChange::default() };
    for change in [disable(), to_role(Role::Agent), narrowed] {
        assert!(matches!(accounts.change(admin.id, &change).await, Err(AccountError::LastAdmin)));
    }
    accounts.change(admin.id, &to_role(Role::Admin)).await.unwrap();
    let second = active(&accounts, 2, Role::Admin).await;
    // Both at once: one of them stays.
    let leave = to_role(Role::Agent);
    let left = tokio::join!(accounts.change(admin.id, &leave), accounts.change(second.id, &leave));
    assert_eq!([left.0, left.1].iter().filter(|left| left.is_ok()).count(), 1);
    assert!(accounts.has_admin().await.unwrap());
}

#[tokio::test]
async fn a_session_lives_until_it_ends_is_idle_or_its_account_is_disabled() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    let person = active(&accounts, 1, Role::Agent).await;
    let [first, second] = [sign_in(&accounts, &person, 1).await, sign_in(&accounts, &person, 2).await];
    let found = accounts.find_session(&[1; 32], alive(START)).await.unwrap().unwrap();
    assert_eq!((&found.session, &found.account, found.totp), (&first, &person, TotpUse::Off));
    assert!(accounts.find_session(&[3; 32], alive(START)).await.unwrap().is_none());

    let later = START.plus_millis(2 * HOUR_MS);
    assert!(accounts.find_session(&[1; 32], alive(later)).await.unwrap().is_none(), "idle");
    accounts.touch_sessions(&[first.id], later).await.unwrap();
    accounts.touch_sessions(&[first.id], START).await.unwrap();
    accounts.touch_sessions(&[], later).await.unwrap();
    let ids = [first.id, second.id, session(9, START).id];
    let found = accounts.sessions_alive(&ids, alive(later)).await.unwrap();
    assert_eq!(found.iter().map(|found| found.session.id).collect::<Vec<_>>(), [first.id]);
    assert_eq!(accounts.sessions_of(person.id, alive(later)).await.unwrap().len(), 1);
    assert!(accounts.find_session(&[1; 32], alive(first.expires_at)).await.unwrap().is_none(), "over");

    accounts.change(person.id, &disable()).await.unwrap();
    assert!(accounts.find_session(&[1; 32], alive(later)).await.unwrap().is_none());
}

#[tokio::test]
async fn sessions_are_ended_one_all_but_one_or_all_and_only_ones_own() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    let (person, other) = (active(&accounts, 1, Role::Agent).await, active(&accounts, 2, Role::Agent).await);
    let mut ids = Vec::new();
    for n in 1..=3 {
        ids.push(sign_in(&accounts, &person, n).await.id);
    }
    sign_in(&accounts, &other, 9).await;
    assert_eq!(accounts.end_sessions(other.id, Ending::One(ids[0])).await.unwrap(), 0);
    assert_eq!(accounts.end_sessions(person.id, Ending::One(ids[0])).await.unwrap(), 1);
    assert_eq!(accounts.end_sessions(person.id, Ending::AllBut(ids[1])).await.unwrap(), 1);
    assert!(accounts.find_session(&[2; 32], alive(START)).await.unwrap().is_some());
    assert_eq!(accounts.end_sessions(person.id, Ending::All).await.unwrap(), 1);
    assert_eq!(accounts.sessions_of(other.id, alive(START)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_is_signed_in_in_so_many_places_only_and_more_are_asked_after_than_one_question_takes() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    let person = active(&accounts, 1, Role::Agent).await;
    let mut ids = Vec::new();
    for n in 0..=u8::try_from(SESSIONS_PER_ACCOUNT_MAX).unwrap() {
        ids.push(sign_in(&accounts, &person, n).await.id);
    }
    assert!(accounts.find_session(&[0; 32], alive(START)).await.unwrap().is_none(), "the oldest is over");
    let mut asked: Vec<_> = (100..220).map(|n| session(n, START).id).collect();
    asked.extend(&ids);
    let found = accounts.sessions_alive(&asked, alive(START)).await.unwrap();
    assert_eq!(found.len(), ids.len() - 1);
    assert!(accounts.sessions_alive(&[], alive(START)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_link_is_good_once_and_for_its_time_and_ends_all_sessions() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    let person = active(&accounts, 1, Role::Agent).await;
    sign_in(&accounts, &person, 1).await;
    let until = START.plus_millis(HOUR_MS);
    accounts.put_link(Some(link_to(&person)), &[7; 32], until).await.unwrap();
    accounts.put_link(Some(link_to(&person)), &[8; 32], until).await.unwrap();
    assert!(accounts.find_link(&[7; 32], START).await.unwrap().is_none(), "a later one voids it");
    assert_eq!(accounts.find_link(&[8; 32], START).await.unwrap(), Some(LinkOf::Account(person.clone())));
    assert!(accounts.find_link(&[8; 32], until).await.unwrap().is_none());
    let change = |at| accounts.use_link(&[8; 32], &PASSWORD, at);
    static PASSWORD: std::sync::LazyLock<PasswordHash> = std::sync::LazyLock::new(|| password("new"));
    assert!(matches!(change(until).await, Err(LinkError::Void)));
    let both = tokio::join!(change(START), change(START));
    assert_eq!([both.0, both.1].iter().filter(|used| used.is_ok()).count(), 1);
    let found = accounts.find(person.id).await.unwrap().unwrap();
    assert_eq!(found.password, Some(password("new")));
    assert!(accounts.find_session(&[1; 32], alive(START)).await.unwrap().is_none());

    accounts.put_link(Some(link_to(&person)), &[9; 32], until).await.unwrap();
    accounts.change(person.id, &disable()).await.unwrap();
    assert!(matches!(accounts.use_link(&[9; 32], &PASSWORD, START).await, Err(LinkError::Void)));
}

#[tokio::test]
async fn another_password_leaves_this_session_only_and_voids_links() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    let person = active(&accounts, 1, Role::Agent).await;
    let [kept, _] = [sign_in(&accounts, &person, 1).await, sign_in(&accounts, &person, 2).await];
    accounts.put_link(Some(link_to(&person)), &[7; 32], START.plus_millis(1)).await.unwrap();
    let signed_in = accounts.find_session(&[1; 32], alive(START)).await.unwrap().unwrap();
    let (old, new) = (password("hash"), password("new"));
    accounts.change_password(&signed_in, (&old, &new)).await.unwrap();
    let left = accounts.sessions_of(person.id, alive(START)).await.unwrap();
    assert_eq!(left, [kept]);
    assert!(accounts.find_link(&[7; 32], START).await.unwrap().is_none());
    let again = accounts.change_password(&signed_in, (&old, &password("third"))).await;
    assert!(matches!(again, Err(ProofError::Stale)), "another has taken its place");
    accounts.end_sessions(person.id, Ending::All).await.unwrap();
    let late = accounts.change_password(&signed_in, (&new, &old)).await;
    assert!(matches!(late, Err(ProofError::Stale)), "the session is over");
    assert_eq!(accounts.find(person.id).await.unwrap().unwrap().password, Some(new));
}

/// Computing a password takes its time: whoever began to sign in before it was changed came in after all, for the hours of a
/// session.
#[tokio::test]
async fn what_was_proved_signs_nobody_in_once_it_has_changed() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    let person = active(&accounts, 1, Role::Agent).await;
    let begin = async |proved, n| accounts.begin_session(proved, &session(n, START), &[n; 32]).await;
    let is_stale = |begun| matches!(begun, Err(ProofError::Stale));

    let without_totp = accounts.find(person.id).await.unwrap().unwrap();
    set_up_totp(&accounts, &person, &[]).await;
    assert!(is_stale(begin(&without_totp, 1).await));
    let with_totp = accounts.find(person.id).await.unwrap().unwrap();
    begin(&with_totp, 2).await.unwrap();
    accounts.change(person.id, &disable()).await.unwrap();
    assert!(is_stale(begin(&with_totp, 3).await));
    let enable = AccountChange { access: Some(AccountAccess::Enabled), ..AccountChange::default() };
    accounts.change(person.id, &enable).await.unwrap();
    accounts.put_link(Some(link_to(&person)), &[7; 32], START.plus_millis(1)).await.unwrap();
    accounts.use_link(&[7; 32], &password("new"), START).await.unwrap();
    assert!(is_stale(begin(&with_totp, 4).await));
    let disabled = accounts.disable_totp(person.id, &password("hash")).await;
    assert!(matches!(disabled, Err(ProofError::Stale)));
    assert!(accounts.sessions_of(person.id, alive(START)).await.unwrap().is_empty());
}

/// Whoever has only the old password must not come in by it, whether or not the link is ever used.
#[tokio::test]
async fn a_link_that_takes_one_time_passwords_away_takes_the_password_too() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    let person = active(&accounts, 1, Role::Agent).await;
    let secret = set_up_totp(&accounts, &person, &[[1; 32]]).await;
    sign_in(&accounts, &person, 1).await;
    let until = START.plus_millis(1);
    accounts.put_link(Some(link_to(&person)), &[7; 32], until).await.unwrap();
    let found = accounts.find(person.id).await.unwrap().unwrap();
    assert_eq!((found.totp, found.password), (Some(secret), Some(password("hash"))));

    let link = AccountLink { wish: ResetWish::PasswordAndTotp, ..link_to(&person) };
    accounts.put_link(Some(link), &[8; 32], until).await.unwrap();
    let found = accounts.find(person.id).await.unwrap().unwrap();
    assert_eq!((found.totp, found.password), (None, None));
    assert_eq!(accounts.use_code(person.id, &[1; 32]).await.unwrap(), Used::Before);
    assert!(accounts.sessions_of(person.id, alive(START)).await.unwrap().is_empty());
    accounts.use_link(&[8; 32], &password("new"), START).await.unwrap();
    sign_in(&accounts, &person, 2).await;
}

#[tokio::test]
async fn there_is_one_first_administrator() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    let until = START.plus_millis(HOUR_MS);
    let admin =
        |n| FirstAdmin { account: account(n, Role::Admin, AccountState::Active), password: password("hash") };
    accounts.put_link(None, &[1; 32], until).await.unwrap();
    assert!(matches!(accounts.use_first_link(&[2; 32], &admin(1), START).await, Err(LinkError::Void)));
    assert!(matches!(accounts.use_first_link(&[1; 32], &admin(1), until).await, Err(LinkError::Void)));
    accounts.create(&account(1, Role::Viewer, AccountState::Invited), START).await.unwrap();
    assert!(matches!(accounts.use_first_link(&[1; 32], &admin(1), START).await, Err(LinkError::LoginTaken)));
    // Whoever has used a link in vain can use it again.
    assert_eq!(accounts.find_link(&[1; 32], START).await.unwrap(), Some(LinkOf::FirstAdmin));
    accounts.use_first_link(&[1; 32], &admin(2), START).await.unwrap();
    assert!(accounts.has_admin().await.unwrap());
    accounts.put_link(None, &[3; 32], until).await.unwrap();
    assert_eq!(accounts.find_link(&[3; 32], START).await.unwrap(), None);
    assert!(matches!(accounts.use_first_link(&[3; 32], &admin(3), START).await, Err(LinkError::Void)));
}

#[tokio::test]
async fn a_one_time_password_and_a_code_are_good_once() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    let person = active(&accounts, 1, Role::Agent).await;
    let [early, secret] = [KeptSecret::new(vec![4; 20]), KeptSecret::new(vec![5; 20])];
    accounts.put_pending_totp(person.id, &early).await.unwrap();
    accounts.put_pending_totp(person.id, &secret).await.unwrap();
    assert_eq!(accounts.use_totp_step(person.id, 10).await.unwrap(), Used::Before, "none is asked yet");
    let sealed = KeptSecret::new(vec![6; 65]);
    let confirm = |pending, codes| {
        accounts.confirm_totp(person.id, ConfirmedTotp { pending, totp: &sealed, step: 10 }, codes)
    };
    assert_eq!(confirm(&early, &[]).await.unwrap(), Used::Before);
    assert_eq!(confirm(&secret, &[[1; 32], [2; 32]]).await.unwrap(), Used::Now);
    let found = accounts.find(person.id).await.unwrap().unwrap();
    assert_eq!((found.totp, found.totp_pending), (Some(sealed.clone()), None));
    assert_eq!(accounts.put_pending_totp(person.id, &early).await.unwrap(), Used::Before, "some are asked");
    sign_in(&accounts, &person, 1).await;
    let signed_in = accounts.find_session(&[1; 32], alive(START)).await.unwrap().unwrap();
    assert_eq!(signed_in.totp, TotpUse::On);

    for (step, expected) in
        [(9, Used::Before), (10, Used::Before), (11, Used::Now), (11, Used::Before), (12, Used::Now)]
    {
        assert_eq!(accounts.use_totp_step(person.id, step).await.unwrap(), expected, "{step}");
    }
    assert_eq!(accounts.use_code(person.id, &[3; 32]).await.unwrap(), Used::Before);
    assert_eq!(accounts.use_code(person.id, &[1; 32]).await.unwrap(), Used::Now);
    assert_eq!(accounts.use_code(person.id, &[1; 32]).await.unwrap(), Used::Before);
    accounts.disable_totp(person.id, &password("hash")).await.unwrap();
    assert_eq!(accounts.use_code(person.id, &[2; 32]).await.unwrap(), Used::Before);
    assert!(accounts.find(person.id).await.unwrap().unwrap().totp.is_none());
}

#[tokio::test]
async fn there_are_no_more_accounts_than_may_be() {
    let fixture = Fixture::new();
    let accounts = fixture.store.accounts();
    accounts.create(&account(1, Role::Agent, AccountState::Invited), START).await.unwrap();
    let columns = "login, name, role, state, limits, created_at";
    fixture.ground().execute(&format!(
        "INSERT INTO accounts (id, {columns})
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {})
         SELECT CAST(n AS text), CAST(n AS text), 'n', 'agent', 'invited', '{{}}', 1 FROM n",
        ACCOUNTS_MAX - 1
    ));
    let refused = accounts.create(&account(2, Role::Agent, AccountState::Invited), START).await;
    assert!(matches!(refused, Err(AccountError::TooMany)));
}

#[tokio::test]
async fn accounts_are_seen_beside_a_server_and_kept_when_it_starts_again() {
    let fixture = Fixture::new();
    let beside = Accounts::open(&fixture.ground().place()).await.map_err(|_: OpenError| ()).unwrap();
    let person = active(&beside, 1, Role::Agent).await;
    assert!(fixture.store.accounts().find(person.id).await.unwrap().is_some());
    let again = fixture.restart().await;
    assert_eq!(again.store.accounts().find_login(&person.login).await.unwrap().unwrap().account, person);
}
