//! Reactions, edits and revokes change the message that they name, in whatever order they come.

use waypost_domain::detail::SystemChange;
use waypost_domain::{AliasKind, CustomerAliases, DeadLetterKind, Fact, Source, Typed, Wamid};
use waypost_store::{LetterId, Step, StoreCounts};

use crate::fixture::{
    Fixture, START, alias, app, by, echo, edit, in_group, message, message_of, phone, reaction, revoke, text,
};
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

/// Dead letters by what they say, the oldest first.
async fn letters(fixture: &Fixture) -> Vec<(DeadLetterKind, String)> {
    let mut heads = fixture.store.dead_letters(LetterId::LAST, 20).await.unwrap();
    heads.reverse();
    heads.into_iter().map(|head| (head.kind, head.reason)).collect()
}

#[tokio::test]
async fn what_nobody_may_change_so_is_kept_as_a_dead_letter() {
    let fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "hers"), echo("wamid.2")]).await;
    let facts = vec![
        edit("wamid.3", "wamid.2", "forged", 5),
        by_the_business(revoke("wamid.4", "wamid.1", 5)),
        of_another_customer(reaction("wamid.5", "wamid.1", "👍", 5)),
        reaction("wamid.6", "wamid.3", "👍", 6),
    ];
    assert_eq!(
        fixture.receive(facts.clone()).await,
        StoreCounts { dead: 4, ..StoreCounts::default() },
        "none of them is one of the thread"
    );
    let expected = [
        "edit.original_message_id: a message that somebody else wrote",
        "revoke.original_message_id: a message that somebody else wrote",
        "reaction.message_id: a message of another conversation",
        "reaction.message_id: no message, but a change of one",
    ]
    .map(|reason| (DeadLetterKind::NotAllowed, reason.to_owned()));
    assert_eq!(letters(&fixture).await, expected);
    let head = fixture.store.newest_dead_letter().await.unwrap().unwrap();
    let letter = fixture.store.dead_letter_from(head, head).await.unwrap().unwrap();
    assert_eq!((letter.raw.as_slice(), &letter.head.app), (&b"{}"[..], &app()));
    let again = fixture.receive(facts).await;
    assert_eq!(again, StoreCounts { repeated: 4, ..StoreCounts::default() });
    assert_eq!(letters(&fixture).await.len(), 4);
}

#[tokio::test]
async fn what_waited_for_a_message_that_turns_out_to_be_anothers_is_a_dead_letter_too() {
    let fixture = Fixture::new();
    let waiting = vec![
        edit("wamid.3", "wamid.1", "forged", 5),
        of_another_customer(reaction("wamid.4", "wamid.1", "👍", 5)),
        reaction("wamid.5", "wamid.1", "🎉", 6),
    ];
    let counts = fixture.receive(waiting).await;
    assert_eq!(counts, StoreCounts { stored: 3, ..StoreCounts::default() });
    let mut fixture = fixture.restart().await;
    fixture.receive(vec![echo("wamid.1")]).await;
    assert_eq!(fixture.shown().await, ["message from the phone", "update customer 🎉, now 🎉"]);
    let reasons: Vec<String> = letters(&fixture).await.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(
        reasons,
        [
            "edit.original_message_id: a message that somebody else wrote",
            "reaction.message_id: a message of another conversation"
        ]
    );
    assert_eq!(fixture.count("SELECT count(*) FROM parked_changes"), 0);
}

#[tokio::test]
async fn a_member_of_a_group_changes_their_own_words_only() {
    let (bsuid, phone) = (AliasKind::Bsuid, AliasKind::Phone);
    let (ana, ana_now) = ([(bsuid, "US.1"), (phone, "551187654321")], [(phone, "5511987654321")]);
    let ben = [(phone, "15550002002")];
    // The changes come after their message, and before it.
    for is_before in [false, true] {
        let mut fixture = Fixture::new();
        let said = vec![in_group(message("wamid.1", "helo"), &ana)];
        let changes = vec![
            in_group(edit("wamid.2", "wamid.1", "forged", 5), &ben),
            in_group(edit("wamid.3", "wamid.1", "forged", 6), &[]),
            in_group(revoke("wamid.4", "wamid.1", 7), &ben),
            in_group(edit("wamid.5", "wamid.1", "hello", 8), &ana_now),
            in_group(reaction("wamid.6", "wamid.1", "👍", 9), &ben),
            in_group(reaction("wamid.7", "wamid.1", "🎉", 9), &ana_now),
        ];
        let order = if is_before { [changes, said] } else { [said, changes] };
        let mut shown = Vec::new();
        for facts in order {
            fixture.receive(facts).await;
            fixture = fixture.restart_collecting(&mut shown).await;
        }
        let shown = shown.into_iter().filter_map(|step| match step {
            Step::Event(event) => Some(text(&event)),
            Step::Bind { .. } => None,
        });
        let (ben, ana) = ("phone:15550002002 👍, now 👍", "phone:5511987654321 🎉, now 👍 🎉");
        let expected = [
            "message helo".to_owned(),
            "update edited: hello".to_owned(),
            format!("update {ben}"),
            format!("update {ana}"),
        ];
        let mut shown: Vec<String> = shown.collect();
        shown.sort();
        assert_eq!(shown.len(), expected.len(), "{shown:?}");
        assert!(shown.contains(&expected[0]) && shown.contains(&expected[1]), "{shown:?}");
        assert_eq!(letters(&fixture).await.len(), 3);
        // Whoever edits goes by another name by now: the message stays who wrote it.
        let metadata = fixture.bytes("SELECT metadata FROM messages WHERE wamid = 'wamid.1'");
        let expected = r#"{"detail":"typed","participant":"551187654321"}"#;
        assert_eq!(String::from_utf8(metadata).unwrap(), expected);
        assert_eq!(fixture.text("SELECT content FROM messages WHERE wamid = 'wamid.1'"), "hello");

        fixture.receive(vec![in_group(revoke("wamid.8", "wamid.1", 20), &ana_now)]).await;
        assert_eq!(fixture.shown().await, ["update revoked"]);
    }
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
