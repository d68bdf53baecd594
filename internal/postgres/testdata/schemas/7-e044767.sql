CREATE TYPE public.river_job_state AS ENUM (
    'available',
    'cancelled',
    'completed',
    'discarded',
    'pending',
    'retryable',
    'running',
    'scheduled'
);
CREATE FUNCTION public.river_job_state_in_bitmask(bitmask bit, state public.river_job_state) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE state
        WHEN 'available' THEN get_bit(bitmask, 7)
        WHEN 'cancelled' THEN get_bit(bitmask, 6)
        WHEN 'completed' THEN get_bit(bitmask, 5)
        WHEN 'discarded' THEN get_bit(bitmask, 4)
        WHEN 'pending'   THEN get_bit(bitmask, 3)
        WHEN 'retryable' THEN get_bit(bitmask, 2)
        WHEN 'running'   THEN get_bit(bitmask, 1)
        WHEN 'scheduled' THEN get_bit(bitmask, 0)
        ELSE 0
    END = 1;
$$;
CREATE TABLE public.channels (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    url text,
    address text,
    subscription jsonb,
    secret text,
    enabled boolean NOT NULL,
    disabled_reason text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT channels_kind_check CHECK ((kind = ANY (ARRAY['webhook'::text, 'email'::text, 'web_push'::text])))
);
CREATE TABLE public.dead_letters (
    id uuid NOT NULL,
    user_id uuid,
    topic text,
    type text,
    task_id uuid,
    reason text NOT NULL,
    raw bytea NOT NULL,
    times integer DEFAULT 1 NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT dead_letters_check CHECK (((settled_at IS NULL) = (state = 'waiting'::text))),
    CONSTRAINT dead_letters_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'replayed'::text, 'discarded'::text])))
);
CREATE TABLE public.deliveries (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    channel_id uuid,
    channel_kind text NOT NULL,
    event_id uuid NOT NULL,
    task_id uuid,
    test boolean DEFAULT false NOT NULL,
    event json NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    round integer DEFAULT 0 NOT NULL,
    reason text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    next_attempt_at timestamp with time zone,
    sent_at timestamp with time zone,
    CONSTRAINT deliveries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'sent'::text, 'failed'::text, 'given_up'::text])))
);
CREATE TABLE public.idempotency_keys (
    user_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    header jsonb,
    body bytea,
    sealed boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL
);
CREATE TABLE public.outbox (
    seq bigint NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    shard smallint NOT NULL,
    topic text NOT NULL,
    type text NOT NULL,
    task_id uuid NOT NULL,
    revision bigint NOT NULL,
    event json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    published_at timestamp with time zone
);
ALTER TABLE public.outbox ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.reminders (
    task_id uuid NOT NULL,
    number integer NOT NULL,
    user_id uuid NOT NULL,
    fire_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    fired_at timestamp with time zone,
    job_at timestamp with time zone,
    retry_at timestamp with time zone,
    CONSTRAINT reminders_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'fired'::text, 'cancelled'::text])))
);
CREATE TABLE public.river_job (
    id bigint NOT NULL,
    state public.river_job_state DEFAULT 'available'::public.river_job_state NOT NULL,
    attempt smallint DEFAULT 0 NOT NULL,
    max_attempts smallint DEFAULT 25 NOT NULL,
    attempted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finalized_at timestamp with time zone,
    scheduled_at timestamp with time zone DEFAULT now() NOT NULL,
    priority smallint DEFAULT 1 NOT NULL,
    args jsonb NOT NULL,
    attempted_by text[],
    errors jsonb[],
    kind text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    queue text DEFAULT 'default'::text NOT NULL,
    tags character varying(255)[] DEFAULT '{}'::character varying[] NOT NULL,
    unique_key bytea,
    unique_states bit(8),
    CONSTRAINT finalized_or_finalized_at_null CHECK ((((finalized_at IS NULL) AND (state <> ALL (ARRAY['cancelled'::public.river_job_state, 'completed'::public.river_job_state, 'discarded'::public.river_job_state]))) OR ((finalized_at IS NOT NULL) AND (state = ANY (ARRAY['cancelled'::public.river_job_state, 'completed'::public.river_job_state, 'discarded'::public.river_job_state]))))),
    CONSTRAINT kind_length CHECK (((char_length(kind) > 0) AND (char_length(kind) < 128))),
    CONSTRAINT max_attempts_is_positive CHECK ((max_attempts > 0)),
    CONSTRAINT priority_in_range CHECK (((priority >= 1) AND (priority <= 4))),
    CONSTRAINT queue_length CHECK (((char_length(queue) > 0) AND (char_length(queue) < 128)))
);
CREATE SEQUENCE public.river_job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.river_job_id_seq OWNED BY public.river_job.id;
CREATE UNLOGGED TABLE public.river_leader (
    elected_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    leader_id text NOT NULL,
    name text DEFAULT 'default'::text NOT NULL,
    CONSTRAINT leader_id_length CHECK (((char_length(leader_id) > 0) AND (char_length(leader_id) < 128))),
    CONSTRAINT name_length CHECK ((name = 'default'::text))
);
CREATE TABLE public.river_migration (
    line text NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT line_length CHECK (((char_length(line) > 0) AND (char_length(line) < 128))),
    CONSTRAINT version_gte_1 CHECK ((version >= 1))
);
CREATE TABLE public.river_notification (
    id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    payload text NOT NULL,
    topic text NOT NULL,
    CONSTRAINT topic_length CHECK (((length(topic) > 0) AND (length(topic) < 128)))
);
CREATE SEQUENCE public.river_notification_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.river_notification_id_seq OWNED BY public.river_notification.id;
CREATE TABLE public.river_queue (
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    paused_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE public.schema_migrations (
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.sessions (
    token_hash bytea NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.successors (
    previous_id uuid NOT NULL,
    task_id uuid NOT NULL,
    user_id uuid NOT NULL
);
CREATE TABLE public.tasks (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    completed_at timestamp with time zone,
    priority text NOT NULL,
    tags text[] NOT NULL,
    due_at timestamp with time zone,
    time_zone text NOT NULL,
    recurrence jsonb,
    reminders jsonb NOT NULL,
    series_id uuid,
    occurrence timestamp with time zone,
    snoozed_until timestamp with time zone,
    revision bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.tokens (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone
);
CREATE TABLE public.users (
    id uuid NOT NULL,
    email text NOT NULL,
    password_hash text NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    revision bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT users_email_check CHECK ((email = lower(email)))
);
ALTER TABLE ONLY public.river_job ALTER COLUMN id SET DEFAULT nextval('public.river_job_id_seq'::regclass);
ALTER TABLE ONLY public.river_notification ALTER COLUMN id SET DEFAULT nextval('public.river_notification_id_seq'::regclass);
INSERT INTO public.channels (id, user_id, kind, url, address, subscription, secret, enabled, disabled_reason, created_at, updated_at) VALUES ('0191f000-0000-7000-8000-000000000006', '0191f000-0000-7000-8000-000000000001', 'webhook', 'https://example.com/hook', NULL, NULL, 'whsec_AAAA', true, NULL, '2026-03-02 10:00:00+00', '2026-03-02 10:00:00+00');
INSERT INTO public.deliveries (id, user_id, channel_id, channel_kind, event_id, task_id, test, event, state, attempts, round, reason, created_at, updated_at, next_attempt_at, sent_at) VALUES ('0191f000-0000-7000-8000-000000000007', '0191f000-0000-7000-8000-000000000001', '0191f000-0000-7000-8000-000000000006', 'webhook', '0191f000-0000-7000-8000-000000000008', '0191f000-0000-7000-8000-000000000003', false, '{"specversion": "1.0"}', 'sent', 0, 0, NULL, '2026-03-02 10:00:00+00', '2026-03-02 10:00:00+00', NULL, NULL);
INSERT INTO public.idempotency_keys (user_id, key, request_hash, status, header, body, sealed, created_at) VALUES ('0191f000-0000-7000-8000-000000000001', 'k', '\x03', 201, '{}', '\x04', false, '2026-03-02 10:00:00+00');
INSERT INTO public.inbox (consumer, event_id, received_at) VALUES ('notifier', '0191f000-0000-7000-8000-000000000008', '2026-03-02 10:00:00+00');
INSERT INTO public.outbox (seq, id, user_id, shard, topic, type, task_id, revision, event, created_at, published_at) OVERRIDING SYSTEM VALUE VALUES (1, '0191f000-0000-7000-8000-000000000005', '0191f000-0000-7000-8000-000000000001', 3, 'task-updates', 'task.changed', '0191f000-0000-7000-8000-000000000003', 2, '{"specversion": "1.0"}', '2026-03-02 10:00:00+00', NULL);
INSERT INTO public.reminders (task_id, number, user_id, fire_at, state, fired_at, job_at, retry_at) VALUES ('0191f000-0000-7000-8000-000000000003', 0, '0191f000-0000-7000-8000-000000000001', '2026-04-01 08:45:00+00', 'pending', NULL, '2026-04-01 08:45:00+00', NULL);
INSERT INTO public.river_job (id, state, attempt, max_attempts, attempted_at, created_at, finalized_at, scheduled_at, priority, args, attempted_by, errors, kind, metadata, queue, tags, unique_key, unique_states) VALUES (1, 'available', 0, 20, NULL, '2026-11-29 10:11:20.856354+00', NULL, '2026-11-29 10:11:20.856354+00', 1, '{"delivery_id": "0191f000-0000-7000-8000-000000000007"}', NULL, NULL, 'delivery', '{}', 'default', '{}', NULL, NULL);
INSERT INTO public.river_migration (line, version, created_at) VALUES ('main', 1, '2026-11-29 10:11:20.437896+00');
INSERT INTO public.river_migration (line, version, created_at) VALUES ('main', 2, '2026-11-29 10:11:20.457024+00');
INSERT INTO public.river_migration (line, version, created_at) VALUES ('main', 3, '2026-11-29 10:11:20.505795+00');
INSERT INTO public.river_migration (line, version, created_at) VALUES ('main', 4, '2026-11-29 10:11:20.508457+00');
INSERT INTO public.river_migration (line, version, created_at) VALUES ('main', 5, '2026-11-29 10:11:20.525364+00');
INSERT INTO public.river_migration (line, version, created_at) VALUES ('main', 6, '2026-11-29 10:11:20.561421+00');
INSERT INTO public.river_migration (line, version, created_at) VALUES ('main', 7, '2026-11-29 10:11:20.566086+00');
INSERT INTO public.river_migration (line, version, created_at) VALUES ('main', 8, '2026-11-29 10:11:20.5894+00');
INSERT INTO public.schema_migrations (name, applied_at) VALUES ('migrations/0001_init.sql', '2026-11-29 10:11:20.097189+00');
INSERT INTO public.schema_migrations (name, applied_at) VALUES ('migrations/0002_dead_letters.sql', '2026-11-29 10:11:20.380466+00');
INSERT INTO public.schema_migrations (name, applied_at) VALUES ('migrations/0003_outbox_lanes.sql', '2026-11-29 10:11:20.406736+00');
INSERT INTO public.sessions (token_hash, user_id, created_at, expires_at) VALUES ('\x01', '0191f000-0000-7000-8000-000000000001', '2026-03-02 10:00:00+00', '2036-03-02 10:00:00+00');
INSERT INTO public.successors (previous_id, task_id, user_id) VALUES ('0191f000-0000-7000-8000-000000000004', '0191f000-0000-7000-8000-000000000003', '0191f000-0000-7000-8000-000000000001');
INSERT INTO public.tasks (id, user_id, title, description, completed_at, priority, tags, due_at, time_zone, recurrence, reminders, series_id, occurrence, snoozed_until, revision, created_at, updated_at) VALUES ('0191f000-0000-7000-8000-000000000003', '0191f000-0000-7000-8000-000000000001', 'pay rent', 'it''s
monthly', NULL, 'high', '{home}', '2026-04-01 09:00:00+00', 'Europe/Berlin', '{"rrule": "FREQ=MONTHLY", "dtstart": "2026-03-01T09:00:00Z"}', '[{"minutes_before": 15}]', '0191f000-0000-7000-8000-000000000004', '2026-04-01 09:00:00+00', NULL, 2, '2026-03-02 10:00:00+00', '2026-03-02 10:00:00+00');
INSERT INTO public.tokens (id, user_id, name, scopes, token_hash, created_at, expires_at) VALUES ('0191f000-0000-7000-8000-000000000002', '0191f000-0000-7000-8000-000000000001', 'a program', '{tasks:read}', '\x02', '2026-03-02 10:00:00+00', NULL);
INSERT INTO public.users (id, email, password_hash, time_zone, revision, created_at) VALUES ('0191f000-0000-7000-8000-000000000001', 'ada@example.com', '$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA', 'Europe/Berlin', 2, '2026-03-02 10:00:00+00');
SELECT pg_catalog.setval('public.outbox_seq_seq', 1, true);
SELECT pg_catalog.setval('public.river_job_id_seq', 1, true);
SELECT pg_catalog.setval('public.river_notification_id_seq', 1, false);
ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_event_id_channel_id_key UNIQUE (event_id, channel_id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key);
ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (consumer, event_id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_id_key UNIQUE (id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.reminders
    ADD CONSTRAINT reminders_pkey PRIMARY KEY (task_id, number);
ALTER TABLE ONLY public.river_job
    ADD CONSTRAINT river_job_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.river_leader
    ADD CONSTRAINT river_leader_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.river_migration
    ADD CONSTRAINT river_migration_pkey1 PRIMARY KEY (line, version);
ALTER TABLE ONLY public.river_notification
    ADD CONSTRAINT river_notification_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.river_queue
    ADD CONSTRAINT river_queue_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY public.successors
    ADD CONSTRAINT successors_pkey PRIMARY KEY (previous_id);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
CREATE INDEX channels_user_id_idx ON public.channels USING btree (user_id);
CREATE INDEX dead_letters_settled ON public.dead_letters USING btree (settled_at) WHERE (state <> 'waiting'::text);
CREATE INDEX dead_letters_user_id_idx ON public.dead_letters USING btree (user_id);
CREATE INDEX dead_letters_waiting ON public.dead_letters USING btree (first_at) WHERE (state = 'waiting'::text);
CREATE INDEX deliveries_channel_id_created_at_idx ON public.deliveries USING btree (channel_id, created_at);
CREATE INDEX deliveries_created_at_idx ON public.deliveries USING btree (created_at);
CREATE INDEX deliveries_user_id_created_at_id_idx ON public.deliveries USING btree (user_id, created_at DESC, id DESC);
CREATE INDEX idempotency_keys_created_at_idx ON public.idempotency_keys USING btree (created_at);
CREATE INDEX inbox_received_at_idx ON public.inbox USING btree (received_at);
CREATE INDEX outbox_lanes ON public.outbox USING btree (user_id, topic, revision, seq);
CREATE INDEX outbox_pending ON public.outbox USING btree (shard, seq) WHERE (published_at IS NULL);
CREATE INDEX outbox_published ON public.outbox USING btree (published_at) WHERE (published_at IS NOT NULL);
CREATE INDEX reminders_due ON public.reminders USING btree (fire_at) WHERE (state = 'pending'::text);
CREATE INDEX reminders_unscheduled ON public.reminders USING btree (fire_at) WHERE (((state = 'pending'::text) AND (job_at IS DISTINCT FROM fire_at)) OR ((state <> 'pending'::text) AND (job_at IS NOT NULL)));
CREATE INDEX reminders_user_id_idx ON public.reminders USING btree (user_id);
CREATE INDEX river_job_args_index ON public.river_job USING gin (args);
CREATE INDEX river_job_kind ON public.river_job USING btree (kind);
CREATE INDEX river_job_metadata_index ON public.river_job USING gin (metadata);
CREATE INDEX river_job_prioritized_fetching_index ON public.river_job USING btree (state, queue, priority, scheduled_at, id);
CREATE INDEX river_job_state_and_finalized_at_index ON public.river_job USING btree (state, finalized_at) WHERE (finalized_at IS NOT NULL);
CREATE UNIQUE INDEX river_job_unique_idx ON public.river_job USING btree (unique_key) WHERE ((unique_key IS NOT NULL) AND (unique_states IS NOT NULL) AND public.river_job_state_in_bitmask(unique_states, state));
CREATE INDEX river_notification_created_at_idx ON public.river_notification USING btree (created_at);
CREATE INDEX river_notification_topic_id_idx ON public.river_notification USING btree (topic, id);
CREATE INDEX sessions_expires_at_idx ON public.sessions USING btree (expires_at);
CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id);
CREATE INDEX successors_user_id_idx ON public.successors USING btree (user_id);
CREATE INDEX tasks_all ON public.tasks USING btree (user_id, COALESCE(due_at, 'infinity'::timestamp with time zone), id);
CREATE INDEX tasks_open ON public.tasks USING btree (user_id, COALESCE(due_at, 'infinity'::timestamp with time zone), id) WHERE (completed_at IS NULL);
CREATE INDEX tasks_series ON public.tasks USING btree (series_id) WHERE (series_id IS NOT NULL);
CREATE INDEX tokens_user_id_idx ON public.tokens USING btree (user_id);
ALTER TABLE ONLY public.channels
    ADD CONSTRAINT channels_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES public.channels(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.reminders
    ADD CONSTRAINT reminders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.successors
    ADD CONSTRAINT successors_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
