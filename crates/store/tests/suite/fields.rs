//! What fields other than messages say of customers is state, in whatever order it is said.

use waypost_domain::detail::Token;
use waypost_domain::identity::Amendment;
use waypost_domain::notice::{NumberErrors, Preference, SavedContact, StandbyCopy, StandbyPart};
use waypost_domain::{
    AliasKind, CustomerAliases, CustomerName, CustomerNotes, Fact, FieldReport, MarketingChoice, Notice,
    RawJson, Timestamp, WabaId,
};
use waypost_store::CustomerMatch;

use crate::fixture::{Fixture, START, alias, message, number, phone};

fn at(seconds: i64) -> Timestamp {
    START.plus_millis(seconds * 1_000)
}

fn report(field: &str, customer: CustomerAliases, notice: Notice, raw: String) -> Fact {
    Fact::Field(Box::new(FieldReport {
        field: field.into(),
        number: Some(number()),
        waba: None,
        customer: Some(customer),
        notice: Some(notice),
        ties: Vec::new(),
        told_at: None,
        raw: RawJson::new(raw),
    }))
}

fn saved(customer: CustomerAliases, name: Option<&str>, seconds: i64) -> Fact {
    let contact = SavedContact {
        saved_name: name.and_then(CustomerName::parse),
        action: None,
        username: None,
        at: Some(at(seconds)),
    };
    let raw = format!("[{seconds},\"{}\"]", name.unwrap_or_default());
    report("smb_app_state_sync", customer, Notice::Contact(contact), raw)
}

pub(crate) fn preference(value: &str, seconds: i64) -> Fact {
    let preference = Preference {
        category: Token::parse("marketing_messages"),
        value: Token::parse(value),
        at: Some(at(seconds)),
        ..Preference::default()
    };
    let raw = format!("[{seconds},\"{value}\"]");
    report("user_preferences", phone("15550002001"), Notice::Preference(preference), raw)
}

const SAVED: &str = "SELECT coalesce(saved_name, 'none') FROM customers";

#[tokio::test]
async fn the_newest_name_in_the_contact_book_counts_in_any_order() {
    let ana = || phone("15550002001");
    let added = saved(ana(), Some("Ana Ruiz"), 1);
    let changed = saved(ana(), Some("Ana R."), 2);
    let removed = saved(ana(), None, 3);
    for (facts, expected) in [
        (vec![&added, &changed], "Ana R."),
        (vec![&changed, &added], "Ana R."),
        (vec![&added, &changed, &removed], "none"),
        (vec![&removed, &changed, &added], "none"),
    ] {
        for split in [1, 3] {
            let fixture = Fixture::new();
            let facts: Vec<Fact> = facts.iter().map(|fact| (*fact).clone()).collect();
            for part in facts.chunks(split) {
                fixture.receive(part.to_vec()).await;
            }
            assert_eq!(fixture.text(SAVED), expected);
            assert_eq!(fixture.count("SELECT count(*) FROM customers"), 1);
            assert_eq!(fixture.count("SELECT count(*) FROM conversations"), 0, "nobody wrote");
        }
    }
}

#[tokio::test]
async fn a_contact_is_the_customer_of_any_of_its_names() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "hello")]).await;
    fixture.shown().await;
    let both = CustomerAliases::new([
        alias(AliasKind::Phone, "15550002001"),
        alias(AliasKind::Bsuid, "US.70000000000000002001"),
    ]);
    fixture.receive(vec![saved(both.unwrap(), Some("Ana from the fair"), 1)]).await;
    let event = fixture.events().await.remove(0);
    assert_eq!(
        event.audience.scopes().len(),
        4,
        "all, the number, the customer, and both: {}",
        event.audience
    );
    assert_eq!(fixture.text("SELECT name || ', ' || saved_name FROM customers"), "Ana, Ana from the fair");
    assert_eq!(fixture.count("SELECT count(*) FROM aliases"), 2);
}

#[tokio::test]
async fn the_newest_choice_about_marketing_counts() {
    for (facts, expected) in [
        (vec![preference("stop", 1), preference("resume", 2)], "wanted"),
        (vec![preference("resume", 2), preference("stop", 1)], "wanted"),
        (vec![preference("resume", 1), preference("stop", 2), preference("resume", 1)], "stopped"),
        (vec![preference("stop", 1), preference("later", 2)], "stopped"),
    ] {
        let fixture = Fixture::new();
        for fact in facts {
            fixture.receive(vec![fact]).await;
        }
        assert_eq!(fixture.text("SELECT marketing FROM customers"), expected);
    }
}

#[tokio::test]
async fn what_another_app_answers_opens_the_window_and_is_no_message_of_ours() {
    let mut fixture = Fixture::new();
    let copy = |seconds| {
        let at = Some(at(seconds));
        let copy = StandbyCopy { part: StandbyPart::Message, wamid: None, kind: None, content: None, at };
        report("standby", phone("15550002001"), Notice::Standby(copy), format!("{{\"at\":{seconds}}}"))
    };
    assert_eq!(fixture.receive(vec![copy(-5), copy(-5)]).await.stored, 1);
    assert_eq!(fixture.shown().await, ["field standby"]);
    assert_eq!(fixture.count("SELECT last_inbound_at FROM conversations"), at(-5).as_millis());
    // A clock that goes ahead does not lengthen it.
    fixture.receive(vec![copy(60)]).await;
    assert_eq!(fixture.count("SELECT last_inbound_at FROM conversations"), START.as_millis());
    assert_eq!(fixture.count("SELECT count(*) FROM messages"), 0);
}

#[tokio::test]
async fn one_content_at_two_times_or_of_two_accounts_is_two_reports() {
    let fixture = Fixture::new();
    let told_of = |account: &str, told_at: Option<i64>| {
        Fact::Field(Box::new(FieldReport {
            field: "account_review_update".into(),
            number: None,
            waba: WabaId::parse(account),
            customer: None,
            notice: None,
            ties: Vec::new(),
            told_at: told_at.map(at),
            raw: RawJson::new(r#"{"decision":"APPROVED"}"#),
        }))
    };
    let told = |told_at| told_of("200000000000001", told_at);
    let counts = fixture.receive(vec![told(Some(1)), told(Some(2)), told(Some(1)), told(None)]).await;
    assert_eq!((counts.stored, counts.repeated), (3, 1));
    let other = || told_of("200000000000002", Some(1));
    let counts = fixture.receive(vec![other(), told(Some(1)), other()]).await;
    assert_eq!((counts.stored, counts.repeated), (1, 2));
}

#[tokio::test]
async fn the_same_errors_beside_other_messages_are_told_again() {
    let fixture = Fixture::new();
    let errors = |beside: Option<[u8; 32]>| {
        let notice = Notice::Errors(NumberErrors { errors: Vec::new(), beside });
        report("messages", phone("15550002001"), notice, r#"{"errors":[{"code":131000}]}"#.to_owned())
    };
    let facts = vec![errors(Some([1; 32])), errors(Some([2; 32])), errors(None), errors(Some([1; 32]))];
    let counts = fixture.receive(facts).await;
    assert_eq!((counts.stored, counts.repeated), (3, 1));
}

#[tokio::test]
async fn what_was_noted_of_either_of_two_who_are_one_counts_by_its_time() {
    let fixture = Fixture::new();
    let bsuid = || CustomerAliases::new([alias(AliasKind::Bsuid, "US.70000000000000002001")]).unwrap();
    fixture.receive(vec![saved(phone("15550002001"), Some("Ana"), 5), preference("resume", 5)]).await;
    fixture.receive(vec![saved(bsuid(), Some("Ana R."), 9)]).await;
    let customer = async |name: &str| {
        let CustomerMatch::One(found) = fixture.store.find_customer(name).await.unwrap() else {
            panic!("{name}")
        };
        found.customer
    };
    let (by_phone, by_bsuid) = (customer("15550002001").await, customer("US.70000000000000002001").await);
    let notes = |name: &str, marketing| CustomerNotes { saved_name: CustomerName::parse(name), marketing };
    let wanted = Some(MarketingChoice::Wanted);
    assert_eq!(fixture.store.customer_notes(by_phone).await.unwrap(), notes("Ana", wanted));
    assert_eq!(fixture.store.customer_notes(by_bsuid).await.unwrap(), notes("Ana R.", None));
    let merge = Amendment::Merge { customer: by_bsuid, into: by_phone };
    fixture.store.amend(merge, START).await.unwrap();
    for customer in [by_phone, by_bsuid] {
        assert_eq!(fixture.store.customer_notes(customer).await.unwrap(), notes("Ana R.", wanted));
    }
}
