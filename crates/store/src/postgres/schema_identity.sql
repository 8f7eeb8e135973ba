-- Where a name means somebody: a portfolio, an account, or a number whose account is not known yet. What became part of
-- another scope says so.
CREATE TABLE scopes (
    id          bigint PRIMARY KEY,
    kind        text NOT NULL,
    name        text NOT NULL,
    united_into bigint,
    UNIQUE (kind, name)
);
-- What was there before is of one scope, in which names were unique, and so is what comes to its accounts.
INSERT INTO scopes (id, kind, name) SELECT 1, 'unscoped', '' WHERE EXISTS (SELECT 1 FROM numbers);
INSERT INTO scopes (id, kind, name, united_into)
    SELECT 1 + row_number() OVER (ORDER BY waba), 'waba', waba, 1
    FROM (SELECT DISTINCT waba FROM numbers WHERE waba IS NOT NULL) AS wabas;
ALTER TABLE numbers ADD COLUMN scope bigint NOT NULL DEFAULT 1;

ALTER TABLE customers ADD COLUMN username text;
-- The journal's entry after which the number came to be what is shown: of those who are one, the newest counts.
ALTER TABLE customers ADD COLUMN number_since bigint NOT NULL DEFAULT 0;

-- Phone numbers stand here in their canonical form, whatever is shown.
ALTER TABLE aliases ADD COLUMN scope bigint NOT NULL DEFAULT 1;
ALTER TABLE aliases ALTER COLUMN scope DROP DEFAULT;
ALTER TABLE aliases DROP CONSTRAINT aliases_pkey, ADD PRIMARY KEY (value, kind, scope);
UPDATE aliases a SET value = left(value, 4) || '9' || substr(value, 5)
    WHERE kind = 'phone' AND length(value) = 12 AND value ~ '^55[0-9][0-9][6-9]'
        AND NOT EXISTS (SELECT 1 FROM aliases b WHERE b.kind = 'phone'
            AND b.value = left(a.value, 4) || '9' || substr(a.value, 5));
UPDATE aliases a SET value = '52' || substr(value, 4)
    WHERE kind = 'phone' AND length(value) = 13 AND value LIKE '521%'
        AND NOT EXISTS (SELECT 1 FROM aliases b WHERE b.kind = 'phone' AND b.value = '52' || substr(a.value, 4));

-- Customers that are somebody else by now: directly, and after all merges.
CREATE TABLE merges (
    customer    bytea PRIMARY KEY,
    merged_into bytea NOT NULL,
    survivor    bytea NOT NULL,
    at          bigint NOT NULL
);
CREATE INDEX merges_by_survivor ON merges (survivor);

-- Phone numbers that went over to somebody else; `entry` is the journal's entry that said so.
CREATE TABLE phone_moves (
    entry      bigint PRIMARY KEY,
    phone      text NOT NULL,
    moved_from bytea NOT NULL,
    moved_to   bytea NOT NULL,
    at         bigint NOT NULL
);
CREATE INDEX phone_moves_from ON phone_moves (moved_from);
CREATE INDEX phone_moves_to ON phone_moves (moved_to);

-- Two who may be one person; the smaller id comes first.
CREATE TABLE duplicates (
    entry        bigint PRIMARY KEY,
    first        bytea NOT NULL,
    second       bytea NOT NULL,
    at           bigint NOT NULL,
    dismissed_at bigint,
    UNIQUE (first, second)
);
CREATE INDEX duplicates_by_second ON duplicates (second);
