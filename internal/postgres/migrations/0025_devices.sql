-- older versions run: yes
-- Browsers that logged in to an account, by the SHA-256 of their device cookie. They go first at a
-- login, and a login of another browser is new to the account.
CREATE TABLE devices (
    token_hash bytea       NOT NULL,
    user_id    uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    used_at    timestamptz NOT NULL,
    PRIMARY KEY (token_hash, user_id)
);
CREATE INDEX ON devices (user_id, used_at);
CREATE INDEX ON devices (used_at);
