//! Places in lists as clients get them: texts that are taken back as they were given, for the list they are of.
//!
//! A cursor is hexadecimal: the place, then a check over the list (which one, of what, searched how) and the place. The
//! check tells a cursor that was cut, made up, or given to another list. It keeps no secret and guards none: whoever makes
//! one up right has named a place.
//!
//! Nothing personal is in a cursor: it stands in addresses, which are logged on the way.

use std::fmt::Write as _;

use waypost_domain::{
    AuditFilter, ConversationFilter, ConversationId, ConversationPlace, CustomerId, CustomerPlace,
    CustomerSearch, FoundBy, PhoneNumberId, Responder, ThreadPlace, Timestamp,
};

const CHECK_BYTES: usize = 4;

/// The place as a cursor of the conversation's thread.
#[must_use]
pub fn thread_cursor(conversation: ConversationId, place: ThreadPlace) -> String {
    let bytes = [place.at.as_millis().to_be_bytes(), place.arrival.to_be_bytes()].concat();
    write(&thread_list(conversation), &bytes)
}

/// What [`thread_cursor`] wrote for this conversation.
#[must_use]
pub fn read_thread_cursor(conversation: ConversationId, cursor: &str) -> Option<ThreadPlace> {
    let bytes = read(&thread_list(conversation), cursor)?;
    let (at, arrival) = bytes.split_first_chunk()?;
    let at = Timestamp::from_millis(i64::from_be_bytes(*at));
    Some(ThreadPlace { at, arrival: i64::from_be_bytes(arrival.try_into().ok()?) })
}

fn thread_list(conversation: ConversationId) -> String {
    format!("messages of {conversation}")
}

/// The place as a cursor of the conversations that fit.
#[must_use]
pub fn conversation_cursor(filter: &ConversationFilter, place: ConversationPlace) -> String {
    let bytes = [&place.at.as_millis().to_be_bytes()[..], &place.id.to_bytes()].concat();
    write(&conversation_list(filter), &bytes)
}

/// What [`conversation_cursor`] wrote for this filter.
#[must_use]
pub fn read_conversation_cursor(filter: &ConversationFilter, cursor: &str) -> Option<ConversationPlace> {
    let bytes = read(&conversation_list(filter), cursor)?;
    let (at, id) = bytes.split_first_chunk()?;
    let at = Timestamp::from_millis(i64::from_be_bytes(*at));
    Some(ConversationPlace { at, id: ConversationId::from_bytes(id.try_into().ok()?) })
}

fn conversation_list(filter: &ConversationFilter) -> String {
    let ConversationFilter { number, assignee, team, customer } = filter;
    let [assignee, team] = [assignee, team].map(|name| name.as_ref().map(Responder::as_str));
    format!("conversations of {:?}", (number.as_ref().map(PhoneNumberId::as_str), assignee, team, customer))
}

/// The place as a cursor of the customers that fit.
#[must_use]
pub fn customer_cursor(search: Option<&CustomerSearch>, place: CustomerPlace) -> String {
    let found_by = match place.found_by {
        FoundBy::Alias => 0,
        FoundBy::Name => 1,
    };
    write(&customer_list(search), &[&[found_by][..], &place.id.to_bytes()].concat())
}

/// What [`customer_cursor`] wrote for this search.
#[must_use]
pub fn read_customer_cursor(search: Option<&CustomerSearch>, cursor: &str) -> Option<CustomerPlace> {
    let bytes = read(&customer_list(search), cursor)?;
    let (found_by, id) = bytes.split_first()?;
    let found_by = match found_by {
        0 => FoundBy::Alias,
        1 => FoundBy::Name,
        _ => return None,
    };
    Some(CustomerPlace { found_by, id: CustomerId::from_bytes(id.try_into().ok()?) })
}

fn customer_list(search: Option<&CustomerSearch>) -> String {
    format!("customers by {:?}", search.map(|search| (search.aliases(), search.name())))
}

/// The number of an entry as a cursor of the audit's entries that fit.
#[must_use]
pub fn audit_cursor(filter: &AuditFilter, number: i64) -> String {
    write(&audit_list(filter), &number.to_be_bytes())
}

/// What [`audit_cursor`] wrote for this filter.
#[must_use]
pub fn read_audit_cursor(filter: &AuditFilter, cursor: &str) -> Option<i64> {
    let bytes = read(&audit_list(filter), cursor)?;
    Some(i64::from_be_bytes(bytes.try_into().ok()?))
}

fn audit_list(filter: &AuditFilter) -> String {
    format!("audit of {filter:?}")
}

fn write(list: &str, place: &[u8]) -> String {
    let mut cursor = String::with_capacity(2 * (place.len() + CHECK_BYTES));
    for byte in place.iter().chain(&check(list, place)) {
        write!(cursor, "{byte:02x}").expect("a String takes any text");
    }
    cursor
}

fn read(list: &str, cursor: &str) -> Option<Vec<u8>> {
    let is_written_so = cursor.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_written_so || !cursor.len().is_multiple_of(2) {
        return None;
    }
    let bytes = (0..cursor.len()).step_by(2).map(|at| u8::from_str_radix(&cursor[at..at + 2], 16).ok());
    let mut bytes = bytes.collect::<Option<Vec<u8>>>()?;
    let given = bytes.split_off(bytes.len().checked_sub(CHECK_BYTES)?);
    (given == check(list, &bytes)).then_some(bytes)
}

/// The 32-bit FNV-1a of both.
fn check(list: &str, place: &[u8]) -> [u8; CHECK_BYTES] {
    let bytes = list.bytes().chain([0]).chain(place.iter().copied());
    bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(random: u128) -> ConversationId {
        ConversationId::from_parts(Timestamp::from_millis(1_794_000_000_000), random)
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_for_its_own_list_only() {
        let place = ThreadPlace { at: Timestamp::from_millis(-1), arrival: i64::MAX };
        let cursor = thread_cursor(conversation(1), place);
        assert_eq!(read_thread_cursor(conversation(1), &cursor), Some(place));
        assert_eq!(read_thread_cursor(conversation(2), &cursor), None);

        let (all, place) = (
            ConversationFilter::default(),
            ConversationPlace { at: Timestamp::from_millis(5), id: conversation(3) },
        );
        let cursor = conversation_cursor(&all, place);
        assert_eq!(read_conversation_cursor(&all, &cursor), Some(place));
        let of_team = ConversationFilter { team: Responder::parse("sales"), ..all };
        assert_eq!(read_conversation_cursor(&of_team, &cursor), None);
        assert_eq!(read_thread_cursor(conversation(3), &cursor), None);

        let search = CustomerSearch::parse("ana");
        let id = CustomerId::from_parts(Timestamp::from_millis(5), 7);
        for found_by in [FoundBy::Alias, FoundBy::Name] {
            let place = CustomerPlace { found_by, id };
            let cursor = customer_cursor(search.as_ref(), place);
            assert_eq!(read_customer_cursor(search.as_ref(), &cursor), Some(place));
            assert_eq!(read_customer_cursor(None, &cursor), None);
        }

        let cursor = audit_cursor(&AuditFilter::default(), 7);
        assert_eq!(read_audit_cursor(&AuditFilter::default(), &cursor), Some(7));
        let before = AuditFilter { before: Some(Timestamp::from_millis(5)), ..AuditFilter::default() };
        assert_eq!(read_audit_cursor(&before, &cursor), None);
    }

    #[test]
    fn whatever_is_changed_in_a_cursor_is_noticed() {
        let place = ThreadPlace { at: Timestamp::from_millis(1_794_000_000_000), arrival: 42 };
        let cursor = thread_cursor(conversation(1), place);
        for at in 0..cursor.len() {
            for byte in "05af AFéx-".chars() {
                let changed = format!("{}{byte}{}", &cursor[..at], &cursor[at + 1..]);
                if changed != cursor {
                    assert_eq!(read_thread_cursor(conversation(1), &changed), None, "{changed}");
                }
            }
            assert_eq!(read_thread_cursor(conversation(1), &cursor[..at]), None);
        }
        for text in ["", "0", "00000000", &cursor.to_uppercase(), &cursor.repeat(2), &"0".repeat(100_000)] {
            assert_eq!(read_thread_cursor(conversation(1), text), None);
        }
    }
}
