-- A webhook body that the item goes into in the place of the first `null`.
ALTER TABLE dead_letters ADD COLUMN around TEXT;

-- Whether the number is bound to its app and account by configuration.
ALTER TABLE numbers ADD COLUMN claimed INTEGER NOT NULL DEFAULT 0;

-- Messages of a type that was not known when they came. Before detail was kept, that was every type but a few.
CREATE TABLE unknown_types (
    message INTEGER PRIMARY KEY REFERENCES messages (seq)
) STRICT;
INSERT INTO unknown_types (message)
    SELECT seq FROM messages
    WHERE raw IS NOT NULL AND metadata IS NULL AND type NOT IN ('text', 'reaction', 'edit', 'revoke');
