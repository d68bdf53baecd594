-- older versions run: yes
-- confirmed_at is when a person proved that e-mail to the account's address arrives. asked_at is when
-- the system asked for that without a request. quota_bytes replaces QUOTA_BYTES. An account with
-- expires_at is deleted then.
ALTER TABLE users
    ADD COLUMN confirmed_at timestamptz,
    ADD COLUMN asked_at     timestamptz,
    ADD COLUMN admin        boolean NOT NULL DEFAULT false,
    ADD COLUMN disabled_at  timestamptz,
    ADD COLUMN quota_bytes  bigint,
    ADD COLUMN expires_at   timestamptz;

-- Whether notifier has a mail server. Null: no notifier has said so.
ALTER TABLE installation ADD COLUMN mails boolean;

-- Links that work once. The token of a link by e-mail is made when the e-mail is sent: until then
-- token_hash is null. user_id is null for an invitation, and for a reset until its e-mail is sent.
CREATE TABLE links (
    id         uuid PRIMARY KEY,
    user_id    uuid REFERENCES users ON DELETE CASCADE,
    purpose    text        NOT NULL CHECK (purpose IN ('confirm', 'reset', 'leave', 'join', 'invite', 'setup')),
    address    text        NOT NULL,
    token_hash bytea UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX ON links (user_id);
CREATE INDEX ON links (expires_at);

-- A wish to change the address of an account. Both addresses have to agree.
CREATE TABLE address_changes (
    user_id    uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    address    text        NOT NULL,
    old_agreed boolean     NOT NULL,
    new_agreed boolean     NOT NULL DEFAULT false,
    expires_at timestamptz NOT NULL
);

-- The e-mails to an account in the hour that began at hour, by their kind.
CREATE TABLE mail_counts (
    user_id uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    kind    text        NOT NULL,
    hour    timestamptz NOT NULL,
    mails   int         NOT NULL,
    PRIMARY KEY (user_id, kind)
);
