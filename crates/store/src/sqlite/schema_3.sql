-- What a message says beyond its content, as clients get it: JSON.
ALTER TABLE messages ADD COLUMN metadata TEXT;
ALTER TABLE messages ADD COLUMN media TEXT;
