-- Accounts of people. What narrows the role is JSON; a password is an Argon2 string; a secret of one-time passwords is pending until its
-- person has shown that it works.
CREATE TABLE accounts (
    id           TEXT PRIMARY KEY,
    login        TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL,
    state        TEXT NOT NULL,
    limits       TEXT NOT NULL,
    password     TEXT,
    totp         BLOB,
    totp_pending BLOB,
    totp_step    INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL
) STRICT;
-- Who is signed in, by the digest of the secret in the cookie.
CREATE TABLE account_sessions (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL,
    digest     BLOB NOT NULL UNIQUE,
    agent      TEXT,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX account_sessions_by_account ON account_sessions (account);
-- Links that are good once, by the digest of what is in them. That of the first administrator is no account's.
CREATE TABLE account_links (
    digest     BLOB PRIMARY KEY,
    account    TEXT,
    expires_at INTEGER NOT NULL
) STRICT;
-- What one signs in with whose device is lost, each once.
CREATE TABLE account_codes (
    account TEXT NOT NULL,
    digest  BLOB NOT NULL,
    PRIMARY KEY (account, digest)
) STRICT;
