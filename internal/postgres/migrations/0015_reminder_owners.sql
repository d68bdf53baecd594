-- older versions run: yes
-- A task that moved to another account by export, deletion and import kept reminders of the first account.
UPDATE reminders r SET user_id = t.user_id FROM tasks t WHERE t.id = r.task_id AND t.user_id <> r.user_id;
