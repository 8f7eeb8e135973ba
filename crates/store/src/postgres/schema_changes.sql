-- Who of a group wrote a message: a line `kind:value` for each name; NULL where the customer is no group.
ALTER TABLE messages ADD COLUMN author text;
UPDATE messages m SET author =
       coalesce('bsuid:' || (p.of ->> 'userId') || chr(10), '')
    || coalesce('parent_bsuid:' || (p.of ->> 'parentUserId') || chr(10), '')
    || coalesce('phone:' || (p.of ->> 'phone') || chr(10), '')
    || coalesce('name:' || (p.of ->> 'name'), '')
    FROM (SELECT seq, convert_from(metadata, 'UTF8')::json -> 'participant' AS of FROM messages
          WHERE position('"participant":{'::bytea IN metadata) > 0) p
    WHERE p.seq = m.seq;

-- Edits whose words had a type that was not known.
INSERT INTO unknown_types (message)
    SELECT seq FROM messages WHERE type = 'edit' AND raw IS NOT NULL
        AND convert_from(metadata, 'UTF8')::json ->> 'unknown' IS NOT NULL
    ON CONFLICT DO NOTHING;
