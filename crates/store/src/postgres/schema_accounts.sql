-- Accounts of people. What narrows the role is JSON; a password is an Argon2 string; a secret of one-time passwords is pending until its
-- person has shown that it works.
CREATE TABLE accounts (
    id           text PRIMARY KEY,
    login        text NOT NULL UNIQUE,
    name         text NOT NULL,
    role         text NOT NULL,
    state        text NOT NULL,
    limits       text NOT NULL,
    password     text,
    totp         bytea,
    totp_pending bytea,
    totp_step    bigint NOT NULL DEFAULT 0,
    created_at   bigint NOT NULL
);
-- Who is signed in, by the digest of the secret in the cookie.
CREATE TABLE account_sessions (
    id         text PRIMARY KEY,
    account    text NOT NULL,
    digest     bytea NOT NULL UNIQUE,
    agent      text,
    created_at bigint NOT NULL,
    seen_at    bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX account_sessions_by_account ON account_sessions (account);
-- Links that are good once, by the digest of what is in them. That of the first administrator is no account's.
CREATE TABLE account_links (
    digest     bytea PRIMARY KEY,
    account    text,
    expires_at bigint NOT NULL
);
-- What one signs in with whose device is lost, each once.
CREATE TABLE account_codes (
    account text NOT NULL,
    digest  bytea NOT NULL,
    PRIMARY KEY (account, digest)
);
