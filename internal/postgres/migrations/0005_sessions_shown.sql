-- What a person is shown of a session, to tell which of them to end. A version before this one leaves it to the defaults.
ALTER TABLE sessions
    ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN user_agent text NOT NULL DEFAULT '',
    -- Null until it has been used for some minutes.
    ADD COLUMN used_at timestamptz;
