//! Who guesses: sign-ins that failed, by account and by address, each of which has to wait longer after more of them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use waypost_store::accounts::SecretDigest;

use crate::limits::{Limit, LimitCounts, network};

/// After how long without a failure all are forgotten, and the longest wait.
const WINDOW: Duration = Duration::from_mins(15);
/// The wait after as many failures as may be; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// Accounts and addresses that are remembered; over it those go that failed longest ago.
const REMEMBERED_MAX: usize = 10_000;

/// How many failures there may be before one has to wait; `None` for any number.
#[derive(Clone, Debug)]
pub(crate) struct FailureLimits {
    pub(crate) per_account: Option<usize>,
    pub(crate) per_address: Option<usize>,
    /// Where it is counted that somebody has to wait.
    pub(crate) counts: LimitCounts,
}

/// Who tries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// The digest of the login, whether or not there is such an account: what is remembered must not say who has one.
    pub(crate) login: SecretDigest,
    /// An IPv6 client is its /64.
    pub(crate) address: Option<IpAddr>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Login(SecretDigest),
    Address(IpAddr),
}

#[derive(Clone, Copy)]
struct Failed {
    times: usize,
    last: Duration,
    /// Since when failures have not been fading: see [`Who::fades_in`].
    fades_from: Duration,
}

/// An attempt that counts as failed until it is taken back.
pub(crate) struct Counted {
    login: Who,
    at: Duration,
    /// Where it counts, each with when something had failed there before.
    places: Vec<(Who, Duration)>,
}

/// Who has failed of late. Each process has its own.
pub(crate) struct Failures {
    limits: FailureLimits,
    /// Short sections: a look and a count; when it is full, a walk through it.
    failed: Mutex<HashMap<Who, Failed>>,
}

impl Failures {
    pub(crate) fn new(limits: FailureLimits) -> Self {
        Self { limits, failed: Mutex::default() }
    }

    /// Lets an attempt begin, and counts it as failed until [`Self::undo`] or [`Self::forgive`]: many at once are as many failures.
    ///
    /// # Errors
    /// For how long to wait.
    pub(crate) fn begin(&self, attempt: Attempt, now: Duration) -> Result<Counted, Duration> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let limited = self.limited(attempt);
        for (who, max) in &limited {
            if let Some(entry) = failed.get_mut(who) {
                entry.fade(who.fades_in(*max), now);
            }
        }
        let waits = limited.iter().filter_map(|(who, max)| Some((failed.get(who)?.wait(*max, now)?, who)));
        if let Some((wait, who)) = waits.max_by_key(|(wait, _)| *wait) {
            self.limits.counts.add(who.limit());
            return Err(wait);
        }
        let mut count = |who| {
            make_room(&mut failed, who, now);
            let entry = failed.entry(who).or_insert(Failed { times: 0, last: now, fades_from: now });
            let before = entry.last;
            entry.times += 1;
            entry.last = now;
            (who, before)
        };
        let places = limited.into_iter().map(|(who, _)| count(who)).collect();
        Ok(Counted { login: Who::Login(attempt.login), at: now, places })
    }

    /// The attempt was none that failed, and nobody was let in either: those before it still count, and are no newer by it.
    pub(crate) fn undo(&self, counted: &Counted) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        for (who, before) in &counted.places {
            let Some(entry) = failed.get_mut(who) else { continue };
            entry.times = entry.times.saturating_sub(1);
            if entry.last == counted.at {
                entry.last = *before;
            }
            if entry.times == 0 {
                failed.remove(who);
            }
        }
    }

    /// The account's person was let in: the account has no failures any more, and the address one less.
    pub(crate) fn forgive(&self, counted: &Counted) {
        self.undo(counted);
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).remove(&counted.login);
    }

    fn limited(&self, attempt: Attempt) -> Vec<(Who, usize)> {
        let login = self.limits.per_account.map(|max| (Who::Login(attempt.login), max));
        let address =
            attempt.address.map(|address| Who::Address(network(address))).zip(self.limits.per_address);
        login.into_iter().chain(address).collect()
    }
}

impl Who {
    const fn limit(self) -> Limit {
        match self {
            Self::Login(_) => Limit::LoginFailuresPerAccount,
            Self::Address(_) => Limit::LoginFailuresPerAddress,
        }
    }

    /// After how long one failure fades. An address may be many people's, whose slips would add up for ever.
    fn fades_in(self, max: usize) -> Duration {
        match self {
            Self::Login(_) => WINDOW,
            Self::Address(_) => WINDOW / u32::try_from(max.max(1)).unwrap_or(u32::MAX),
        }
    }
}

impl Failed {
    fn fade(&mut self, every: Duration, now: Duration) {
        if self.is_over(now) {
            *self = Self { times: 0, last: self.last, fades_from: now };
            return;
        }
        let faded = now.saturating_sub(self.fades_from).as_nanos() / every.as_nanos().max(1);
        let faded = u32::try_from(faded).unwrap_or(u32::MAX);
        self.times = self.times.saturating_sub(usize::try_from(faded).unwrap_or(usize::MAX));
        self.fades_from += every.saturating_mul(faded);
    }

    fn is_over(self, now: Duration) -> bool {
        now.saturating_sub(self.last) >= WINDOW
    }

    /// How long whoever failed so often has to wait still.
    fn wait(self, max: usize, now: Duration) -> Option<Duration> {
        let over = u32::try_from(self.times.checked_sub(max)?).unwrap_or(u32::MAX);
        let wait =
            2_u32.checked_pow(over).map_or(WINDOW, |factor| FIRST_WAIT.saturating_mul(factor)).min(WINDOW);
        let left = wait.saturating_sub(now.saturating_sub(self.last));
        (!left.is_zero()).then_some(left)
    }
}

/// Whoever knows many addresses can make us forget failures of accounts; each address has its own bound before.
fn make_room(failed: &mut HashMap<Who, Failed>, who: Who, now: Duration) {
    if failed.len() < REMEMBERED_MAX || failed.contains_key(&who) {
        return;
    }
    failed.retain(|_, entry| !entry.is_over(now));
    if failed.len() >= REMEMBERED_MAX
        && let Some(oldest) = failed.iter().min_by_key(|(_, entry)| entry.last).map(|(who, _)| *who)
    {
        failed.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(per_account: Option<usize>, per_address: Option<usize>) -> FailureLimits {
        FailureLimits { per_account, per_address, counts: LimitCounts::default() }
    }

    fn attempt(login: u8, address: &str) -> Attempt {
        Attempt { login: [login; 32], address: Some(address.parse().unwrap()) }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_account_waits_longer_after_each_failure_too_many_and_is_forgotten_after_a_quarter_of_an_hour() {
        let failures = Failures::new(limits(Some(2), Some(4)));
        let mut next = attempt(1, "192.0.2.1");
        let mut from = (1..=200_u8).map(|host| format!("198.51.100.{host}"));
        let mut begin = |now| {
            next.address = Some(from.next().unwrap().parse().unwrap());
            failures.begin(next, at(now)).map(drop)
        };
        for (now, expected) in [
            (0, Ok(())),
            (1, Ok(())),
            (2, Err(at(29))),
            (31, Ok(())),
            (32, Err(at(59))),
            (91, Ok(())),
            (92, Err(at(119))),
            (91 + 900, Ok(())),
            (91 + 901, Ok(())),
            (91 + 902, Err(at(29))),
        ] {
            assert_eq!(begin(now), expected, "{now}");
        }
    }

    #[test]
    fn an_address_has_a_bound_over_all_accounts_and_a_success_forgives_one() {
        let failures = Failures::new(limits(Some(2), Some(4)));
        let begin = |login, address| failures.begin(attempt(login, address), at(0));
        let counted: Vec<_> = (1..=4).map(|login| begin(login, "192.0.2.1").unwrap()).collect();
        assert_eq!(begin(5, "::ffff:192.0.2.1").err(), Some(at(30)));
        assert!(begin(5, "192.0.2.2").is_ok());
        failures.forgive(&counted[3]);
        assert!(begin(4, "192.0.2.1").is_ok());
    }

    /// Whoever knows a password must not get around the bound on guessed one-time passwords by leaving these out in between.
    #[test]
    fn what_did_not_fail_does_not_forgive_what_did() {
        let failures = Failures::new(limits(Some(2), None));
        let attempt = attempt(1, "192.0.2.1");
        failures.begin(attempt, at(0)).unwrap();
        failures.undo(&failures.begin(attempt, at(0)).unwrap());
        let last = failures.begin(attempt, at(0)).unwrap();
        assert_eq!(failures.begin(attempt, at(0)).err(), Some(at(30)));
        failures.forgive(&last);
        assert!(failures.begin(attempt, at(0)).is_ok());
    }

    /// A page asks for the password first and for the one-time password then: the person would have had to wait anew.
    #[test]
    fn what_did_not_fail_makes_no_earlier_failure_newer() {
        let failures = Failures::new(limits(Some(2), None));
        let attempt = attempt(1, "192.0.2.1");
        for _ in 0..2 {
            failures.begin(attempt, at(0)).unwrap();
        }
        failures.undo(&failures.begin(attempt, at(31)).unwrap());
        failures.forgive(&failures.begin(attempt, at(32)).unwrap());
        assert!(failures.failed.lock().unwrap().is_empty());
    }

    #[test]
    fn the_slips_of_many_people_at_one_address_fade() {
        let failures = Failures::new(limits(Some(2), Some(4)));
        let slip = |login, now| failures.begin(attempt(login, "192.0.2.1"), at(now)).map(drop);
        for n in 0..100_u8 {
            slip(n, u64::from(n) * 230).unwrap();
        }
        let now = 100 * 230;
        let in_a_row: Vec<_> = (100..105).map(|login| slip(login, now)).collect();
        assert_eq!(in_a_row, [Ok(()), Ok(()), Ok(()), Ok(()), Err(at(30))]);
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let failures = Failures::new(limits(None, Some(1)));
        failures.begin(attempt(1, "2001:db8::1"), at(0)).unwrap();
        assert!(failures.begin(attempt(2, "2001:db8::ffff"), at(0)).is_err());
        assert!(failures.begin(attempt(2, "2001:db8:0:1::1"), at(0)).is_ok());
    }

    #[test]
    fn without_limits_nothing_is_remembered() {
        let failures = Failures::new(limits(None, None));
        for _ in 0..100 {
            failures.begin(attempt(1, "192.0.2.1"), at(0)).unwrap();
        }
        assert!(failures.failed.lock().unwrap().is_empty());
    }

    #[test]
    fn when_it_is_full_those_go_that_failed_longest_ago() {
        let failures = Failures::new(limits(Some(1), None));
        let numbered = |n: usize| {
            let mut login = [0; 32];
            login[..8].copy_from_slice(&n.to_be_bytes());
            Attempt { login, address: None }
        };
        for n in 0..=REMEMBERED_MAX {
            failures.begin(numbered(n), at(u64::try_from(n / 100).unwrap())).unwrap();
        }
        assert_eq!(failures.failed.lock().unwrap().len(), REMEMBERED_MAX);
        assert!(failures.begin(numbered(REMEMBERED_MAX), at(100)).is_err());
    }
}
