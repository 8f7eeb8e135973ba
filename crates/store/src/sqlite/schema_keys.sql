-- What a key is good for, as words with commas between them, and when it ends. Keys from before may do everything for ever.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'admin';
ALTER TABLE api_keys ADD COLUMN expires_at INTEGER;
