//! Limits over time, with a clock that stands still until it is moved.

use std::sync::atomic::{AtomicU64, Ordering};

use waypost_domain::Timestamp;

use super::*;

#[derive(Default)]
struct StillClock(AtomicU64);

impl StillClock {
    fn pass_millis(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Limits of two a second, and twenty at once.
fn two_a_second() -> (Limits, Arc<StillClock>) {
    let clock = Arc::new(StillClock::default());
    let as_clock: Arc<dyn Clock> = clock.clone();
    let rate = Rate::per_second(2);
    let limits = Limits {
        handshakes: Some(Buckets::new(rate, Arc::clone(&as_clock))),
        requests: Some(Buckets::new(rate, Arc::clone(&as_clock))),
        events: Some(rate),
        joins: Some(rate),
        clock: as_clock,
        counts: LimitCounts::default(),
    };
    (limits, clock)
}

fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

fn principal(id: &str) -> Who {
    Who::Principal(PrincipalId::parse(id).unwrap())
}

/// How often it can be done just now.
fn times(mut take: impl FnMut() -> bool) -> usize {
    (0..1_000).take_while(|_| take()).count()
}

fn half_a_second() -> Duration {
    Duration::from_millis(500)
}

#[test]
fn an_address_opens_ten_seconds_worth_at_once_and_then_so_many_a_second() {
    let (limits, clock) = two_a_second();
    let open = |address: &str| limits.handshake(Some(ip(address)));
    assert_eq!(times(|| open("192.0.2.1").is_ok()), 20);
    assert_eq!(open("::ffff:192.0.2.1"), Err(half_a_second()), "it is the same client in other clothes");
    assert_eq!(open("192.0.2.2"), Ok(()), "another is not its match");
    assert_eq!(limits.handshake(None), Ok(()));
    clock.pass_millis(499);
    assert_eq!(open("192.0.2.1"), Err(Duration::from_millis(1)));
    clock.pass_millis(1);
    assert_eq!((open("192.0.2.1"), open("192.0.2.1")), (Ok(()), Err(half_a_second())));
    clock.pass_millis(10_000);
    assert_eq!(times(|| open("192.0.2.1").is_ok()), 20);
    assert_eq!(limits.counts.of(Limit::HandshakesPerAddress), 5);
}

#[test]
fn an_ipv6_client_is_its_network() {
    let (limits, _clock) = two_a_second();
    let mut host = 0_u16;
    let opened = times(|| {
        host += 1;
        limits.handshake(Some(ip(&format!("2001:db8::{host:x}")))).is_ok()
    });
    assert_eq!(opened, 20);
    assert_eq!(limits.handshake(Some(ip("2001:db8:0:1::1"))), Ok(()));
}

#[test]
fn each_principal_and_each_address_has_its_own_requests() {
    let (limits, clock) = two_a_second();
    let flooding = || limits.request(principal("key:one")).is_ok();
    assert_eq!(times(flooding), 20);
    for other in [principal("key:two"), principal("user:one"), Who::Address(ip("192.0.2.1"))] {
        assert_eq!(limits.request(other), Ok(()));
    }
    clock.pass_millis(1_000);
    assert_eq!(times(flooding), 2);
    assert_eq!(limits.counts.of(Limit::RequestsPerPrincipal), 2);
}

#[test]
fn a_join_is_an_event_too_and_rooms_of_a_connect_are_joins() {
    let (limits, clock) = two_a_second();
    let pace = limits.pace();
    assert_eq!(times(|| pace.take(Step::Join).is_ok()), 20);
    let wait = |limit| Err(Excess::Wait { limit, wait: half_a_second() });
    assert_eq!(pace.take(Step::Event), wait(Limit::EventsPerConnection));
    clock.pass_millis(10_000);
    assert_eq!(pace.take(Step::Connect { rooms: 20 }), Ok(()));
    assert_eq!(pace.take(Step::Join), wait(Limit::JoinsPerConnection));
    assert_eq!(pace.take(Step::Event), Ok(()), "events are left");
    assert_eq!(limits.pace().take(Step::Join), Ok(()), "another connection is not its match");
}

/// A client that holds more rooms than it may join at once has to come back to them some time.
#[test]
fn more_rooms_than_can_be_joined_at_once_are_as_many_as_can() {
    let (limits, clock) = two_a_second();
    let pace = limits.pace();
    assert_eq!(pace.take(Step::Connect { rooms: 1_000 }), Ok(()));
    assert!(pace.take(Step::Connect { rooms: 1_000 }).is_err());
    clock.pass_millis(10_000);
    assert_eq!(pace.take(Step::Connect { rooms: 1_000 }), Ok(()));
}

#[test]
fn whoever_does_not_heed_its_refusals_is_sent_away_once() {
    let (limits, clock) = two_a_second();
    let pace = limits.pace();
    let is_told = |excess| matches!(excess, Err(Excess::Wait { .. }));
    assert_eq!(times(|| pace.take(Step::Event).is_ok()), 20);
    assert_eq!(times(|| is_told(pace.take(Step::Event))), 199, "the first was told above");
    assert_eq!(pace.take(Step::Event), Err(Excess::Flood(Flood::GoesOn)), "it began above");
    clock.pass_millis(500);
    assert_eq!(pace.take(Step::Event), Ok(()));
}

#[test]
fn one_that_is_refused_now_and_then_stays() {
    let (limits, clock) = two_a_second();
    let pace = limits.pace();
    let mut refused = 0;
    for _ in 0..2_000 {
        clock.pass_millis(100);
        match pace.take(Step::Event) {
            Ok(()) => {}
            Err(Excess::Wait { .. }) => refused += 1,
            Err(Excess::Flood(_)) => panic!("it was taken for a flood after {refused} refusals"),
        }
    }
    assert!(refused > 1_000, "{refused}");
}

#[test]
fn without_limits_nothing_is_refused_or_remembered() {
    let off = Limits { handshakes: None, requests: None, events: None, joins: None, ..two_a_second().0 };
    let pace = off.pace();
    for _ in 0..10_000 {
        assert_eq!(off.handshake(Some(ip("192.0.2.1"))), Ok(()));
        assert_eq!(off.request(principal("key:one")), Ok(()));
        assert_eq!(pace.take(Step::Join), Ok(()));
    }
}

#[test]
fn when_it_is_full_whoever_has_everything_left_goes_first_and_then_all() {
    let clock = Arc::new(StillClock::default());
    let buckets = Buckets::with_keys_max(Rate::per_second(2), clock.clone(), 10);
    let mut next = 0;
    let mut come = |clients: usize| {
        for _ in 0..clients {
            next += 1;
            buckets.take(&next).unwrap();
        }
        buckets.len()
    };
    assert_eq!(come(7), 7);
    clock.pass_millis(1_100);
    assert_eq!(come(2), 9);
    assert_eq!(come(1), 3, "those of before have everything left");
    assert_eq!(come(6), 9);
    assert_eq!(come(1), 0, "more than half are busy: all are forgotten");
    assert_eq!(come(5), 5);
    clock.pass_millis(1_100);
    buckets.tend();
    assert_eq!(buckets.len(), 0);
}
