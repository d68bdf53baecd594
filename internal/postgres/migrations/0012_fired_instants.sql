-- older versions run: yes
-- The instants at which a reminder fired lately. A reminder's number is its place in the task's list, so another number can
-- get an instant that has fired when the list gets shorter.
ALTER TABLE reminders ADD COLUMN fired_instants timestamptz[] NOT NULL DEFAULT '{}';
UPDATE reminders SET fired_instants = ARRAY[fire_at] WHERE state = 'fired' AND fire_at > now() - interval '1 hour';
