-- Keys with which secrets are sealed, each wrapped by a master key, which is not in here: `wrapped_by` says which. `uses` is how
-- often each may have sealed by now.
CREATE TABLE data_keys (
    id         bytea PRIMARY KEY,
    wrapped    bytea NOT NULL,
    wrapped_by bytea NOT NULL,
    created_at bigint NOT NULL,
    uses       bigint NOT NULL
);
