-- older versions run: yes
-- outside of a transaction
-- Accounts that end, for the purge. Without it, the purge reads all accounts.
CREATE INDEX CONCURRENTLY users_expiring ON users (expires_at) WHERE expires_at IS NOT NULL;
-- Administrators.
CREATE INDEX CONCURRENTLY users_admin ON users (id) WHERE admin;
