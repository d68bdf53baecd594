CREATE TABLE users (
    id            uuid PRIMARY KEY,
    email         text NOT NULL UNIQUE CHECK (email = lower(email)),
    password_hash text NOT NULL,
    time_zone     text NOT NULL DEFAULT 'UTC',
    -- The number of changes to this user's tasks. Whoever changes a task holds this row, so revisions have no gap and
    -- commit in order.
    revision      bigint NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL
);

CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ON sessions (user_id);
CREATE INDEX ON sessions (expires_at);

CREATE TABLE tokens (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name       text NOT NULL,
    scopes     text[] NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);
CREATE INDEX ON tokens (user_id);

CREATE TABLE tasks (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    title         text NOT NULL,
    description   text NOT NULL,
    completed_at  timestamptz,
    priority      text NOT NULL,
    tags          text[] NOT NULL,
    due_at        timestamptz,
    time_zone     text NOT NULL,
    recurrence    jsonb,
    reminders     jsonb NOT NULL,
    series_id     uuid,
    occurrence    timestamptz,
    snoozed_until timestamptz,
    revision      bigint NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
-- The order of lists: by due date, what has none last.
CREATE INDEX tasks_open ON tasks (user_id, coalesce(due_at, 'infinity'), id) WHERE completed_at IS NULL;
CREATE INDEX tasks_all ON tasks (user_id, coalesce(due_at, 'infinity'), id);
-- Imports look whose a series is.
CREATE INDEX tasks_series ON tasks (series_id) WHERE series_id IS NOT NULL;

-- Which task followed which. A row outlives both, so that an event that comes again does not bring back what was deleted.
CREATE TABLE successors (
    previous_id uuid PRIMARY KEY,
    task_id     uuid NOT NULL,
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE
);
CREATE INDEX ON successors (user_id);

-- Events, written in the transaction of the change. seq is taken while the user's row is held, so for one user it is the
-- order of commit; between users it is not. shard spreads users over publishers.
CREATE TABLE outbox (
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           uuid NOT NULL UNIQUE,
    user_id      uuid NOT NULL,
    shard        smallint NOT NULL,
    topic        text NOT NULL,
    type         text NOT NULL,
    task_id      uuid NOT NULL,
    revision     bigint NOT NULL,
    event        json NOT NULL,
    created_at   timestamptz NOT NULL,
    published_at timestamptz
);
CREATE INDEX outbox_pending ON outbox (shard, seq) WHERE published_at IS NULL;
CREATE INDEX outbox_changes ON outbox (user_id, topic, revision);
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

-- One row per reminder of a task: what should fire when, and what the scheduler was last told. A row whose job_at differs
-- from what its state wants is work for the reconciler.
CREATE TABLE reminders (
    task_id  uuid NOT NULL,
    number   int NOT NULL,
    user_id  uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    fire_at  timestamptz NOT NULL,
    state    text NOT NULL CHECK (state IN ('pending', 'fired', 'cancelled')),
    fired_at timestamptz,
    -- The instant for which the scheduler holds a job; null when it holds none.
    job_at   timestamptz,
    -- Not to be tried again before, after the scheduler could not be reached.
    retry_at timestamptz,
    PRIMARY KEY (task_id, number)
);
CREATE INDEX reminders_due ON reminders (fire_at) WHERE state = 'pending';
CREATE INDEX reminders_unscheduled ON reminders (fire_at)
    WHERE (state = 'pending' AND job_at IS DISTINCT FROM fire_at) OR (state <> 'pending' AND job_at IS NOT NULL);
CREATE INDEX ON reminders (user_id);

CREATE TABLE channels (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind            text NOT NULL CHECK (kind IN ('webhook', 'email', 'web_push')),
    url             text,
    address         text,
    subscription    jsonb,
    -- The webhook's signing secret (Standard Webhooks, whsec_...). It has to be read back to sign.
    secret          text,
    enabled         boolean NOT NULL,
    disabled_reason text,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE INDEX ON channels (user_id);

-- One row per event and channel: a notification, and how far it got.
CREATE TABLE deliveries (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    channel_id      uuid REFERENCES channels ON DELETE SET NULL,
    channel_kind    text NOT NULL,
    event_id        uuid NOT NULL,
    task_id         uuid,
    test            boolean NOT NULL DEFAULT false,
    event           json NOT NULL,
    state           text NOT NULL CHECK (state IN ('pending', 'sent', 'failed', 'given_up')),
    attempts        int NOT NULL DEFAULT 0,
    -- How often the owner asked to have it sent again. The job of an earlier round has nothing more to do.
    round           int NOT NULL DEFAULT 0,
    reason          text,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    next_attempt_at timestamptz,
    sent_at         timestamptz,
    UNIQUE (event_id, channel_id)
);
CREATE INDEX ON deliveries (user_id, created_at DESC, id DESC);
CREATE INDEX ON deliveries (channel_id, created_at);
CREATE INDEX ON deliveries (created_at);

-- Which consumer has handled which event.
CREATE TABLE inbox (
    consumer    text NOT NULL,
    event_id    uuid NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX ON inbox (received_at);

-- Answers to requests that carried an Idempotency-Key, kept in the transaction of what they did.
CREATE TABLE idempotency_keys (
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    key          text NOT NULL,
    request_hash bytea NOT NULL,
    status       int,
    header       jsonb,
    body         bytea,
    -- The body is encrypted under the caller's credential, for it shows a secret.
    sealed       boolean NOT NULL DEFAULT false,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX ON idempotency_keys (created_at);
