-- older versions run: yes
-- The trace of the change that set a reminder. reminder.due goes on with it. Null: an import made the reminder, or a version
-- before this one.
ALTER TABLE reminders
    ADD COLUMN traceparent text;
