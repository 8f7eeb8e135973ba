//! What is read page by page: in a stable order, each row once, whatever comes meanwhile.

use waypost_domain::time::HOUR_MS;
use waypost_domain::{
    AliasKind, Amendment, Assignment, AssignmentWish, Conversation, ConversationFilter, ConversationId,
    CustomerAliases, CustomerName, CustomerSearch, Fact, MessageType, Page, PageSize, PhoneNumberId,
    PrincipalId, Reach, Responder, SendIntent, SendOutcome, Source, ThreadPlace, ThreadRow, ThreadSpan,
    Timestamp, Wamid, Window, WindowState, Wish, window,
};
use waypost_domain::{LinkPreview, Recipient};
use waypost_store::{
    Cleared, ConversationError, ConversationRequest, CustomerRequest, Depth, Intent, RecentRequest,
    ThreadRequest,
};

use crate::fixture::{
    Fixture, START, advertisement, alias, app, echo, edit, message, message_of, number, phone, reaction,
    revoke, status, status_at,
};

/// A text of the customer with this wamid, `seconds` after the start.
fn text_at(wamid: &str, seconds: i64) -> Fact {
    changed(message(wamid, wamid), |message| message.at = Some(START.plus_millis(seconds * 1_000)))
}

fn changed(fact: Fact, change: impl FnOnce(&mut waypost_domain::ReceivedMessage)) -> Fact {
    let Fact::Message(mut message) = fact else { unreachable!("the fixture makes messages") };
    change(&mut message);
    Fact::Message(message)
}

fn of_kind(wamid: &str, kind: &str) -> Fact {
    changed(message(wamid, wamid), |message| message.kind = MessageType::parse(kind).unwrap())
}

fn from(wamid: &str, digits: &str, seconds: i64) -> Fact {
    changed(message_of(wamid, phone(digits), wamid), |message| {
        message.at = Some(START.plus_millis(seconds * 1_000));
    })
}

fn size(rows: u32) -> PageSize {
    PageSize::new(rows).unwrap()
}

impl Fixture {
    async fn listed(&self, filter: ConversationFilter) -> Vec<Conversation> {
        let request = ConversationRequest { filter, before: None, size: size(100) };
        self.store.conversations(request, Reach::EVERYTHING).await.unwrap().rows
    }

    /// The only conversation there is.
    async fn conversation(&self) -> Conversation {
        let listed = self.listed(ConversationFilter::default()).await;
        assert_eq!(listed.len(), 1);
        let found = self.store.conversation(listed[0].id).await.unwrap().unwrap();
        assert_eq!(found, listed[0]);
        found
    }

    async fn thread(&self, span: ThreadSpan, rows: u32) -> Page<ThreadRow> {
        let conversation = self.conversation().await.id;
        self.store.thread(ThreadRequest { conversation, span, size: size(rows) }).await.unwrap()
    }

    async fn recent(&self, cleared: Cleared) -> Vec<String> {
        let request = RecentRequest { customer: None, depth: Depth::All, cleared };
        let messages = self.store.recent_messages(request, Reach::EVERYTHING).await.unwrap();
        messages.into_iter().map(|row| row.message.content).collect()
    }

    async fn found(&self, search: &str, rows: u32) -> Vec<String> {
        let (mut names, mut after) = (Vec::new(), None);
        loop {
            let request = CustomerRequest { search: CustomerSearch::parse(search), after, size: size(rows) };
            let page = self.store.customers(request, Reach::EVERYTHING).await.unwrap();
            assert!(page.rows.len() <= rows as usize);
            names.extend(page.rows.iter().map(|row| row.name.as_ref().unwrap().as_str().to_owned()));
            after = page.rows.last().map(waypost_domain::CustomerRow::place);
            if !page.has_more {
                return names;
            }
        }
    }

    async fn assign(
        &self,
        id: ConversationId,
        assignee: Wish,
        team: Wish,
    ) -> Result<Assignment, ConversationError> {
        let by = PrincipalId::parse("key:1").unwrap();
        self.store.assign(AssignmentWish { conversation: id, assignee, team, by, at: START }).await
    }

    /// Sends a text that Meta accepts at `at`.
    async fn answer(&self, key: &str, at: Timestamp) {
        let intent = SendIntent {
            principal: PrincipalId::parse("key:1").unwrap(),
            idempotency_key: key.into(),
            number: number(),
            recipient: Recipient::Aliases(phone("15550002001")),
            body: "on its way".into(),
            preview: LinkPreview::Hidden,
        };
        let Intent::Fresh(entry) = self.store.intend(app(), intent, at).await.unwrap() else {
            panic!("the key is new")
        };
        let wamid = Wamid::parse(&format!("wamid.{key}")).unwrap();
        self.store.settle(entry.id, SendOutcome::Accepted { wamid, aliases: None }, at).await.unwrap();
    }
}

fn texts(page: &Page<ThreadRow>) -> Vec<&str> {
    page.rows.iter().map(|row| &*row.message.content).collect()
}

fn place(page: &Page<ThreadRow>, content: &str) -> ThreadPlace {
    page.rows.iter().find(|row| row.message.content == content).unwrap().place
}

#[tokio::test]
async fn a_thread_is_in_the_order_of_whatsapps_time_and_then_of_arrival() {
    let fixture = Fixture::new();
    fixture.clock.advance_hours(1);
    for (wamid, seconds) in [("b", 5), ("late", 1), ("c", 5), ("d", 9)] {
        fixture.receive(vec![text_at(wamid, seconds)]).await;
    }
    let all = fixture.thread(ThreadSpan::Newest, 100).await;
    assert_eq!(texts(&all), ["late", "b", "c", "d"]);
    assert!(!all.has_more);
    let newest = fixture.thread(ThreadSpan::Newest, 2).await;
    assert_eq!((texts(&newest), newest.has_more), (vec!["c", "d"], true));
    // Between two of one time.
    let older = fixture.thread(ThreadSpan::Before(place(&all, "c")), 1).await;
    assert_eq!((texts(&older), older.has_more), (vec!["b"], true));
    let newer = fixture.thread(ThreadSpan::After(place(&all, "b")), 1).await;
    assert_eq!((texts(&newer), newer.has_more), (vec!["c"], true));
    let end = fixture.thread(ThreadSpan::After(place(&all, "d")), 1).await;
    assert_eq!((texts(&end), end.has_more), (vec![], false));
    let whole = &all.rows[1].message;
    assert_eq!((whole.customer_number.as_ref(), whole.number.as_str()), ("15550002001", "100000000000101"));
    assert_eq!(whole.times.sent_at, Some(whole.at));
}

#[tokio::test]
async fn whoever_pages_while_messages_arrive_misses_none_and_gets_none_twice() {
    let fixture = Fixture::new();
    fixture.clock.advance_hours(1);
    for n in 0..40 {
        fixture.receive(vec![text_at(&format!("old.{n}"), n / 4)]).await;
    }
    let (mut span, mut seen) = (ThreadSpan::Newest, Vec::new());
    for n in 0.. {
        let page = fixture.thread(span, 7).await;
        seen.splice(0..0, page.rows.iter().map(|row| row.message.content.clone()));
        // Some are new, and some are late: they stand among what was read, or among what is still to be.
        fixture.receive(vec![text_at(&format!("new.{n}"), 100 + n), text_at(&format!("late.{n}"), 9)]).await;
        if !page.has_more {
            break;
        }
        span = ThreadSpan::Before(page.rows[0].place);
    }
    let old: Vec<_> = seen.iter().filter(|text| text.starts_with("old.")).cloned().collect();
    assert_eq!(old, (0..40).map(|n| format!("old.{n}")).collect::<Vec<_>>());
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), seen.len());
    // And on from the newest that was seen.
    let all = fixture.thread(ThreadSpan::Newest, 100).await;
    let newer = fixture.thread(ThreadSpan::After(place(&all, "old.39")), 100).await;
    assert!(texts(&newer).iter().filter(|text| text.starts_with("new.")).count() >= 6);
    assert!(!texts(&newer).iter().any(|text| text.starts_with("old.")));
}

#[tokio::test]
async fn what_changes_a_message_is_none_of_its_own() {
    let fixture = Fixture::new();
    let facts = ["text", "reaction", "edit", "revoke", "unsupported"];
    fixture.receive(facts.map(|kind| of_kind(kind, kind)).into()).await;
    assert_eq!(texts(&fixture.thread(ThreadSpan::Newest, 10).await), ["text", "unsupported"]);
    assert_eq!(fixture.conversation().await.last_message.unwrap().message.content, "unsupported");
    assert_eq!(fixture.recent(Cleared::Hidden).await, ["unsupported", "text"]);
}

/// Whoever reads a preview or an older read is to see that the words are not to be shown any more.
#[tokio::test]
async fn what_became_of_a_message_is_told_by_every_read() {
    let fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "hello"), edit("wamid.2", "wamid.1", "hello!", 5)]).await;
    fixture.receive(vec![revoke("wamid.3", "wamid.1", 6)]).await;
    let told = fixture.thread(ThreadSpan::Newest, 10).await.rows.remove(0);
    let (edited, revoked) = (told.aftermath.edited_at, told.aftermath.revoked_at);
    let at = |seconds: i64| Some(START.plus_millis(seconds * 1_000));
    assert_eq!((&*told.message.content, edited, revoked), ("hello!", at(5), at(6)));
    assert_eq!(fixture.conversation().await.last_message.as_deref(), Some(&told));
    let customer = Some(told.message.customer);
    for (customer, depth) in [(None, Depth::Newest), (None, Depth::All), (customer, Depth::All)] {
        let request = RecentRequest { customer, depth, cleared: Cleared::Hidden };
        assert_eq!(
            fixture.store.recent_messages(request, Reach::EVERYTHING).await.unwrap(),
            std::slice::from_ref(&told),
            "{depth:?}"
        );
    }
}

#[tokio::test]
async fn conversations_are_listed_by_their_newest_message_and_by_whom_they_concern() {
    let fixture = Fixture::new();
    fixture.clock.advance_hours(1);
    let other = PhoneNumberId::parse("100000000000102").unwrap();
    for (wamid, digits, seconds) in
        [("1", "15550002001", 1), ("2", "15550002002", 2), ("3", "15550002003", 3), ("4", "15550002001", 4)]
    {
        fixture.receive(vec![from(wamid, digits, seconds)]).await;
    }
    let elsewhere = changed(from("5", "15550002002", 3), |message| message.number = other.clone());
    fixture.receive(vec![elsewhere]).await;
    // A late one moves nothing.
    fixture.receive(vec![from("6", "15550002003", 0)]).await;
    let all = fixture.listed(ConversationFilter::default()).await;
    let newest = |listed: &[Conversation]| -> Vec<String> {
        listed.iter().map(|one| one.last_message.as_ref().unwrap().message.content.clone()).collect()
    };
    assert_eq!(newest(&all)[0], "4");
    assert_eq!(newest(&all)[3], "2");
    for rows in 1..4 {
        let (mut paged, mut before) = (Vec::new(), None);
        loop {
            let request =
                ConversationRequest { filter: ConversationFilter::default(), before, size: size(rows) };
            let page = fixture.store.conversations(request, Reach::EVERYTHING).await.unwrap();
            before = page.rows.last().map(Conversation::place);
            paged.extend(page.rows);
            if !page.has_more {
                break;
            }
        }
        assert_eq!(paged, all, "{rows}");
    }
    let of_number = ConversationFilter { number: Some(other.clone()), ..ConversationFilter::default() };
    assert_eq!(newest(&fixture.listed(of_number).await), ["5"]);
    let of_customer = ConversationFilter { customer: Some(all[3].customer), ..ConversationFilter::default() };
    assert_eq!(newest(&fixture.listed(of_customer.clone()).await), ["5", "2"]);
    let of_both = ConversationFilter { number: Some(number()), ..of_customer };
    assert_eq!(newest(&fixture.listed(of_both).await), ["2"]);
    let unknown = PhoneNumberId::parse("1").unwrap();
    let of_nobody = ConversationFilter { number: Some(unknown), ..ConversationFilter::default() };
    assert_eq!(fixture.listed(of_nobody).await, []);
}

#[tokio::test]
async fn what_a_customer_does_opens_the_window_and_nothing_else_does() {
    let fixture = Fixture::new();
    fixture.receive(vec![echo("echo")]).await;
    assert_eq!(fixture.conversation().await.opened_at, None);
    fixture.receive(vec![of_kind("edit", "edit"), of_kind("revoke", "revoke"), status("echo", "read")]).await;
    for _ in 0..2 {
        fixture.receive(vec![of_kind("system", "system")]).await;
    }
    let unknown = Window { state: WindowState::Unknown, expires_at: None };
    assert_eq!(Window::at(fixture.conversation().await.opened_at, START), unknown);
    let hours = |hours: i64| START.plus_millis(hours * HOUR_MS);
    for (kind, at, opened_at) in [
        ("reaction", -30, -30),
        ("button", -3, -3),
        ("unsupported", -2, -2),
        // One that comes late takes nothing back.
        ("text", -20, -2),
        // A clock that goes ahead gives nothing.
        ("image", 20, 0),
    ] {
        let fact = changed(of_kind(kind, kind), |message| message.at = Some(hours(at)));
        fixture.receive(vec![fact]).await;
        assert_eq!(fixture.conversation().await.opened_at, Some(hours(opened_at)), "{kind}");
    }
    assert_eq!(fixture.conversation().await.last_message_at, START);
}

/// A text by which an advertisement sent the customer.
fn referred(wamid: &str, at: Timestamp) -> Fact {
    changed(message(wamid, wamid), |message| {
        message.at = Some(at);
        message.detail.referral = Some(Box::new(advertisement()));
    })
}

#[tokio::test]
async fn a_referral_that_is_answered_in_time_is_free_from_the_first_answer() {
    let fixture = Fixture::new();
    let hours = |hours: i64| START.plus_millis(hours * HOUR_MS);
    let free = async |now: Timestamp| {
        let conversation = fixture.conversation().await;
        window::free_until(conversation.referral_answered_at, now)
    };
    fixture.clock.advance_hours(1_000);
    fixture.receive(vec![message("1", "1")]).await;
    fixture.answer("before", hours(0)).await;
    fixture.receive(vec![referred("2", hours(1))]).await;
    assert_eq!(free(hours(1)).await, None);
    // What the owner writes on the phone is none of ours.
    fixture.receive(vec![changed(echo("3"), |echo| echo.at = Some(hours(1)))]).await;
    assert_eq!(free(hours(1)).await, None);
    fixture.answer("first", hours(2)).await;
    fixture.answer("second", hours(5)).await;
    assert_eq!(free(hours(5)).await, Some(hours(2 + 72)));
    assert_eq!(free(hours(2 + 72)).await, None);
    // One that nobody answers in time changes nothing; one that somebody does begins anew.
    fixture.receive(vec![referred("4", hours(10))]).await;
    fixture.answer("late", hours(40)).await;
    assert_eq!(free(hours(40)).await, Some(hours(2 + 72)));
    fixture.receive(vec![referred("5", hours(60))]).await;
    fixture.answer("again", hours(84)).await;
    assert_eq!(free(hours(84)).await, Some(hours(84 + 72)));
}

#[tokio::test]
async fn who_answers_a_conversation_is_an_event_where_it_changes() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("1", "hello")]).await;
    let id = fixture.conversation().await.id;
    fixture.shown().await;
    let wish = |text: &str| Wish::Have(Responder::parse(text));
    let assigned = fixture.assign(id, wish("ana"), Wish::Keep).await.unwrap();
    assert_eq!(fixture.shown().await, ["assignment -/- -> ana/-", "access Granted"]);
    assert_eq!(fixture.assign(id, wish("ana"), Wish::Keep).await.unwrap(), assigned);
    fixture.assign(id, Wish::Keep, wish("sales")).await.unwrap();
    assert_eq!(fixture.shown().await, ["assignment ana/- -> ana/sales", "access Granted"]);
    let mine = ConversationFilter { assignee: Responder::parse("ana"), ..ConversationFilter::default() };
    let of_team = ConversationFilter { team: Responder::parse("sales"), ..ConversationFilter::default() };
    let of_others = ConversationFilter { assignee: Responder::parse("bo"), ..of_team.clone() };
    assert_eq!(fixture.listed(mine.clone()).await.len(), 1);
    assert_eq!(fixture.listed(of_team).await.len(), 1);
    assert_eq!(fixture.listed(of_others).await.len(), 0);
    let mut fixture = fixture.restart().await;
    fixture.assign(id, Wish::Have(None), Wish::Keep).await.unwrap();
    assert_eq!(fixture.shown().await, ["assignment ana/sales -> -/sales", "access Revoked"]);
    assert_eq!(fixture.listed(mine).await, []);
    let nobody = "cnv_00000000000000000000000000".parse().unwrap();
    let unknown = fixture.assign(nobody, wish("ana"), Wish::Keep).await;
    assert!(matches!(unknown, Err(ConversationError::Unknown)));
}

#[tokio::test]
async fn what_is_cleared_is_hidden_from_the_older_reads_and_from_nothing_else() {
    let fixture = Fixture::new();
    fixture.clock.advance_hours(1);
    fixture.receive(vec![text_at("a", 1), text_at("b", 2)]).await;
    fixture.receive(vec![from("elsewhere", "15550002002", 1)]).await;
    let cleared = fixture.listed(ConversationFilter::default()).await[0].id;
    assert_eq!(fixture.recent(Cleared::Hidden).await, ["b", "elsewhere", "a"]);
    for _ in 0..2 {
        fixture.store.clear(cleared).await.unwrap();
        assert_eq!(fixture.recent(Cleared::Hidden).await, ["elsewhere"]);
        assert_eq!(fixture.recent(Cleared::Shown).await, ["b", "elsewhere", "a"]);
    }
    // Nobody has seen what comes, however late it is.
    fixture.receive(vec![text_at("late", 0)]).await;
    assert_eq!(fixture.recent(Cleared::Hidden).await, ["elsewhere", "late"]);
    let request = ThreadRequest { conversation: cleared, span: ThreadSpan::Newest, size: size(10) };
    assert_eq!(texts(&fixture.store.thread(request).await.unwrap()), ["late", "a", "b"]);
    let nobody = "cnv_00000000000000000000000000".parse().unwrap();
    assert!(matches!(fixture.store.clear(nobody).await, Err(ConversationError::Unknown)));
}

#[tokio::test]
async fn the_older_reads_are_of_one_customer_or_of_all_and_end_at_fifty() {
    let fixture = Fixture::new();
    fixture.clock.advance_hours(1);
    for n in 0..60 {
        fixture.receive(vec![from(&format!("{n:02}"), &format!("155500020{:02}", n % 3), n)]).await;
    }
    let all = fixture.recent(Cleared::Hidden).await;
    assert_eq!((all.len(), &*all[0], &*all[49]), (50, "59", "10"));
    let customer = fixture.listed(ConversationFilter::default()).await[0].customer;
    let mut request = RecentRequest { customer: Some(customer), depth: Depth::All, cleared: Cleared::Hidden };
    let of_one = fixture.store.recent_messages(request, Reach::EVERYTHING).await.unwrap();
    assert_eq!((of_one.len(), &*of_one[0].message.content, &*of_one[19].message.content), (20, "59", "02"));
    (request.customer, request.depth) = (None, Depth::Newest);
    let of_each = fixture.store.recent_messages(request, Reach::EVERYTHING).await.unwrap();
    let texts: Vec<_> = of_each.iter().map(|row| &*row.message.content).collect();
    assert_eq!(texts, ["59", "58", "57"]);
}

#[tokio::test]
async fn customers_are_found_by_how_a_name_or_a_number_begins_and_each_once() {
    let fixture = Fixture::new();
    let people = [
        ("Ána Ruiz", "15550002003"),
        ("Anatol", "15550002002"),
        ("Bo", "4915550002001"),
        ("ÁNA", "15550002001"),
        ("155 Club", "15550002009"),
        ("anatol", "3915550002001"),
    ];
    for (n, (name, digits)) in people.into_iter().enumerate() {
        let both = [alias(AliasKind::Phone, digits), alias(AliasKind::Bsuid, &format!("US.{digits}"))];
        let fact = message_of(&format!("wamid.{n}"), CustomerAliases::new(both).unwrap(), "hello");
        let named = changed(fact, |message| message.customer_name = CustomerName::parse(name));
        fixture.receive(vec![named]).await;
    }
    for rows in [1, 2, 100] {
        assert_eq!(fixture.found("ána", rows).await, ["ÁNA", "Ána Ruiz"]);
        assert_eq!(fixture.found("ANA", rows).await, ["Anatol", "anatol"]);
        assert_eq!(fixture.found("+1 (555) 000", rows).await, ["ÁNA", "Anatol", "Ána Ruiz", "155 Club"]);
        assert_eq!(fixture.found("US.155500020", rows).await, ["ÁNA", "Anatol", "Ána Ruiz", "155 Club"]);
        // By number and by name: once.
        assert_eq!(fixture.found("155", rows).await, ["ÁNA", "Anatol", "Ána Ruiz", "155 Club"]);
        assert_eq!(fixture.found("%", rows).await, [""; 0]);
        // Without a search all are there, the newest first.
        assert_eq!(fixture.found("", rows).await, ["anatol", "155 Club", "ÁNA", "Bo", "Anatol", "Ána Ruiz"]);
    }
    // A name that changes is found by what it is now.
    let renamed = changed(message_of("wamid.9", phone("4915550002001"), "hi"), |message| {
        message.customer_name = CustomerName::parse("Ánabel");
    });
    fixture.receive(vec![renamed]).await;
    assert_eq!(fixture.found("ána", 1).await, ["ÁNA", "Ána Ruiz", "Ánabel"]);
    assert_eq!(fixture.found("bo", 1).await, [""; 0]);
}

#[tokio::test]
async fn a_number_is_found_as_it_is_shown_and_as_it_is_kept() {
    let fixture = Fixture::new();
    for (n, digits) in ["551187650001", "5215512340001", "5511987659999", "551134560001"].iter().enumerate() {
        let named = changed(message_of(&format!("wamid.{n}"), phone(digits), "hello"), |message| {
            message.customer_name = CustomerName::parse(&format!("{n}"));
        });
        fixture.receive(vec![named]).await;
    }
    for (search, names) in [
        ("551187650001", &["0"][..]),
        ("5511987650001", &["0"]),
        ("55118765", &["0", "2"]),
        ("551198765", &["0", "2"]),
        ("5511", &["3", "0", "2"]),
        ("5511345", &["3"]),
        ("5215512340001", &["1"]),
        ("525512340001", &["1"]),
        ("52155", &["1"]),
        ("+52 1 55 1234", &["1"]),
        ("+52 55 1234", &["1"]),
        ("521552", &[]),
    ] {
        for rows in [1, 100] {
            assert_eq!(fixture.found(search, rows).await, names, "{search}");
        }
    }
}

#[tokio::test]
async fn who_was_merged_is_one_row_of_whoever_goes_on_by_whatever_was_found() {
    let fixture = Fixture::new();
    let mut ids = Vec::new();
    // Two begin with the same number: the one as it is kept, the other as it is shown.
    for (name, digits) in [
        ("Ana", "15550002001"),
        ("Bea", "551187650002"),
        ("Cleo", "15550002003"),
        ("Bert", "4915550002004"),
        ("Bob", "5511876500"),
    ] {
        let named = changed(message_of(&format!("wamid.{name}"), phone(digits), "hello"), |message| {
            message.customer_name = CustomerName::parse(name);
        });
        fixture.receive(vec![named]).await;
        let request = CustomerRequest { search: CustomerSearch::parse(name), after: None, size: size(1) };
        ids.push(fixture.store.customers(request, Reach::EVERYTHING).await.unwrap().rows[0].id);
        fixture.clock.pass_wall(1);
    }
    let merge = async |one: usize, into: usize| {
        let amendment = Amendment::Merge { customer: ids[one], into: ids[into] };
        fixture.store.amend(amendment, START).await.unwrap();
    };
    let unmerge = async |one: usize| {
        fixture.store.amend(Amendment::Unmerge { customer: ids[one] }, START).await.unwrap();
    };
    let all = async |expected: [(&str, &[&str]); 6]| {
        for (search, names) in expected {
            for rows in [1, 2, 100] {
                assert_eq!(fixture.found(search, rows).await, names, "{search}");
            }
        }
    };
    let apart: [(&str, &[&str]); 6] = [
        ("", &["Bob", "Bert", "Cleo", "Bea", "Ana"]),
        ("1555", &["Ana", "Cleo"]),
        ("b", &["Bea", "Bert", "Bob"]),
        ("55118765", &["Bob", "Bea"]),
        ("cleo", &["Cleo"]),
        ("49155", &["Bert"]),
    ];
    all(apart).await;
    merge(2, 0).await;
    merge(1, 3).await;
    all([
        ("", &["Bob", "Bert", "Ana"]),
        ("1555", &["Ana"]),
        ("b", &["Bert", "Bob"]),
        ("55118765", &["Bob", "Bert"]),
        ("cleo", &["Ana"]),
        ("49155", &["Bert"]),
    ])
    .await;
    // All but one are one, over two merges; and what is found by the one range is not found again by the other.
    merge(3, 2).await;
    merge(4, 2).await;
    let one: &[&str] = &["Ana"];
    all(["", "1555", "b", "55118765", "cleo", "49155"].map(|search| (search, one))).await;
    for merged in [4, 3, 2, 1] {
        unmerge(merged).await;
    }
    all(apart).await;
}

#[tokio::test]
async fn a_name_that_two_hold_in_two_scopes_finds_both() {
    let fixture = Fixture::new();
    for (n, account) in ["200000000000001", "200000000000002"].iter().enumerate() {
        let named = changed(message_of(&format!("wamid.{n}"), phone("15550002001"), "hello"), |message| {
            message.customer_name = CustomerName::parse(&format!("{n}"));
            message.number = PhoneNumberId::parse(&format!("10000000000010{n}")).unwrap();
            message.waba = waypost_domain::WabaId::parse(account);
        });
        fixture.receive(vec![named]).await;
    }
    for rows in [1, 100] {
        assert_eq!(fixture.found("1555", rows).await.len(), 2);
    }
}

#[tokio::test]
async fn a_message_is_read_with_what_became_of_it() {
    let fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "frist")]).await;
    let facts = vec![
        edit("wamid.2", "wamid.1", "first", 60),
        reaction("wamid.3", "wamid.1", "👍", 70),
        edit("wamid.4", "wamid.1", "the first", 80),
        revoke("wamid.5", "wamid.1", 90),
    ];
    fixture.clock.advance_hours(1);
    fixture.receive(facts).await;
    let page = fixture.thread(ThreadSpan::Newest, 10).await;
    let [row] = &page.rows[..] else { panic!("{page:?}") };
    let seconds = |seconds: i64| Some(START.plus_millis(seconds * 1_000));
    assert_eq!((row.aftermath.edited_at, row.aftermath.revoked_at), (seconds(80), seconds(90)));
    assert_eq!(row.aftermath.reactions[0].emoji.as_ref().unwrap().as_str(), "👍");
    let history = fixture.store.message_history(row.message.id).await.unwrap().unwrap();
    assert_eq!((&history.message, &history.aftermath), (&row.message, &row.aftermath));
    let wordings: Vec<_> =
        history.wordings.iter().map(|wording| (&*wording.content, Some(wording.at))).collect();
    assert_eq!(wordings, [("frist", seconds(0)), ("first", seconds(60)), ("the first", seconds(80))]);
}

#[tokio::test]
async fn a_message_is_read_with_all_that_was_reported_of_it() {
    let fixture = Fixture::new();
    fixture
        .receive(vec![echo("wamid.1"), status_at("wamid.1", "read", 9), status_at("wamid.1", "sent", 1)])
        .await;
    let id = fixture.conversation().await.last_message.unwrap().message.id;
    let history = fixture.store.message_history(id).await.unwrap().unwrap();
    assert_eq!((history.message.id, history.message.source), (id, Source::PhoneApp));
    let hops: Vec<_> =
        history.hops.iter().map(|hop| (hop.reported.as_str(), hop.at, hop.participant.clone())).collect();
    assert_eq!(hops, [("sent", START.plus_millis(1_000), None), ("read", START.plus_millis(9_000), None)]);
    fixture.receive(vec![message("wamid.2", "hello")]).await;
    let id = fixture.conversation().await.last_message.unwrap().message.id;
    assert_eq!(fixture.store.message_history(id).await.unwrap().unwrap().hops, []);
    let nobody = "msg_00000000000000000000000000".parse().unwrap();
    assert_eq!(fixture.store.message_history(nobody).await.unwrap(), None);
}
