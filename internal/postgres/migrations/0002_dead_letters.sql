-- Events that a consumer could not handle, each once, however often it came. id is the event's, or is made of its bytes when
-- it has none. What cannot be read of an event is null. A row waits until somebody has replayed or discarded it.
CREATE TABLE dead_letters (
    id         uuid PRIMARY KEY,
    user_id    uuid REFERENCES users ON DELETE CASCADE,
    topic      text,
    type       text,
    task_id    uuid,
    reason     text NOT NULL,
    raw        bytea NOT NULL,
    times      int NOT NULL DEFAULT 1,
    first_at   timestamptz NOT NULL,
    last_at    timestamptz NOT NULL,
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'replayed', 'discarded')),
    settled_at timestamptz CHECK ((settled_at IS NULL) = (state = 'waiting'))
);
CREATE INDEX ON dead_letters (user_id);
CREATE INDEX dead_letters_waiting ON dead_letters (first_at) WHERE state = 'waiting';
CREATE INDEX dead_letters_settled ON dead_letters (settled_at) WHERE state <> 'waiting';
