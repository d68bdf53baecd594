-- older versions run: yes
-- 0001 was edited five times after it could have been applied. This makes what an installation of then lacks.
ALTER TABLE idempotency_keys ADD COLUMN IF NOT EXISTS sealed boolean NOT NULL DEFAULT false;
ALTER TABLE deliveries ADD COLUMN IF NOT EXISTS round int NOT NULL DEFAULT 0;
DROP INDEX IF EXISTS deliveries_channel_id_idx;
CREATE INDEX IF NOT EXISTS deliveries_channel_id_created_at_idx ON deliveries (channel_id, created_at);
CREATE INDEX IF NOT EXISTS deliveries_created_at_idx ON deliveries (created_at);
CREATE INDEX IF NOT EXISTS tasks_series ON tasks (series_id) WHERE series_id IS NOT NULL;
