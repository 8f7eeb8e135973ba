use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use waypost_domain::Fact;

use super::*;
use crate::graph::Address;

const START: Timestamp = Timestamp::from_millis(1_794_000_000_000);

fn script(rate_per_s: f64, seed: u64, chances: Chances) -> Script {
    Script::new(ScriptSettings { business: Business::demo(), rate_per_s, seed, start: START, chances })
}

fn moment(elapsed: Duration) -> Moment {
    let millis = i64::try_from(elapsed.as_millis()).unwrap();
    Moment { elapsed, wall: START.plus_millis(millis) }
}

/// Steps virtual time from one due moment to the next, until `end`.
fn play(script: &mut Script, end: Duration) -> Vec<(Duration, Delivery)> {
    let mut told = Vec::new();
    while let Some(due) = script.next_due().filter(|due| *due < end) {
        told.extend(script.pop_due(moment(due)).map(|delivery| (due, delivery)));
    }
    told
}

fn send(wamid: &str, to: &str, text: &str) -> AcceptedSend {
    AcceptedSend {
        wamid: wamid.to_owned(),
        to: Address::Phone(to.to_owned()),
        content: SentContent::Text(text.to_owned()),
        callback_data: Some("out_1".to_owned()),
    }
}

/// `entry[0].changes[0].value`.
fn value(delivery: &Delivery) -> Value {
    let mut body: Value = serde_json::from_slice(&delivery.body).unwrap();
    body["entry"][0]["changes"][0]["value"].take()
}

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn a_seed_tells_the_same_story_every_time() {
    let tell = |seed| {
        let mut script = script(5.0, seed, Chances::LIVELY);
        let mut told = play(&mut script, Duration::from_secs(60));
        script.accept(Duration::from_secs(60), send("wamid.1", "15550100101", "Is that all right?"));
        told.extend(play(&mut script, Duration::from_secs(240)));
        told
    };
    assert_eq!(tell(1), tell(1));
    assert_ne!(tell(1), tell(2));
}

#[test]
fn customers_write_at_the_rate() {
    for rate in [0.5, 5.0, 3_000.0] {
        let told = play(&mut script(rate, 1, Chances::PLAIN), Duration::from_secs_f64(10_000.0 / rate));
        assert!((9_700..10_300).contains(&told.len()), "{rate}/s: {}", told.len());
    }
}

#[test]
fn without_a_rate_nobody_begins() {
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(script(rate, 1, Chances::LIVELY).next_due(), None);
    }
}

#[test]
fn after_a_stall_there_is_no_burst() {
    let mut script = script(10.0, 1, Chances::PLAIN);
    let burst = std::iter::from_fn(|| script.pop_due(moment(HOUR))).count();
    assert!((2..40).contains(&burst), "{burst}");
}

#[test]
fn every_body_is_understood() {
    let mut script = script(50.0, 1, Chances::LIVELY);
    for (ordinal, customer) in cast::customers().cycle().take(200).enumerate() {
        script.accept(Duration::ZERO, send(&format!("wamid.{ordinal}"), customer.wa_id, "Is it urgent?"));
    }
    let told = play(&mut script, Duration::from_secs(120));
    let mut kinds = BTreeSet::new();
    for (at, delivery) in &told {
        let facts = waypost_cloud_api::webhook::parse(&delivery.body, moment(*at).wall);
        let body = String::from_utf8_lossy(&delivery.body);
        assert_eq!(facts.len(), 1, "{body}");
        match (&facts[0], delivery.kind) {
            (Fact::Message(_), DeliveryKind::Message) => {
                kinds.insert(value(delivery)["messages"][0]["type"].as_str().unwrap().to_owned());
            }
            (Fact::Status(_), DeliveryKind::Status) => {}
            (fact, _) => panic!("{fact:?} from {body}"),
        }
    }
    let all = ["audio", "button", "contacts", "image", "location", "reaction", "text"];
    assert_eq!(kinds, all.map(str::to_owned).into());
}

#[test]
fn no_id_comes_twice_but_in_redeliveries() {
    let mut by_id: BTreeMap<String, Bytes> = BTreeMap::new();
    let told = play(&mut script(50.0, 1, Chances::LIVELY), Duration::from_secs(60));
    for (_, delivery) in &told {
        let id = value(delivery)["messages"][0]["id"].as_str().unwrap().to_owned();
        let first = by_id.entry(id).or_insert_with(|| delivery.body.clone());
        assert_eq!(*first, delivery.body);
    }
    let again = told.len() - by_id.len();
    assert!((30..200).contains(&again), "{again} redeliveries in {}", told.len());
}

#[test]
fn every_accepted_send_is_read_or_fails_in_the_end() {
    let mut script = script(0.0, 9, Chances::LIVELY);
    for ordinal in 0..500 {
        script.accept(Duration::from_millis(ordinal), send(&format!("wamid.{ordinal}"), "15550199999", "Hi"));
    }
    let mut ends: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (at, delivery) in play(&mut script, HOUR) {
        let status = value(&delivery)["statuses"][0].take();
        assert_eq!(status["biz_opaque_callback_data"], "out_1");
        assert!(
            status["timestamp"].as_str().unwrap().parse::<i64>().unwrap() * 1_000
                <= moment(at).wall.as_millis()
        );
        let name = status["status"].as_str().unwrap().to_owned();
        ends.entry(status["id"].as_str().unwrap().to_owned()).or_default().insert(name);
    }
    assert_eq!(ends.len(), 500);
    assert!(ends.values().all(|names| names.contains("read") != names.contains("failed")));
}

#[test]
fn who_is_written_to_answers() {
    let chances = Chances { answered: 1.0, ..Chances::PLAIN };
    let mut script = script(0.0, 1, chances);
    script.accept(Duration::ZERO, send("wamid.1", "15550100110", "هل الخميس مناسب؟"));
    let told = play(&mut script, HOUR);
    let kinds: Vec<_> = told.iter().map(|(_, delivery)| delivery.kind).collect();
    use DeliveryKind::{Message, Status};
    assert_eq!(kinds, [Status, Status, Status, Message]);
    let answer = value(&told[3].1);
    assert_eq!(answer["contacts"][0]["profile"]["name"], "ليلى حداد");
    assert_eq!(answer["messages"][0]["from"], "15550100110");
    assert_eq!(answer["messages"][0]["type"], "text");
}

#[test]
fn somebody_who_is_not_of_the_cast_reads_and_is_silent() {
    let mut script = script(0.0, 1, Chances { answered: 1.0, ..Chances::PLAIN });
    script.accept(Duration::ZERO, send("wamid.1", "15550199999", "Hello?"));
    let told = play(&mut script, HOUR);
    assert_eq!(told.len(), 3);
    assert_eq!(value(&told[2].1)["statuses"][0]["recipient_id"], "15550199999");
    assert_eq!(value(&told[2].1).get("contacts"), None);
}

#[test]
fn a_failure_has_metas_shape() {
    let mut script = script(0.0, 1, Chances { failed: 1.0, ..Chances::PLAIN });
    script.accept(Duration::ZERO, send("wamid.1", "15550100101", "Hello"));
    let told = play(&mut script, HOUR);
    let failed = value(&told.last().unwrap().1);
    assert_eq!(failed.get("contacts"), None);
    assert_eq!(failed["statuses"][0]["status"], "failed");
    let error = &failed["statuses"][0]["errors"][0];
    assert!(error["code"].is_u64() && error["title"] == error["message"]);
    assert!(error["error_data"]["details"].is_string());
}

#[test]
fn of_a_reaction_only_sent_is_heard() {
    let mut script = script(0.0, 1, Chances::PLAIN);
    let reaction = AcceptedSend { content: SentContent::Reaction, ..send("wamid.1", "15550100101", "") };
    script.accept(Duration::ZERO, reaction);
    let told = play(&mut script, HOUR);
    assert_eq!(told.len(), 1);
    assert_eq!(value(&told[0].1)["statuses"][0]["status"], json!("sent"));
}

#[test]
fn a_username_comes_from_delivered_on() {
    let mut script = script(0.0, 1, Chances::PLAIN);
    script.accept(Duration::ZERO, send("wamid.1", "15550100102", "Hello"));
    let usernames: Vec<_> = play(&mut script, HOUR)
        .iter()
        .map(|(_, delivery)| value(delivery)["contacts"][0]["profile"].get("username").cloned())
        .collect();
    assert_eq!(usernames, [None, Some(json!("chinwe.cooks")), Some(json!("chinwe.cooks"))]);
}
