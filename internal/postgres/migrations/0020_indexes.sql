-- older versions run: yes
-- outside of a transaction
-- Done tasks, the last first. Without it, a list of them reads all tasks of its user.
CREATE INDEX CONCURRENTLY tasks_completed ON tasks (user_id, completed_at DESC, id DESC) WHERE completed_at IS NOT NULL;
-- Reminders for the purge. Without it, the purge reads all reminders.
CREATE INDEX CONCURRENTLY reminders_ended ON reminders (fire_at) WHERE state <> 'pending' AND job_at IS NULL;
