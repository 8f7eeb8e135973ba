-- Keys with which secrets are sealed, each wrapped by a master key, which is not in here: `wrapped_by` says which. `uses` is how
-- often each may have sealed by now.
CREATE TABLE data_keys (
    id         BLOB PRIMARY KEY,
    wrapped    BLOB NOT NULL,
    wrapped_by BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    uses       INTEGER NOT NULL
) STRICT;
