//! Reactions, edits and revokes change the message that they name, in whatever order they come.

use waypost_domain::detail::SystemChange;
use waypost_domain::{AliasKind, CustomerAliases, Fact, Source, Typed, Wamid};
use waypost_store::StoreCounts;

use crate::fixture::{Fixture, START, alias, by, echo, edit, message, message_of, phone, reaction, revoke};
use crate::merging::{changed, telling};

fn by_the_business(fact: Fact) -> Fact {
    by(fact, Source::PhoneApp, phone("15550002001"))
}

fn of_another_customer(fact: Fact) -> Fact {
    by(fact, Source::Customer, phone("15550002002"))
}

#[tokio::test]
async fn an_edit_shows_as_a_change_of_its_message_and_the_first_words_are_kept() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "helo")]).await;
    fixture.shown().await;
    fixture.receive(vec![edit("wamid.2", "wamid.1", "hello", 5)]).await;
    assert_eq!(fixture.shown().await, ["update edited: hello"]);
    fixture.receive(vec![edit("wamid.3", "wamid.1", "hello!", 9)]).await;
    assert_eq!(fixture.shown().await, ["update edited: hello!"]);
    assert_eq!(fixture.text("SELECT content FROM messages WHERE seq = 1"), "hello!");
    assert_eq!(fixture.text("SELECT original FROM messages WHERE seq = 1"), "helo");
    assert_eq!(fixture.count("SELECT count(*) FROM messages WHERE target = 1"), 2);
}

#[tokio::test]
async fn an_edit_that_says_nothing_leaves_the_words() {
    let mut fixture = Fixture::new();
    let Fact::Message(mut item) = edit("wamid.2", "wamid.1", "[edit]", 5) else { unreachable!() };
    let Typed::Edit(empty) = &mut item.detail.typed else { unreachable!() };
    empty.edited = None;
    fixture.receive(vec![Fact::Message(item.clone()), message("wamid.1", "hello")]).await;
    assert_eq!(fixture.shown().await, ["message hello"]);
    item.wamid = Wamid::parse("wamid.3").unwrap();
    fixture.receive(vec![Fact::Message(item), edit("wamid.4", "wamid.1", "hello!", 9)]).await;
    assert_eq!(fixture.shown().await, ["update edited: hello!"]);
    assert_eq!(fixture.count("SELECT count(*) FROM messages"), 4, "the items are kept");
    assert_eq!(fixture.count("SELECT count(*) FROM parked_changes"), 0);
}

#[tokio::test]
async fn an_older_edit_that_comes_later_is_history_only() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "one"), edit("wamid.3", "wamid.1", "three", 9)]).await;
    fixture.receive(vec![edit("wamid.2", "wamid.1", "two", 5)]).await;
    assert_eq!(fixture.shown().await, ["message one", "update edited: three"]);
    assert_eq!(fixture.text("SELECT content FROM messages WHERE seq = 1"), "three");
    assert_eq!(fixture.count("SELECT count(*) FROM messages WHERE target = 1"), 2);
}

#[tokio::test]
async fn changes_before_their_message_wait_and_follow_it() {
    let fixture = Fixture::new();
    fixture
        .receive(vec![
            reaction("wamid.4", "wamid.1", "👍", 7),
            edit("wamid.2", "wamid.1", "hello", 5),
            revoke("wamid.3", "wamid.1", 6),
        ])
        .await;
    assert_eq!(fixture.count("SELECT count(*) FROM parked_changes"), 3);
    let mut fixture = fixture.restart().await;
    fixture.receive(vec![message("wamid.1", "helo")]).await;
    assert_eq!(
        fixture.shown().await,
        ["message helo", "update customer 👍, now 👍", "update edited: hello", "update revoked"]
    );
    assert_eq!(fixture.count("SELECT count(*) FROM parked_changes"), 0);
    assert_eq!(fixture.text("SELECT content FROM messages WHERE seq = 4"), "hello");
    let again = fixture.receive(vec![revoke("wamid.3", "wamid.1", 6)]).await;
    assert_eq!(again, StoreCounts { repeated: 1, ..StoreCounts::default() });
}

#[tokio::test]
async fn an_edit_of_what_was_deleted_for_everyone_is_kept_and_not_shown() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "hello"), revoke("wamid.2", "wamid.1", 6)]).await;
    fixture.receive(vec![edit("wamid.3", "wamid.1", "late words", 5)]).await;
    assert_eq!(fixture.shown().await, ["message hello", "update revoked"]);
    assert_eq!(fixture.text("SELECT content FROM messages WHERE seq = 1"), "late words");
    assert_eq!(fixture.count("SELECT count(*) FROM journal"), 2);
}

#[tokio::test]
async fn each_has_one_reaction_and_may_take_it_back() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "hello")]).await;
    fixture.shown().await;
    fixture.receive(vec![reaction("wamid.2", "wamid.1", "👍", 1)]).await;
    fixture.receive(vec![by_the_business(reaction("wamid.3", "wamid.1", "🎉", 2))]).await;
    fixture.receive(vec![reaction("wamid.4", "wamid.1", "😮", 3)]).await;
    fixture.receive(vec![reaction("wamid.5", "wamid.1", "", 4)]).await;
    let mut shown = Vec::new();
    while shown.len() < 4 {
        shown.extend(fixture.shown().await);
    }
    assert_eq!(
        shown,
        [
            "update customer 👍, now 👍",
            "update business 🎉, now 👍 🎉",
            "update customer 😮, now 🎉 😮",
            "update customer taken back, now 🎉"
        ]
    );
}

#[tokio::test]
async fn nobody_changes_what_another_wrote() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "hers"), echo("wamid.2")]).await;
    fixture.shown().await;
    fixture
        .receive(vec![
            // The business' words by the customer, the customer's by the business, and both by somebody else.
            edit("wamid.3", "wamid.2", "forged", 5),
            by_the_business(revoke("wamid.4", "wamid.1", 5)),
            of_another_customer(revoke("wamid.5", "wamid.1", 5)),
            of_another_customer(reaction("wamid.6", "wamid.1", "👍", 5)),
            // A reaction is nothing to react to.
            reaction("wamid.7", "wamid.1", "👍", 5),
            reaction("wamid.8", "wamid.7", "👍", 6),
        ])
        .await;
    assert_eq!(fixture.shown().await, ["update customer 👍, now 👍"]);
    assert_eq!(fixture.count("SELECT count(*) FROM messages WHERE target IS NOT NULL"), 1);
}

#[tokio::test]
async fn whoever_became_one_with_another_changes_what_either_wrote() {
    for link_first in [true, false] {
        let fixture = Fixture::new();
        let user = || CustomerAliases::new([alias(AliasKind::Bsuid, "US.1")]).unwrap();
        fixture.receive(vec![message("wamid.1", "by phone")]).await;
        fixture.receive(vec![message_of("wamid.2", user(), "secret")]).await;
        let changes = [
            by(revoke("wamid.3", "wamid.2", 5), Source::Customer, user()),
            by(reaction("wamid.4", "wamid.2", "👍", 5), Source::Customer, user()),
        ];
        let link = telling("wamid.5", phone("15550002001"), changed(SystemChange::Number, user()));
        let order = if link_first { [vec![link], changes.to_vec()] } else { [changes.to_vec(), vec![link]] };
        for facts in order {
            fixture.receive(facts).await;
        }
        assert_eq!(fixture.count("SELECT count(*) FROM messages WHERE revoked_at IS NOT NULL"), 1);
        assert_eq!(fixture.count("SELECT count(*) FROM reactions"), 1);
    }
}

#[tokio::test]
async fn a_reaction_opens_the_window_and_an_edit_does_not() {
    let fixture = Fixture::new();
    // None of the stamps is of a time still to come.
    fixture.clock.advance_hours(1);
    fixture.receive(vec![message("wamid.1", "hello"), edit("wamid.2", "wamid.1", "hi", 60)]).await;
    let newest = "SELECT last_inbound_at FROM conversations";
    assert_eq!(fixture.count(newest), START.as_millis());
    fixture.receive(vec![reaction("wamid.3", "wamid.1", "👍", 90)]).await;
    assert_eq!(fixture.count(newest), START.as_millis() + 90_000);
    // It is no message in the thread.
    assert_eq!(fixture.count("SELECT last_message_at FROM conversations"), START.as_millis());
}

#[tokio::test]
async fn what_waits_for_too_long_or_in_vain_goes_and_is_still_there_as_an_item() {
    let fixture = Fixture::new();
    let changes = (0..8).map(|n| revoke(&format!("wamid.r{n}"), &format!("wamid.{n}"), n));
    fixture.receive(changes.collect()).await;
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.count("SELECT count(*) FROM parked_changes"), 5);
    fixture.clock.advance_days(31);
    fixture.store.tend().await.unwrap();
    assert_eq!(fixture.count("SELECT count(*) FROM parked_changes"), 0);
    assert_eq!(fixture.count("SELECT count(*) FROM messages"), 8);
}
