-- Where a name means somebody: a portfolio, an account, or a number whose account is not known yet. What became part of
-- another scope says so.
CREATE TABLE scopes (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    united_into INTEGER,
    UNIQUE (kind, name)
) STRICT;
-- What was there before is of one scope, in which names were unique, and so is what comes to its accounts.
INSERT INTO scopes (id, kind, name) SELECT 1, 'unscoped', '' WHERE EXISTS (SELECT 1 FROM numbers);
INSERT INTO scopes (id, kind, name, united_into)
    SELECT 1 + row_number() OVER (ORDER BY waba), 'waba', waba, 1
    FROM (SELECT DISTINCT waba FROM numbers WHERE waba IS NOT NULL);
ALTER TABLE numbers ADD COLUMN scope INTEGER NOT NULL DEFAULT 1;

ALTER TABLE customers ADD COLUMN username TEXT;
-- The journal's entry after which the number came to be what is shown: of those who are one, the newest counts.
ALTER TABLE customers ADD COLUMN number_since INTEGER NOT NULL DEFAULT 0;

-- Phone numbers stand here in their canonical form, whatever is shown.
CREATE TABLE aliases_of_scopes (
    kind     TEXT NOT NULL,
    value    TEXT NOT NULL,
    scope    INTEGER NOT NULL,
    customer BLOB NOT NULL REFERENCES customers (id),
    since    INTEGER NOT NULL,
    PRIMARY KEY (value, kind, scope)
) STRICT, WITHOUT ROWID;
INSERT INTO aliases_of_scopes (kind, value, scope, customer, since)
    SELECT kind, value, 1, customer, since FROM aliases;
UPDATE OR IGNORE aliases_of_scopes SET value = substr(value, 1, 4) || '9' || substr(value, 5)
    WHERE kind = 'phone' AND length(value) = 12 AND value GLOB '55[0-9][0-9][6-9]*';
UPDATE OR IGNORE aliases_of_scopes SET value = '52' || substr(value, 4)
    WHERE kind = 'phone' AND length(value) = 13 AND value GLOB '521*';
DROP TABLE aliases;
ALTER TABLE aliases_of_scopes RENAME TO aliases;
CREATE INDEX aliases_by_customer ON aliases (customer, kind);

-- Customers that are somebody else by now: directly, and after all merges.
CREATE TABLE merges (
    customer    BLOB PRIMARY KEY REFERENCES customers (id),
    merged_into BLOB NOT NULL REFERENCES customers (id),
    survivor    BLOB NOT NULL REFERENCES customers (id),
    at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX merges_by_survivor ON merges (survivor);

-- Phone numbers that went over to somebody else; `entry` is the journal's entry that said so.
CREATE TABLE phone_moves (
    entry      INTEGER PRIMARY KEY,
    phone      TEXT NOT NULL,
    moved_from BLOB NOT NULL REFERENCES customers (id),
    moved_to   BLOB NOT NULL REFERENCES customers (id),
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX phone_moves_from ON phone_moves (moved_from);
CREATE INDEX phone_moves_to ON phone_moves (moved_to);

-- Two who may be one person; the smaller id comes first.
CREATE TABLE duplicates (
    entry        INTEGER PRIMARY KEY,
    first        BLOB NOT NULL REFERENCES customers (id),
    second       BLOB NOT NULL REFERENCES customers (id),
    at           INTEGER NOT NULL,
    dismissed_at INTEGER,
    UNIQUE (first, second)
) STRICT;
CREATE INDEX duplicates_by_second ON duplicates (second);
