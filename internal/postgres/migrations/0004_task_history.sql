-- What happened to a task, for as long as there is the task. A row is written in the transaction of the event that it is
-- from; that a task was made is not a row, its created_at says so. number counts a task's rows from 1.
CREATE TABLE task_history (
    task_id uuid NOT NULL REFERENCES tasks ON DELETE CASCADE,
    number  int NOT NULL,
    user_id uuid NOT NULL,
    type    text NOT NULL,
    at      timestamptz NOT NULL,
    detail  json NOT NULL,
    PRIMARY KEY (task_id, number)
);
