-- The order of a lane (a user and a topic) by something else than seq alone, so that the event before another is found in
-- this index whatever the planner thinks. revision is the user's when the event was written, so within a lane it grows with
-- seq; it is 0 for an event put in again that the outbox no longer had, which has no place in the order.
CREATE INDEX outbox_lanes ON outbox (user_id, topic, revision, seq);
DROP INDEX outbox_changes;
