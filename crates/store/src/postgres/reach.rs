//! How far a list goes, as conditions on what is listed. A reach is one parameter: see [`crate::columns::reach_to_column`].

/// Whether a reach in `parameter` goes to the conversation `c`; the names in it are those of `c`.
pub(super) fn covers(c: &str, parameter: &str) -> String {
    let number = format!("(SELECT phone_number_id FROM numbers WHERE id = {c}.number)");
    let reach = format!("{parameter}::text::jsonb");
    format!(
        "{} AND ({reach} -> 'customers' IS NULL
             OR {reach} -> 'customers' ? upper(encode({c}.customer, 'hex')))
         AND ({reach} -> 'agents' IS NULL OR {reach} -> 'agents' ? coalesce({c}.assignee, '')
             OR {reach} -> 'teams' ? coalesce({c}.team, ''))",
        covers_number(&number, parameter)
    )
}

/// Whether it goes to this business number.
pub(super) fn covers_number(number: &str, parameter: &str) -> String {
    let reach = format!("{parameter}::text::jsonb");
    format!("({reach} -> 'numbers' IS NULL OR {reach} -> 'numbers' ? {number})")
}

/// Whether it goes to the customer `u` or whoever is one with them: by a conversation, or before there is any.
pub(super) fn covers_customer(parameter: &str) -> String {
    let reach = format!("{parameter}::text::jsonb");
    let family = "(SELECT u.id UNION ALL SELECT customer FROM merges WHERE survivor = u.id)";
    format!(
        "(EXISTS (SELECT 1 FROM conversations r WHERE r.customer IN {family} AND {})
             OR {reach} -> 'numbers' IS NULL AND {reach} -> 'agents' IS NULL
                 AND EXISTS (SELECT 1 FROM customers f WHERE f.id IN {family}
                     AND {reach} -> 'customers' ? upper(encode(f.id, 'hex'))))",
        covers("r", parameter)
    )
}
