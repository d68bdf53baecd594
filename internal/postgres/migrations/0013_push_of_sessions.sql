-- older versions run: yes
-- A browser's push channel belongs to the session that registered it, and ends with that session. Null: an API token made it,
-- or a version before this one.
ALTER TABLE channels
    ADD COLUMN session_id uuid REFERENCES sessions (id) ON DELETE CASCADE;
CREATE INDEX channels_session ON channels (session_id) WHERE session_id IS NOT NULL;

-- A browser belongs to the account that registered it last: without that, it would show the reminders of everybody who ever
-- used it.
DELETE FROM channels c USING channels later
WHERE c.subscription ->> 'endpoint' = later.subscription ->> 'endpoint'
    AND (c.updated_at, c.id) < (later.updated_at, later.id);
-- An endpoint is at most 2000 bytes, which fits an index.
CREATE UNIQUE INDEX channels_endpoint ON channels ((subscription ->> 'endpoint'));
