-- older versions run: yes
-- The first events of a partition key (a user and a topic) that wait have turn 0 and are published in the order of seq. The
-- further ones have the turns 1, 2, 3 and so on, and are published by turn. An import of one user then delays nobody else.
-- A version before this one leaves the turn to the default, which is right for all but imports.
ALTER TABLE outbox ADD COLUMN turn bigint NOT NULL DEFAULT 0;
-- The topic comes before the order, because the events of a topic that the broker refuses must not lie before the others.
CREATE INDEX outbox_turns ON outbox (shard, topic, turn, seq) WHERE published_at IS NULL;
DROP INDEX outbox_pending;
