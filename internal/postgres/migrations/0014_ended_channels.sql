-- older versions run: yes
-- A channel that the system disabled is told of on every page until its owner has seen it.
ALTER TABLE channels
    ADD COLUMN dismissed boolean NOT NULL DEFAULT false;
CREATE INDEX channels_ended ON channels (user_id) WHERE disabled_reason IS NOT NULL AND NOT dismissed;
