//! The journal in pages: all that matches, once, in order, or a plain word that it is gone.

use proptest::prelude::*;
use waypost_domain::{CustomerId, Fact, FieldReport, PhoneNumberId, RawJson, Scope};
use waypost_store::{Binding, CommittedEvent, CustomerMatch, JournalPage, PageError, PageRequest, Store};

use crate::fixture::{Fixture, message, message_of, number, phone};

/// Everything that is there after `after`, in one page where the scan's bound allows.
fn everything(after: u64) -> PageRequest {
    PageRequest {
        after,
        until: u64::MAX,
        scopes: vec![Scope::ALL],
        events_max: usize::MAX,
        bytes_max: usize::MAX,
    }
}

fn numbers(events: &[CommittedEvent]) -> Vec<u64> {
    events.iter().map(|event| event.offset.number).collect()
}

/// Pages one after another, each from where the one before is complete, until nothing is left.
async fn pages(store: &Store, mut request: PageRequest) -> Vec<JournalPage> {
    let mut pages = Vec::new();
    loop {
        let page = store.journal_page(request.clone()).await.unwrap();
        if page.complete_to == request.after {
            assert_eq!(page.events, []);
            return pages;
        }
        assert!(page.complete_to > request.after);
        request.after = page.complete_to;
        pages.push(page);
    }
}

async fn assert_gone(fixture: &Fixture, request: PageRequest, expected: u64) {
    match fixture.store.journal_page(request).await {
        Err(PageError::Gone { oldest }) => assert_eq!(oldest, expected),
        other => panic!("not gone: {other:?}"),
    }
}

async fn customer(fixture: &Fixture, digits: &str) -> CustomerId {
    match fixture.store.find_customer(digits).await.unwrap() {
        CustomerMatch::One(Binding { customer, .. }) => customer,
        other => panic!("not one customer: {other:?}"),
    }
}

/// Messages `from` to `to`, of one customer.
fn messages(from: u64, to: u64) -> Vec<Fact> {
    (from..=to).map(|n| message(&format!("wamid.{n}"), "x")).collect()
}

#[tokio::test]
async fn an_empty_journal_has_an_empty_page_wherever_it_begins() {
    let fixture = Fixture::new();
    for after in [0, 1, u64::MAX] {
        let page = fixture.store.journal_page(everything(after)).await.unwrap();
        assert_eq!(page, JournalPage { events: Vec::new(), complete_to: after, position: None });
    }
}

#[tokio::test]
async fn a_page_ends_at_what_was_asked_for_and_never_beyond_the_head() {
    let fixture = Fixture::new();
    fixture.receive(messages(1, 10)).await;
    // after, until: the numbers of the page, and how far it is complete.
    for (after, until, expected, complete_to) in [
        (0, 3, vec![1, 2, 3], 3),
        (7, 11, vec![8, 9, 10], 10),
        (7, u64::MAX, vec![8, 9, 10], 10),
        (10, 20, vec![], 10),
        (15, 20, vec![], 15),
        (5, 5, vec![], 5),
        (5, 2, vec![], 5),
        (u64::MAX, u64::MAX, vec![], u64::MAX),
    ] {
        let page = fixture.store.journal_page(PageRequest { until, ..everything(after) }).await.unwrap();
        assert_eq!((numbers(&page.events), page.complete_to), (expected, complete_to), "{after} to {until}");
    }
}

#[tokio::test]
async fn a_limit_of_nothing_lets_one_event_through() {
    let fixture = Fixture::new();
    fixture.receive(messages(1, 3)).await;
    for (events_max, bytes_max) in [(0, usize::MAX), (usize::MAX, 0), (0, 0)] {
        let pages = pages(&fixture.store, PageRequest { events_max, bytes_max, ..everything(0) }).await;
        assert_eq!(pages.iter().map(|page| page.events.len()).collect::<Vec<_>>(), [1, 1, 1]);
    }
}

#[tokio::test]
async fn a_reader_in_no_scope_gets_nothing_and_is_complete() {
    let fixture = Fixture::new();
    fixture.receive(messages(1, 3)).await;
    let page = fixture.store.journal_page(PageRequest { scopes: Vec::new(), ..everything(0) }).await.unwrap();
    assert_eq!((page.events, page.complete_to), (Vec::new(), 3));
    assert_eq!(page.position.map(|position| position.number), Some(3));
}

#[tokio::test]
async fn a_pruned_beginning_is_gone_and_what_is_kept_is_whole() {
    let fixture = Fixture::new();
    fixture.receive(messages(1, 300)).await;
    fixture.clock.advance_days(8);
    fixture.receive(messages(301, 310)).await;
    fixture.store.tend().await.unwrap();
    for after in [0, 1, 299] {
        assert_gone(&fixture, everything(after), 301).await;
    }
    // Also where all that was asked for is gone, and where none of it would have matched.
    assert_gone(&fixture, PageRequest { until: 100, ..everything(0) }, 301).await;
    assert_gone(&fixture, PageRequest { scopes: Vec::new(), ..everything(0) }, 301).await;
    let page = fixture.store.journal_page(everything(300)).await.unwrap();
    assert_eq!(numbers(&page.events), (301..=310).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_hole_in_the_middle_ends_a_page_and_begins_none() {
    let fixture = Fixture::new();
    fixture.receive(messages(1, 8)).await;
    fixture.ground().execute("DELETE FROM journal WHERE number IN (5, 6)");
    let page = fixture.store.journal_page(everything(0)).await.unwrap();
    assert_eq!((numbers(&page.events), page.complete_to), (vec![1, 2, 3, 4], 4));
    assert_gone(&fixture, everything(4), 7).await;
    let page = fixture.store.journal_page(everything(6)).await.unwrap();
    assert_eq!(numbers(&page.events), [7, 8]);
}

#[tokio::test]
async fn a_quiet_room_among_thousands_of_events_is_read_in_bounded_pages() {
    let fixture = Fixture::new();
    let quiet = |wamid: &str| message_of(wamid, phone("15550002002"), "quiet");
    fixture.receive(vec![quiet("wamid.first")]).await;
    for batch in 0..10 {
        fixture.receive(messages(batch * 500 + 1, (batch + 1) * 500)).await;
    }
    fixture.receive(vec![quiet("wamid.last")]).await;

    let scopes = vec![Scope::of_customer(customer(&fixture, "15550002002").await)];
    let pages = pages(&fixture.store, PageRequest { scopes, ..everything(0) }).await;
    let found: Vec<_> = pages.iter().map(|page| (numbers(&page.events), page.complete_to)).collect();
    assert_eq!(found, [(vec![1], 2_000), (vec![], 4_000), (vec![5_002], 5_002)]);
}

#[tokio::test]
async fn reading_while_appends_go_on_never_sees_a_hole() {
    const EVENTS: u64 = 600;
    let mut fixture = Fixture::new();
    let store = fixture.store.clone();
    let append = async {
        let mut live = Vec::new();
        for n in 0..EVENTS / 3 {
            fixture.receive(messages(n * 3 + 1, n * 3 + 3)).await;
            live.extend(fixture.events().await);
        }
        live
    };
    let read = async {
        let mut read: Vec<CommittedEvent> = Vec::new();
        let mut request = PageRequest { events_max: 5, ..everything(0) };
        while request.after < EVENTS {
            let page = store.journal_page(request.clone()).await.unwrap();
            request.after = page.complete_to;
            read.extend(page.events);
            // On the caller's thread nothing else lets the appends go on.
            tokio::task::yield_now().await;
        }
        read
    };
    let (live, read) = tokio::join!(append, read);
    assert_eq!(numbers(&read), (1..=EVENTS).collect::<Vec<_>>());
    assert_eq!(read, live);
}

/// An event to be: whose it is, and how long.
#[derive(Clone, Debug)]
enum Appended {
    Message {
        customer: usize,
        number: usize,
        bytes: usize,
    },
    /// For everybody, or for those of one number.
    Field {
        number: Option<usize>,
    },
}

const CUSTOMERS: [&str; 3] = ["15550002001", "15550002002", "15550002003"];

fn one_of(numbers: usize) -> PhoneNumberId {
    [number(), PhoneNumberId::parse("100000000000102").unwrap()][numbers].clone()
}

fn fact(appended: &Appended, n: usize) -> Fact {
    match *appended {
        Appended::Message { customer, number, bytes } => {
            let content = "é\"".repeat(bytes);
            let fact = message_of(&format!("wamid.{n}"), phone(CUSTOMERS[customer]), &content);
            let Fact::Message(mut message) = fact else { unreachable!() };
            message.number = one_of(number);
            Fact::Message(message)
        }
        Appended::Field { number } => Fact::Field(Box::new(FieldReport {
            field: "account_update".into(),
            number: number.map(one_of),
            waba: None,
            customer: None,
            notice: None,
            told_at: None,
            ties: Vec::new(),
            raw: RawJson::new(format!("{{\"n\":{n}}}")),
        })),
    }
}

fn webhooks() -> impl Strategy<Value = Vec<Vec<Appended>>> {
    let appended = prop_oneof![
        4 => (0..3_usize, 0..2_usize, 0..60_usize)
            .prop_map(|(customer, number, bytes)| Appended::Message { customer, number, bytes }),
        1 => prop::option::of(0..2_usize).prop_map(|number| Appended::Field { number }),
    ];
    prop::collection::vec(prop::collection::vec(appended, 1..8), 1..8)
}

/// What a reader asks for: scopes by customer and number, and all of them; limits; where it begins, in thousandths.
#[derive(Clone, Debug)]
struct Reader {
    customers: Vec<usize>,
    numbers: Vec<usize>,
    is_in_all: bool,
    events_max: usize,
    bytes_max: usize,
    after: u64,
}

fn readers() -> impl Strategy<Value = Vec<Reader>> {
    let reader = (
        prop::sample::subsequence(vec![0, 1, 2], 0..=3),
        prop::sample::subsequence(vec![0, 1], 0..=2),
        prop::bool::weighted(0.2),
        1..9_usize,
        0..400_usize,
        0..1_000_u64,
    );
    let reader = reader.prop_map(|(customers, numbers, is_in_all, events_max, bytes_max, after)| Reader {
        customers,
        numbers,
        is_in_all,
        events_max,
        bytes_max,
        after,
    });
    prop::collection::vec(reader, 1..6)
}

async fn scopes(fixture: &Fixture, reader: &Reader) -> Vec<Scope> {
    let mut scopes: Vec<Scope> =
        reader.numbers.iter().map(|&number| Scope::of_number(one_of(number))).collect();
    scopes.extend(reader.is_in_all.then_some(Scope::ALL));
    for &index in &reader.customers {
        if let CustomerMatch::One(Binding { customer: id, .. }) =
            fixture.store.find_customer(CUSTOMERS[index]).await.unwrap()
        {
            scopes.push(Scope::of_customer(id));
        }
    }
    scopes
}

async fn check(webhooks: Vec<Vec<Appended>>, readers: Vec<Reader>) -> Result<(), TestCaseError> {
    let mut fixture = Fixture::new();
    let mut live = Vec::new();
    let mut ids = 0..;
    for webhook in &webhooks {
        let facts = webhook.iter().zip(&mut ids).map(|(appended, n)| fact(appended, n)).collect();
        fixture.receive(facts).await;
        live.extend(fixture.events().await);
    }
    let head = fixture.store.head().await.unwrap().number;
    prop_assert_eq!(numbers(&live), (1..=head).collect::<Vec<_>>());

    for reader in readers {
        let scopes = scopes(&fixture, &reader).await;
        let Reader { events_max, bytes_max, after, .. } = reader;
        let after = head * after / 1_000;
        let expected: Vec<CommittedEvent> = live
            .iter()
            .filter(|event| event.offset.number > after)
            .filter(|event| event.audience.is_for(&scopes))
            .cloned()
            .collect();
        let request = PageRequest { after, until: head, scopes, events_max, bytes_max };
        let pages = pages(&fixture.store, request).await;
        for page in &pages {
            let bytes: usize = page.events.iter().map(|event| event.body.len()).sum();
            prop_assert!(page.events.len() <= events_max);
            prop_assert!(bytes <= bytes_max || page.events.len() == 1);
            prop_assert!(page.events.iter().all(|event| event.offset.number <= page.complete_to));
        }
        prop_assert_eq!(pages.last().map_or(after, |page| page.complete_to), head);
        let read: Vec<CommittedEvent> = pages.into_iter().flat_map(|page| page.events).collect();
        prop_assert_eq!(read, expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_of_any_size_are_what_was_committed_for_the_scopes(webhooks in webhooks(), readers in readers()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(check(webhooks, readers))?;
    }
}
