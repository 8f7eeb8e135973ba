//! How far a list goes, as conditions on what is listed. A reach is one parameter: see [`crate::columns::reach_to_column`].

/// Whether a reach in `parameter` goes to the conversation `c`; the names in it are those of `c`.
pub(super) fn covers(c: &str, parameter: &str) -> String {
    let number = format!("(SELECT phone_number_id FROM numbers WHERE id = {c}.number)");
    format!(
        "{} AND (json_type({parameter}, '$.customers') IS NULL
             OR hex({c}.customer) IN (SELECT value FROM json_each({parameter}, '$.customers')))
         AND (json_type({parameter}, '$.agents') IS NULL
             OR {c}.assignee IN (SELECT value FROM json_each({parameter}, '$.agents'))
             OR {c}.team IN (SELECT value FROM json_each({parameter}, '$.teams')))",
        covers_number(&number, parameter)
    )
}

/// Whether it goes to this business number.
pub(super) fn covers_number(number: &str, parameter: &str) -> String {
    format!(
        "(json_type({parameter}, '$.numbers') IS NULL
             OR {number} IN (SELECT value FROM json_each({parameter}, '$.numbers')))"
    )
}

/// Whether it goes to the customer `u` or whoever is one with them: by a conversation, or before there is any.
pub(super) fn covers_customer(parameter: &str) -> String {
    let family = "(SELECT u.id UNION ALL SELECT customer FROM merges WHERE survivor = u.id)";
    format!(
        "(EXISTS (SELECT 1 FROM conversations r WHERE r.customer IN {family} AND {})
             OR json_type({parameter}, '$.numbers') IS NULL AND json_type({parameter}, '$.agents') IS NULL
                 AND EXISTS (SELECT 1 FROM customers f WHERE f.id IN {family}
                     AND hex(f.id) IN (SELECT value FROM json_each({parameter}, '$.customers'))))",
        covers("r", parameter)
    )
}
