//! What whoever runs the server says and has done again: claims, dead letters, messages of unknown types.

use waypost_domain::detail::Text;
use waypost_domain::{
    AppName, DeadLetter, DeadLetterKind, Detail, Fact, MessageType, PhoneNumberId, RawJson, Typed, WabaId,
};
use waypost_store::{LetterId, OurNumber, StoreCounts};

use crate::fixture::{Fixture, START, app, edit, message, number, revoke};

fn letter(reason: &str) -> Fact {
    Fact::Dead(DeadLetter {
        kind: DeadLetterKind::Item,
        reason: reason.to_owned(),
        raw: b"{}".to_vec(),
        around: Some(RawJson::new("[null]")),
    })
}

fn waba(id: &str) -> WabaId {
    WabaId::parse(id).unwrap()
}

/// A message of a type that nobody knows.
fn unknown(wamid: &str, word: &str) -> Fact {
    let Fact::Message(mut message) = message(wamid, "[unknown]") else { unreachable!() };
    message.kind = MessageType::parse(word).unwrap();
    message.detail.typed = Typed::Unknown(message.kind.clone());
    Fact::Message(message)
}

fn of_account(fact: Fact, id: &str) -> Fact {
    let Fact::Message(mut message) = fact else { unreachable!() };
    message.waba = Some(waba(id));
    Fact::Message(message)
}

#[tokio::test]
async fn dead_letters_are_read_newest_first_and_page_by_page() {
    let fixture = Fixture::new();
    fixture.receive(["first", "second", "third"].map(letter).into()).await;
    let page = fixture.store.dead_letters(LetterId::LAST, 2).await.unwrap();
    let reasons: Vec<&str> = page.iter().map(|head| head.reason.as_str()).collect();
    assert_eq!(reasons, ["third", "second"]);
    assert_eq!((page[0].kind, page[0].size_bytes, &page[0].app), (DeadLetterKind::Item, 2, &app()));
    let rest = fixture.store.dead_letters(page[1].id, 2).await.unwrap();
    assert_eq!(rest.len(), 1);
    let whole = fixture.store.dead_letter_from(rest[0].id, rest[0].id).await.unwrap().unwrap();
    assert_eq!((whole.raw.as_slice(), whole.around), (&b"{}"[..], Some(RawJson::new("[null]"))));
    assert_eq!(fixture.store.newest_dead_letter().await.unwrap(), Some(page[0].id));
}

#[tokio::test]
async fn a_letter_that_says_something_is_stored_and_gone_and_what_came_otherwise_is_not_stored_twice() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![letter("once unreadable"), letter("another")]).await;
    fixture.receive(vec![message("wamid.1", "sent again by Meta")]).await;
    fixture.shown().await;
    let heads = fixture.store.dead_letters(LetterId::LAST, 10).await.unwrap();
    let facts = vec![message("wamid.1", "sent again by Meta"), message("wamid.2", "late")];
    let counts = fixture.store.revive(&heads[1], facts).await.unwrap();
    assert_eq!(counts, Some(StoreCounts { stored: 1, repeated: 1, ..StoreCounts::default() }));
    assert_eq!(fixture.shown().await, ["message late"]);
    let left = fixture.store.dead_letters(LetterId::LAST, 10).await.unwrap();
    assert_eq!(left, heads[..1]);
}

#[tokio::test]
async fn a_letter_comes_to_life_once_whoever_reads_it_again_and_its_id_is_never_anothers() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![letter("old")]).await;
    let head = fixture.store.dead_letters(LetterId::LAST, 1).await.unwrap().remove(0);
    // Part of it is broken still.
    let facts = || vec![message("wamid.1", "at last"), letter("what is broken still")];
    let (one, other) =
        tokio::join!(fixture.store.revive(&head, facts()), fixture.store.revive(&head, facts()));
    let counts = [one.unwrap(), other.unwrap()];
    assert_eq!(counts, [Some(StoreCounts { stored: 1, dead: 1, ..StoreCounts::default() }), None]);
    assert_eq!(fixture.shown().await, ["message at last"]);

    // The newest goes, another comes, and whoever still has the first tries again.
    let broken = fixture.store.dead_letters(LetterId::LAST, 1).await.unwrap().remove(0);
    assert!(fixture.store.revive(&broken, Vec::new()).await.unwrap().is_some());
    fixture.receive(vec![letter("new")]).await;
    for gone in [&head, &broken] {
        assert_eq!(fixture.store.revive(gone, facts()).await.unwrap(), None);
    }
    let left = fixture.store.dead_letters(LetterId::LAST, 10).await.unwrap();
    assert_eq!(left.iter().map(|head| head.reason.as_str()).collect::<Vec<_>>(), ["new"]);
    assert!(left[0].id > broken.id && broken.id > head.id);
}

#[tokio::test]
async fn a_message_of_an_unknown_type_is_understood_once() {
    let mut fixture = Fixture::new();
    let Fact::Message(mut placeholder) = unknown("wamid.3", "media_placeholder") else { unreachable!() };
    placeholder.detail.typed = Typed::MediaPlaceholder;
    let placeholder = Fact::Message(placeholder);
    fixture.receive(vec![message("wamid.1", "x"), unknown("wamid.2", "hologram"), placeholder]).await;
    fixture.shown().await;
    let messages = fixture.store.unknown_messages(None).await.unwrap();
    assert_eq!(messages.len(), 1, "a placeholder is filled by its file");
    assert!(fixture.store.unknown_messages(messages.last()).await.unwrap().is_empty());

    let read = (MessageType::text(), "a hologram".to_owned(), Detail::text());
    let again = (MessageType::text(), "a hologram, still".to_owned(), Detail::text());
    fixture.store.understand(&messages[0], read, START).await.unwrap();
    fixture.store.understand(&messages[0], again, START).await.unwrap();
    assert_eq!(fixture.shown().await, ["update reprocessed: a hologram"]);
    assert_eq!(fixture.count("SELECT count(*) FROM journal WHERE name = 'update'"), 1);
    let stored = "SELECT type || ' ' || content FROM messages WHERE wamid = 'wamid.2'";
    assert_eq!(fixture.text(stored), "text a hologram");
    assert!(fixture.store.unknown_messages(None).await.unwrap().is_empty());
    assert!(matches!(Detail::text().typed, Typed::Text(Text { .. })));
}

/// An edit to words of a type that nobody knows.
fn unknown_edit(own: &str, target: &str, seconds: i64) -> Fact {
    let Fact::Message(mut item) = edit(own, target, "[unknown]", seconds) else { unreachable!() };
    let Typed::Edit(said) = &mut item.detail.typed else { unreachable!() };
    said.edited = Some(Box::new(Typed::Unknown(MessageType::parse("hologram").unwrap())));
    said.raw = Some(RawJson::new("{}"));
    Fact::Message(item)
}

/// What such an edit turns out to say.
fn read(fact: Fact) -> (MessageType, String, Detail) {
    let Fact::Message(item) = fact else { unreachable!() };
    (item.kind, item.content, item.detail)
}

#[tokio::test]
async fn an_edit_to_words_of_an_unknown_type_is_understood_and_so_is_its_message() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "x"), unknown_edit("wamid.2", "wamid.1", 5)]).await;
    // One that waits for its message, and one that is not the newest any more.
    fixture.receive(vec![unknown_edit("wamid.3", "wamid.4", 5), unknown_edit("wamid.5", "wamid.1", 4)]).await;
    assert_eq!(fixture.shown().await, ["message x", "update edited: [unknown]"]);
    let mut fixture = fixture.restart().await;
    let unknown = fixture.store.unknown_messages(None).await.unwrap();
    assert_eq!(unknown.len(), 3);
    let words = |content| read(edit("wamid.2", "wamid.1", content, 5));
    for (edit, content) in unknown.iter().zip(["a hologram", "another", "an old one"]) {
        fixture.store.understand(edit, words(content), START).await.unwrap();
    }
    assert_eq!(fixture.shown().await, ["update reprocessed: a hologram"]);
    assert!(fixture.store.unknown_messages(None).await.unwrap().is_empty());
    fixture.receive(vec![message("wamid.4", "y")]).await;
    assert_eq!(fixture.shown().await, ["message y", "update edited: another"]);
    let content = |wamid: &str| format!("SELECT content FROM messages WHERE wamid = '{wamid}'");
    assert_eq!(fixture.text(&content("wamid.1")), "a hologram");
    assert_eq!(fixture.text(&content("wamid.5")), "an old one");
    assert_eq!(fixture.text("SELECT type FROM messages WHERE wamid = 'wamid.1'"), "text");
    assert_eq!(fixture.text("SELECT original FROM messages WHERE wamid = 'wamid.1'"), "x");
    assert_eq!(fixture.count("SELECT count(*) FROM journal WHERE body IS NOT NULL AND name = 'update'"), 3);
}

#[tokio::test]
async fn what_was_edited_again_or_deleted_shows_no_edit_that_is_understood_late() {
    let mut fixture = Fixture::new();
    fixture.receive(vec![message("wamid.1", "x"), unknown_edit("wamid.2", "wamid.1", 5)]).await;
    fixture.receive(vec![edit("wamid.3", "wamid.1", "newer", 9)]).await;
    fixture.receive(vec![message("wamid.4", "y"), unknown_edit("wamid.5", "wamid.4", 5)]).await;
    fixture.receive(vec![revoke("wamid.6", "wamid.4", 9)]).await;
    for unknown in fixture.store.unknown_messages(None).await.unwrap() {
        let words = read(edit("wamid.2", "wamid.1", "a hologram", 5));
        fixture.store.understand(&unknown, words, START).await.unwrap();
    }
    fixture.receive(vec![message("wamid.7", "z")]).await;
    let mut shown = Vec::new();
    while shown.last().is_none_or(|last| last != "message z") {
        shown.extend(fixture.shown().await);
    }
    assert!(!shown.iter().any(|event| event.contains("hologram")), "{shown:?}");
    let content = |wamid: &str| format!("SELECT content FROM messages WHERE wamid = '{wamid}'");
    assert_eq!(fixture.text(&content("wamid.1")), "newer");
    assert_eq!(fixture.text(&content("wamid.4")), "a hologram");
}

#[tokio::test]
async fn claims_are_stored_as_they_are_and_no_others_stay() {
    let fixture = Fixture::new();
    let (other, unclaimed) = (AppName::parse("other").unwrap(), PhoneNumberId::parse("109").unwrap());
    // It came before anybody claimed it, through another app and account.
    let facts = vec![of_account(message("wamid.1", "x"), "8")];
    fixture.store.receive(other.clone(), facts, START).await.unwrap();
    let claim = |number: PhoneNumberId, waba| OurNumber { number, app: app(), waba, is_claimed: true };
    fixture.store.claim(vec![claim(unclaimed.clone(), None), claim(number(), None)]).await.unwrap();
    let known = fixture.store.numbers().await.unwrap();
    assert_eq!(known, [claim(number(), None), claim(unclaimed.clone(), None)]);

    fixture.receive(vec![of_account(message("wamid.2", "y"), "7")]).await;
    assert_eq!(fixture.store.numbers().await.unwrap()[0].waba, Some(waba("7")));
    // The same again keeps the account; what is left out is claimed no more.
    fixture.store.claim(vec![claim(number(), None)]).await.unwrap();
    let known = fixture.store.numbers().await.unwrap();
    assert_eq!(known[0], claim(number(), Some(waba("7"))));
    assert!(!known[1].is_claimed);
}
