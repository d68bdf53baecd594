-- older versions run: yes
-- OAuth: a client asks a person for access to /mcp. docs/assistant.md describes it.

-- Registered clients. Equal registrations have one fingerprint and are one client.
CREATE TABLE oauth_clients (
    id            text PRIMARY KEY,
    fingerprint   bytea       NOT NULL UNIQUE,
    name          text        NOT NULL,
    redirect_uris text[]      NOT NULL,
    created_at    timestamptz NOT NULL,
    used_at       timestamptz NOT NULL
);
CREATE INDEX ON oauth_clients (used_at);

-- A client that a person connected. The name and the place are those that the person agreed to.
CREATE TABLE oauth_grants (
    id          uuid PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    client_id   text        NOT NULL,
    client_name text        NOT NULL,
    place       text        NOT NULL,
    created_at  timestamptz NOT NULL,
    used_at     timestamptz NOT NULL,
    UNIQUE (user_id, client_id)
);
CREATE INDEX ON oauth_grants (client_id);
CREATE INDEX ON oauth_grants (used_at);

-- Codes, access tokens and refresh tokens, by their SHA-256. A family holds all that came of one
-- consent. A code or refresh token that was used is spent, and is kept so that its reuse is noticed.
CREATE TABLE oauth_tokens (
    hash         bytea PRIMARY KEY,
    kind         text        NOT NULL CHECK (kind IN ('code', 'access', 'refresh')),
    grant_id     uuid        NOT NULL REFERENCES oauth_grants ON DELETE CASCADE,
    family       uuid        NOT NULL,
    scopes       text[]      NOT NULL,
    resource     text        NOT NULL,
    redirect_uri text        NOT NULL DEFAULT '',
    challenge    text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    spent_at     timestamptz
);
CREATE INDEX ON oauth_tokens (grant_id);
CREATE INDEX ON oauth_tokens (family);
CREATE INDEX ON oauth_tokens (expires_at);
