//! Rooms over several connections: what was joined is held, what was left stays left.

use serde_json::json;
use waypost_testkit::{TestServer, Webhook, eventually};
use waypost_tests::{
    Agents, DEADLINE, Event, GENERAL, Journal, Subscriber, deliver, deliver_text, number_of,
};

const ANA: &str = "15559992305";
const ANAS_ROOM: &str = "whatsapp:customer:15559992305";
const BEN: &str = "15559992306";
const BENS_ROOM: &str = "whatsapp:customer:15559992306";

/// The message after which a test looks at what was shown.
const LAST: &str = "wamid.LAST";

fn wamids(events: &[Event]) -> Vec<&str> {
    events.iter().map(Event::wamid).collect()
}

#[test]
fn a_room_that_was_left_stays_left() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    deliver_text(&server, ANA, "wamid.BEFORE");
    for subscriber in &mut subscribers {
        subscriber.see_to("wamid.BEFORE");
        subscriber.client.join_customer(ANA);
        subscriber.client.join_customer(BEN);
        subscriber.client.call_well("leaveWhatsAppGeneral", &[]);
        subscriber.client.call_well("leaveWhatsAppCustomer", &[json!(BEN)]);
        subscriber.go_away();
    }
    deliver_text(&server, BEN, "wamid.ben");
    deliver_text(&server, ANA, "wamid.ana");
    deliver(&server, &Webhook::batch("others", 0, 20).to_bytes());
    for Subscriber { client, cable, what, .. } in &mut subscribers {
        cable.plug_in();
        client.back().assert_session(&[ANAS_ROOM], what);
    }
    deliver_text(&server, BEN, "wamid.ben.live");
    deliver_text(&server, ANA, LAST);
    for Subscriber { client, what, .. } in &mut subscribers {
        assert_eq!(wamids(&client.journal_to(LAST)), ["wamid.ana", LAST], "{what}");
    }
}

#[test]
fn a_room_that_was_joined_again_begins_anew() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    for subscriber in &mut subscribers {
        subscriber.client.call_well("leaveWhatsAppGeneral", &[]);
    }
    deliver(&server, &Webhook::batch("unseen", 0, 20).to_bytes());
    let head = Journal::of(&server).last().to_owned();
    for subscriber in &mut subscribers {
        let again = subscriber.client.join_general();
        assert_eq!(again["offset"], head.as_str(), "{}", subscriber.what);
        subscriber.joined = again["offset"].clone();
        subscriber.go_away();
    }
    deliver_text(&server, ANA, "wamid.away");
    for subscriber in &mut subscribers {
        subscriber.cable.plug_in();
        subscriber.client.back().assert_session(&[GENERAL], &subscriber.what);
    }
    deliver_text(&server, ANA, LAST);
    for subscriber in &mut subscribers {
        subscriber.see_to(LAST);
        subscriber.assert_whole(&server);
    }
}

/// Which has its own beginning: what the customer had before is not replayed.
#[test]
fn a_room_that_was_joined_later_begins_later() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    for subscriber in &mut subscribers {
        subscriber.client.call_well("leaveWhatsAppGeneral", &[]);
        subscriber.client.join_customer(ANA);
    }
    // Of all this, nothing comes to their one room: so their offset stays where it was.
    deliver_text(&server, BEN, "wamid.ben.before");
    let before = number_of(&json!(Journal::of(&server).last()));
    for subscriber in &mut subscribers {
        // What is stored is shown a moment later. The ack of a join says how far that is.
        eventually(DEADLINE, "a join after the message was shown", || {
            let joined = subscriber.client.join_customer("nobody");
            subscriber.client.call_well("leaveWhatsAppCustomer", &[json!("nobody")]);
            (number_of(&joined["offset"]) >= before).then_some(())
        });
        subscriber.client.join_customer(BEN);
        subscriber.go_away();
    }
    deliver_text(&server, BEN, "wamid.ben.away");
    deliver_text(&server, ANA, "wamid.ana.away");
    for Subscriber { client, cable, what, .. } in &mut subscribers {
        cable.plug_in();
        client.back().assert_session(&[ANAS_ROOM, BENS_ROOM], what);
    }
    deliver_text(&server, ANA, LAST);
    for Subscriber { client, what, .. } in &mut subscribers {
        assert_eq!(wamids(&client.journal_to(LAST)), ["wamid.ben.away", "wamid.ana.away", LAST], "{what}");
    }
}

#[test]
fn a_customer_who_appears_while_the_client_is_away_is_shown_from_the_first_message_on() {
    let (server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    for subscriber in &mut subscribers {
        let ack = subscriber.client.join_customer(ANA);
        assert_eq!(ack.get("customerId"), None, "{}: there is no such customer yet", subscriber.what);
        subscriber.client.call_well("leaveWhatsAppGeneral", &[]);
        subscriber.go_away();
    }
    deliver_text(&server, BEN, "wamid.ben");
    deliver_text(&server, ANA, "wamid.first");
    deliver_text(&server, ANA, "wamid.second");
    for Subscriber { client, cable, what, .. } in &mut subscribers {
        cable.plug_in();
        client.back().assert_session(&[ANAS_ROOM], what);
    }
    deliver_text(&server, BEN, "wamid.ben.live");
    deliver_text(&server, ANA, LAST);
    for Subscriber { client, what, .. } in &mut subscribers {
        let shown = client.journal_to(LAST);
        assert_eq!(wamids(&shown), ["wamid.first", "wamid.second", LAST], "{what}");
        let id = client.join_customer(ANA)["customerId"].clone();
        assert_eq!(id, shown[0].text("customerId"), "{what}: it is bound");
    }
}

/// The same, but the customer is still unknown when the client is back.
#[test]
fn a_customer_who_appears_after_the_client_came_back_is_shown_from_the_first_message_on() {
    let (mut server, agents) = (TestServer::start(), Agents::default());
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    for subscriber in &mut subscribers {
        subscriber.client.join_customer(ANA);
        subscriber.client.call_well("leaveWhatsAppGeneral", &[]);
    }
    server.kill9();
    for Subscriber { client, .. } in &mut subscribers {
        client.disconnected();
    }
    server.restart();
    for Subscriber { client, what, .. } in &mut subscribers {
        client.back().assert_session(&[ANAS_ROOM], what);
    }
    deliver_text(&server, BEN, "wamid.ben");
    deliver_text(&server, ANA, LAST);
    for Subscriber { client, what, .. } in &mut subscribers {
        assert_eq!(wamids(&client.journal_to(LAST)), [LAST], "{what}");
    }
}

#[test]
fn several_rooms_are_replayed_as_one() {
    let (server, agents) = (TestServer::start(), Agents::default());
    deliver_text(&server, ANA, "wamid.ana");
    deliver_text(&server, BEN, "wamid.ben");
    let mut subscribers = Subscriber::of_each_transport(&server, &agents);
    let mut presented = Vec::new();
    for subscriber in &mut subscribers {
        subscriber.client.join_customer(ANA);
        subscriber.client.join_customer(BEN);
        presented.push(subscriber.go_away());
    }
    for round in 0..10 {
        deliver_text(&server, ANA, &format!("wamid.ana.{round}"));
        deliver_text(&server, BEN, &format!("wamid.ben.{round}"));
    }
    for (Subscriber { client, cable, what, .. }, presented) in subscribers.iter_mut().zip(&presented) {
        cable.plug_in();
        let back = client.back();
        back.assert_session(&[GENERAL, ANAS_ROOM, BENS_ROOM], what);
        assert_eq!(Some(back.from()), presented.offset.as_deref(), "{what}");
    }
    deliver_text(&server, ANA, LAST);
    for subscriber in &mut subscribers {
        subscriber.see_to(LAST);
        subscriber.assert_whole(&server);
    }
}
