//! How far somebody sees: whom events are for, by number, customer and assignment, and what lists come to.

use waypost_domain::identity::Amendment;
use waypost_domain::{
    AliasKind, AssignedTo, AssignmentWish, ConversationFilter, ConversationId, CustomerAliases, CustomerId,
    CustomerSearch, ErrorDetail, ExternalId, Fact, LinkPreview, PageSize, PhoneNumberId, PrincipalId, Reach,
    Recipient, Responder, Scope, SendIntent, SendOutcome, Wish,
};
use waypost_store::{
    Cleared, CommittedEvent, ConversationRequest, CustomerMatch, CustomerRequest, Depth, Intent, PageRequest,
    RecentRequest, SendError,
};

use crate::fixture::{Fixture, START, alias, app, echo, edit, message_of, number, phone, status, text};

/// Two customers, and two of our numbers.
const ANA: &str = "15550002001";
const BEN: &str = "15550002002";

fn other_number() -> PhoneNumberId {
    PhoneNumberId::parse("100000000000102").unwrap()
}

fn from(wamid: &str, digits: &str, to: PhoneNumberId) -> Fact {
    let Fact::Message(mut message) = message_of(wamid, phone(digits), wamid) else { unreachable!() };
    message.number = to;
    Fact::Message(message)
}

fn responder(name: &str) -> Responder {
    Responder::parse(name).unwrap()
}

fn agent(name: &str) -> Scope {
    Scope { assigned: Some(AssignedTo::Agent(responder(name))), ..Scope::ALL }
}

fn team(name: &str) -> Scope {
    Scope { assigned: Some(AssignedTo::Team(responder(name))), ..Scope::ALL }
}

fn of_holders(holders: impl IntoIterator<Item = AssignedTo>) -> Reach {
    Reach { assigned: Some(holders.into_iter().collect()), ..Reach::EVERYTHING }
}

impl Fixture {
    async fn customer_of(&self, digits: &str) -> CustomerId {
        match self.store.find_customer(digits).await.unwrap() {
            CustomerMatch::One(binding) => binding.customer,
            other => panic!("{digits} is {other:?}"),
        }
    }

    async fn conversation_of(&self, digits: &str, with: &PhoneNumberId) -> ConversationId {
        let filter = ConversationFilter {
            customer: Some(self.customer_of(digits).await),
            number: Some(with.clone()),
            ..ConversationFilter::default()
        };
        let request = ConversationRequest { filter, before: None, size: PageSize::default() };
        self.store.conversations(request, Reach::EVERYTHING).await.unwrap().rows[0].id
    }

    async fn put(&self, conversation: ConversationId, assignee: Option<&str>, team: Option<&str>) {
        let have = |name: Option<&str>| Wish::Have(name.map(responder));
        let by = PrincipalId::parse("key:1").unwrap();
        let wish = AssignmentWish { conversation, assignee: have(assignee), team: have(team), by, at: START };
        self.store.assign(wish).await.unwrap();
    }

    /// What whoever asked for these has missed, of all there is.
    async fn missed(&self, scopes: &[Scope]) -> Vec<String> {
        let request = PageRequest {
            after: 0,
            until: u64::MAX,
            scopes: scopes.into(),
            events_max: 1_000,
            bytes_max: usize::MAX,
        };
        self.store.journal_page(request).await.unwrap().events.iter().map(text).collect()
    }

    async fn listed_for(&self, reach: &Reach, number: Option<PhoneNumberId>) -> Vec<String> {
        let request = |before| ConversationRequest {
            filter: ConversationFilter { number: number.clone(), ..ConversationFilter::default() },
            before,
            size: PageSize::new(1).unwrap(),
        };
        let (mut listed, mut before) = (Vec::new(), None);
        loop {
            let page = self.store.conversations(request(before), reach.clone()).await.unwrap();
            before = page.rows.last().map(waypost_domain::Conversation::place);
            listed.extend(
                page.rows.iter().map(|row| format!("{} {}", row.customer_number, row.number.as_str())),
            );
            if !page.has_more {
                return listed;
            }
        }
    }

    async fn customers_for(&self, search: Option<&str>, reach: &Reach) -> Vec<String> {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let search = search.and_then(CustomerSearch::parse);
            let request = CustomerRequest { search, after, size: PageSize::new(1).unwrap() };
            let page = self.store.customers(request, reach.clone()).await.unwrap();
            after = page.rows.last().map(waypost_domain::CustomerRow::place);
            listed.extend(page.rows.iter().map(|row| row.number.to_string()));
            if !page.has_more {
                return listed;
            }
        }
    }

    async fn recent_for(&self, reach: &Reach) -> Vec<String> {
        let request = RecentRequest { customer: None, depth: Depth::All, cleared: Cleared::Hidden };
        let mut contents: Vec<String> = self
            .store
            .recent_messages(request, reach.clone())
            .await
            .unwrap()
            .into_iter()
            .map(content)
            .collect();
        contents.sort();
        contents
    }
}

fn content(row: waypost_domain::ThreadRow) -> String {
    row.message.content
}

fn shown_to(events: &[CommittedEvent], scopes: &[Scope]) -> Vec<String> {
    events.iter().filter(|event| event.audience.is_for(scopes)).map(text).collect()
}

#[tokio::test]
async fn events_of_a_conversation_are_for_those_to_whom_it_is_assigned() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![from("a1", ANA, number()), echo("out")]).await;
    assert_eq!(shown_to(&fixture.events().await, &[agent("eva"), team("sales")]).len(), 0);
    let conversation = fixture.conversation_of(ANA, &number()).await;
    fixture.put(conversation, Some("eva"), Some("sales")).await;
    let assigned = fixture.events().await;
    let both = ["assignment -/- -> eva/sales", "access Granted"];
    assert_eq!(shown_to(&assigned, &[agent("eva")]), both);
    assert_eq!(shown_to(&assigned, &[team("sales")]), both);
    assert_eq!(shown_to(&assigned, &[Scope::ALL]), both[..1]);
    assert_eq!(shown_to(&assigned, &[agent("sales"), team("eva")]).len(), 0);

    // What is decided from what is kept, and from what is loaded after a restart.
    for round in 0..2_usize {
        if round == 1 {
            fixture = fixture.restart().await;
        }
        let facts = vec![
            status("out", ["delivered", "read"][round]),
            edit(&format!("e{round}"), "a1", "more", 9 + round as i64),
        ];
        fixture.receive(facts).await;
        let shown = fixture.events().await;
        assert_eq!(shown.len(), 2);
        let with_number = Scope { number: Some(number()), ..agent("eva") };
        for scope in [agent("eva"), team("sales"), with_number, Scope::of_number(number()), Scope::ALL] {
            assert_eq!(shown_to(&shown, std::slice::from_ref(&scope)).len(), 2, "{scope} in round {round}");
        }
        for scope in [agent("ben"), Scope { number: Some(other_number()), ..agent("eva") }] {
            assert_eq!(shown_to(&shown, std::slice::from_ref(&scope)).len(), 0, "{scope} in round {round}");
        }
    }
}

#[tokio::test]
async fn a_send_is_for_those_to_whom_its_conversation_is_assigned() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![from("a1", ANA, number())]).await;
    fixture.shown().await;
    fixture.put(fixture.conversation_of(ANA, &number()).await, Some("eva"), None).await;
    fixture.shown().await;
    let intent = SendIntent {
        principal: PrincipalId::parse("key:1").unwrap(),
        idempotency_key: "k".into(),
        number: number(),
        recipient: Recipient::Customer(fixture.customer_of(ANA).await),
        body: "on its way".into(),
        preview: LinkPreview::Hidden,
    };
    let Intent::Fresh(entry) = fixture.store.intend(app(), intent, START).await.unwrap() else {
        panic!("it is new")
    };
    assert_eq!(shown_to(&fixture.events().await, &[agent("eva")]), ["outbox sending"]);
    let mut fixture = fixture.restart().await;
    let failed = SendOutcome::Failed(ErrorDetail { code: -1, title: None, details: None });
    fixture.store.settle(entry.id, failed, START).await.unwrap();
    assert_eq!(shown_to(&fixture.events().await, &[agent("eva")]), ["outbox failed"]);
}

/// Of those who are one each may have a conversation, of which somebody answers only one.
#[tokio::test]
async fn a_send_goes_into_the_conversation_that_it_names() {
    let fixture = Fixture::new();
    fixture.receive(vec![from("a1", ANA, number()), from("b1", BEN, number())]).await;
    let [ana, ben] = [fixture.customer_of(ANA).await, fixture.customer_of(BEN).await];
    let with_ana = fixture.conversation_of(ANA, &number()).await;
    let send = async |key: &str, recipient| {
        let intent = SendIntent {
            principal: PrincipalId::parse("key:1").unwrap(),
            idempotency_key: key.into(),
            number: number(),
            recipient,
            body: "on its way".into(),
            preview: LinkPreview::Hidden,
        };
        fixture.store.intend(app(), intent, START).await
    };
    let to_ana = |key: &'static str, customer| send(key, Recipient::Thread(customer, with_ana));
    assert!(matches!(to_ana("not hers", ben).await, Err(SendError::UnknownCustomer)));

    fixture.store.amend(Amendment::Merge { customer: ana, into: ben }, START).await.unwrap();
    fixture.receive(vec![from("b2", BEN, number())]).await;
    for (key, customer) in [("her own", ana), ("of one who is one with her", ben)] {
        let Ok(Intent::Fresh(entry)) = to_ana(key, customer).await else { panic!("it is new") };
        assert_eq!((entry.conversation, entry.customer), (with_ana, ben), "{key}");
    }
    let elsewhere = send("elsewhere", Recipient::Thread(ana, ConversationId::from_bytes([9; 16]))).await;
    assert!(matches!(elsewhere, Err(SendError::UnknownCustomer)));
}

#[tokio::test]
async fn whoever_keeps_a_conversation_by_another_name_is_not_told_that_it_is_gone() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![from("a1", ANA, number())]).await;
    fixture.shown().await;
    let conversation = fixture.conversation_of(ANA, &number()).await;
    fixture.put(conversation, None, Some("sales")).await;
    fixture.shown().await;
    fixture.put(conversation, Some("eva"), Some("support")).await;
    let moved = fixture.events().await;
    let assignment = "assignment -/sales -> eva/support";
    assert_eq!(shown_to(&moved, &[team("sales")]), ["access Revoked"]);
    assert_eq!(shown_to(&moved, &[team("sales"), agent("eva")]), [assignment]);
    assert_eq!(shown_to(&moved, &[agent("eva")]), [assignment, "access Granted"]);
    assert_eq!(
        fixture.missed(&[team("sales")]).await,
        ["assignment -/- -> -/sales", "access Granted", "access Revoked"]
    );
    assert_eq!(
        fixture.missed(&[team("sales"), agent("eva")]).await,
        ["assignment -/- -> -/sales", "access Granted", assignment]
    );
}

#[tokio::test]
async fn who_a_customer_is_concerns_whoever_has_a_conversation_with_them() {
    let mut fixture = Fixture::new();
    fixture
        .receive(vec![from("a1", ANA, number()), from("a2", ANA, other_number()), from("b1", BEN, number())])
        .await;
    fixture.shown().await;
    fixture.put(fixture.conversation_of(ANA, &number()).await, Some("eva"), None).await;
    fixture.shown().await;
    let mut fixture = fixture.restart().await;
    let customer = fixture.customer_of(ANA).await;
    fixture
        .store
        .amend(Amendment::ExternalId { customer, id: ExternalId::parse("crm-1") }, START)
        .await
        .unwrap();
    let events = fixture.events().await;
    let at = |number: PhoneNumberId, scope: Scope| Scope { number: Some(number), ..scope };
    for scope in [
        agent("eva"),
        at(number(), agent("eva")),
        Scope::of_number(other_number()),
        Scope::of_customer(customer),
    ] {
        assert_eq!(shown_to(&events, std::slice::from_ref(&scope)).len(), 1, "{scope}");
    }
    for scope in [agent("ben"), at(other_number(), agent("eva"))] {
        assert_eq!(shown_to(&events, std::slice::from_ref(&scope)).len(), 0, "{scope}");
    }
}

/// Whoever sees only one of two is not told by the one of the other: who may be the same, and whose number it was, is for
/// whoever sees the customer of whom it is said.
#[tokio::test]
async fn that_two_may_be_one_is_for_whoever_sees_the_one() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![from("a1", ANA, number()), from("b1", BEN, other_number())]).await;
    fixture.shown().await;
    let [ana, ben] = [fixture.customer_of(ANA).await, fixture.customer_of(BEN).await];
    let by = [
        (Scope::of_customer(ana), Scope::of_customer(ben)),
        (Scope::of_number(number()), Scope::of_number(other_number())),
    ];
    let told = |events: &[CommittedEvent]| {
        by.clone().map(|(one, other)| (shown_to(events, &[one]).len(), shown_to(events, &[other]).len()))
    };
    let merge = Amendment::Merge { customer: ben, into: ana };
    fixture.store.amend(merge, START).await.unwrap();
    assert_eq!(told(&fixture.events().await), [(1, 1), (1, 1)]);
    fixture.store.amend(Amendment::Unmerge { customer: ben }, START).await.unwrap();
    assert_eq!(told(&fixture.events().await), [(1, 1), (1, 1)]);

    // A message that has both their names.
    let names = [AliasKind::Phone, AliasKind::Bsuid];
    let [as_ana, as_ben] = [(ANA, "US.1"), (BEN, "US.2")].map(|(digits, user)| {
        CustomerAliases::new([alias(names[0], digits), alias(names[1], user)]).unwrap()
    });
    let Fact::Message(mut to_ben) = message_of("b2", as_ben, "b2") else { unreachable!() };
    to_ben.number = other_number();
    fixture.receive(vec![message_of("a2", as_ana, "a2"), Fact::Message(to_ben)]).await;
    fixture.shown().await;
    let mixed = CustomerAliases::new([alias(names[0], ANA), alias(names[1], "US.2")]).unwrap();
    fixture.receive(vec![message_of("m", mixed, "m")]).await;
    let mut events = fixture.events().await;
    events.retain(|event| event.name == "customer");
    assert!(!events.is_empty());
    for (one, other) in told(&events) {
        assert_eq!(one + other, events.len(), "each is told to the watchers of one of the two");
    }
}

#[tokio::test]
async fn lists_go_as_far_as_a_reach() {
    let fixture = Fixture::new();
    let facts = vec![from("a1", ANA, number()), from("a2", ANA, other_number()), from("b1", BEN, number())];
    fixture.receive(facts).await;
    let with_ana = fixture.conversation_of(ANA, &number()).await;
    let with_ben = fixture.conversation_of(BEN, &number()).await;
    fixture.put(with_ana, Some("eva"), Some("sales")).await;
    fixture.put(with_ben, None, Some("support")).await;
    let ana = fixture.customer_of(ANA).await;
    let at = |number| Reach { numbers: Some([number].into()), ..Reach::EVERYTHING };
    let [eva, sales, support] = [
        AssignedTo::Agent(responder("eva")),
        AssignedTo::Team(responder("sales")),
        AssignedTo::Team(responder("support")),
    ];
    let (a1, a2, b1) =
        ("15550002001 100000000000101", "15550002001 100000000000102", "15550002002 100000000000101");
    for (reach, conversations, customers, messages) in [
        (Reach::EVERYTHING, &[a1, a2, b1][..], &[ANA, BEN][..], &["a1", "a2", "b1"][..]),
        (at(other_number()), &[a2], &[ANA], &["a2"]),
        (of_holders([eva.clone(), sales.clone()]), &[a1], &[ANA], &["a1"]),
        (of_holders([sales, support.clone()]), &[a1, b1], &[ANA, BEN], &["a1", "b1"]),
        (Reach { numbers: Some([other_number()].into()), ..of_holders([eva]) }, &[], &[], &[]),
        (Reach { customers: Some([ana].into()), ..Reach::EVERYTHING }, &[a1, a2], &[ANA], &["a1", "a2"]),
        (Reach { customers: Some([ana].into()), ..of_holders([support]) }, &[], &[], &[]),
        (of_holders([]), &[], &[], &[]),
    ] {
        let sorted = |mut rows: Vec<String>| {
            rows.sort();
            rows
        };
        assert_eq!(sorted(fixture.listed_for(&reach, None).await), conversations, "{reach:?}");
        let with_other = |row: &&str| row.ends_with(" 100000000000102");
        let conversations: Vec<&str> = conversations.iter().copied().filter(with_other).collect();
        assert_eq!(
            sorted(fixture.listed_for(&reach, Some(other_number())).await),
            conversations,
            "{reach:?}"
        );
        assert_eq!(fixture.recent_for(&reach).await, messages, "{reach:?}");
        for search in [None, Some("1555"), Some("ana")] {
            assert_eq!(
                sorted(fixture.customers_for(search, &reach).await),
                customers,
                "{reach:?} {search:?}"
            );
        }
    }
}
