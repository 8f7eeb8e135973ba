//! What people do over time, with a clock that stands still until it is moved.

use std::sync::atomic::{AtomicI64, Ordering};

use waypost_domain::{Limits, Login, PersonName, Role};
use waypost_store::Place;
use waypost_store::accounts::ResetWish;

use super::*;
use crate::limits::LimitCounts;

const PASSWORD: &str = "correct horse battery";
const START_MS: i64 = 1_794_000_000_000;

#[derive(Default)]
struct StillClock(AtomicI64);

impl StillClock {
    fn pass_minutes(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60_000, Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(START_MS + self.0.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst).unsigned_abs())
    }
}

struct Ground {
    people: People,
    clock: Arc<StillClock>,
    _folder: tempfile::TempDir,
}

/// An agent `ann`; one stays signed in for an hour, and ten minutes without doing anything.
async fn ground() -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let accounts = Accounts::open(&Place::Directory(folder.path().into())).await.unwrap();
    let settings = PeopleSettings {
        session: Duration::from_mins(60),
        idle: Duration::from_mins(10),
        roles: Roles::default(),
        totp_roles: Vec::new(),
        failures: FailureLimits { per_account: Some(3), per_address: None, counts: LimitCounts::default() },
    };
    let clock = Arc::new(StillClock::default());
    let people = People::new(
        (accounts, TotpKeeping::new(None)),
        settings,
        Arc::clone(&clock) as Arc<dyn Clock>,
        [7; 32],
    );
    let person = NewPerson {
        login: Login::parse("ann").unwrap(),
        name: PersonName::parse("Ann").unwrap(),
        role: Role::Agent.into(),
        limits: Limits::default(),
    };
    let invited = people.invite(person).await.unwrap();
    people.use_link(invited.secret.expose(), new_password()).await.unwrap();
    Ground { people, clock, _folder: folder }
}

fn new_password() -> NewPassword<'static> {
    NewPassword { password: PASSWORD, login: None, name: None }
}

fn wanted<'a>(password: &'a str, code: Option<&'a str>) -> SignIn<'a> {
    SignIn { login: "Ann", password, code, address: None, agent: None }
}

impl Ground {
    async fn sign_in(&self) -> NewSession {
        self.people.sign_in(wanted(PASSWORD, None)).await.unwrap()
    }

    async fn is_in(&self, session: &NewSession) -> bool {
        self.people.signed_in(&session.secret.digest()).await.unwrap().is_some()
    }
}

#[tokio::test]
async fn whoever_does_nothing_is_signed_out_and_nobody_stays_for_ever() {
    let ground = ground().await;
    let (used, idle) = (ground.sign_in().await, ground.sign_in().await);
    for _ in 0..6 {
        assert!(ground.is_in(&used).await);
        ground.clock.pass_minutes(9);
    }
    assert!(!ground.is_in(&idle).await);
    let connected = [used.signed_in.session.id];
    let still = ground.people.still_signed_in(&connected).await.unwrap();
    assert_eq!(still.len(), 1);
    ground.people.note_use(&still).await.unwrap();
    ground.clock.pass_minutes(6);
    assert!(!ground.is_in(&used).await);
    assert!(ground.people.still_signed_in(&connected).await.unwrap().is_empty());
}

#[tokio::test]
async fn links_end_with_their_time() {
    let ground = ground().await;
    let account = ground.sign_in().await.signed_in.account.id;
    let reset = ground.people.reset(account, ResetWish::Password).await.unwrap();
    ground.clock.pass_minutes(60);
    let late = ground.people.use_link(reset.secret.expose(), new_password()).await;
    assert!(matches!(late, Err(UseLinkError::Void)));
    let now = ground.clock.now();
    let first = first_admin_link(&ground.people.accounts, [1; 32], now).await.unwrap().unwrap();
    assert!(ground.people.find_link(first.expose()).await.unwrap().is_some());
    ground.clock.pass_minutes(FIRST_LINK_MINUTES);
    assert!(ground.people.find_link(first.expose()).await.unwrap().is_none());
}

/// Whoever knows the password is asked for a one-time password; to ask again is not to begin to guess anew.
#[tokio::test]
async fn one_time_passwords_cannot_be_guessed_by_whoever_knows_the_password() {
    let ground = ground().await;
    let session = ground.sign_in().await;
    ground.people.enrol_totp(&session.signed_in).await.unwrap();
    let found = ground.people.accounts.find(session.signed_in.account.id).await.unwrap().unwrap();
    let kept = found.totp_pending.unwrap();
    let pending = (session.signed_in.account.id, waypost_store::accounts::TotpColumn::Pending);
    let secret = ground.people.totps.open(pending, &kept).await.unwrap();
    let step = u64::try_from(START_MS / 30_000).unwrap();
    ground.people.confirm_totp(&session.signed_in, &totp::password(&secret, step)).await.unwrap();
    for _ in 0..3 {
        let wrong = ground.people.sign_in(wanted(PASSWORD, Some("no-such-code"))).await;
        assert!(matches!(wrong, Err(SignInError::Wrong)));
        let asked = ground.people.sign_in(wanted(PASSWORD, None)).await;
        assert!(matches!(asked, Err(SignInError::CodeWanted | SignInError::Limited { .. })));
    }
    let limited = ground.people.sign_in(wanted(PASSWORD, Some("no-such-code"))).await;
    assert!(matches!(limited, Err(SignInError::Limited { .. })));
}
