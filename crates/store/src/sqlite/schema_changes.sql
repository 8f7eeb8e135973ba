-- Who of a group wrote a message: a line `kind:value` for each name; NULL where the customer is no group.
ALTER TABLE messages ADD COLUMN author TEXT;
UPDATE messages SET author =
       coalesce('bsuid:' || (metadata ->> '$.participant.userId') || char(10), '')
    || coalesce('parent_bsuid:' || (metadata ->> '$.participant.parentUserId') || char(10), '')
    || coalesce('phone:' || (metadata ->> '$.participant.phone') || char(10), '')
    || coalesce('name:' || (metadata ->> '$.participant.name'), '')
    WHERE instr(metadata, '"participant":{') > 0;

-- Edits whose words had a type that was not known.
INSERT OR IGNORE INTO unknown_types (message)
    SELECT seq FROM messages WHERE type = 'edit' AND raw IS NOT NULL AND metadata ->> '$.unknown' IS NOT NULL;
