-- older versions run: yes
-- A task that is due on a day has due_on. Its due_at is the start of that day in the zone of the account, by which lists
-- are in order, and day_start is the same instant. An older version that sets another due_at leaves due_on as it is: the
-- two instants then differ, and the task is due at due_at.
ALTER TABLE tasks
    ADD COLUMN due_on    date,
    ADD COLUMN day_start timestamptz;
-- The reminders of tasks that name none. Null means the usual ones.
ALTER TABLE users ADD COLUMN default_reminders jsonb;
-- The UID of a task that came from an iCalendar file, if that is not the task's id.
ALTER TABLE tasks ADD COLUMN uid text;
