-- older versions run: yes
-- Completions of recurring tasks that stand: one row per completion, known by the revision that it
-- took. Without a row nothing follows. Reopening the task removes its row, so an event that comes
-- later changes nothing. The row of a task that was deleted while it was completed stays until the
-- completion has been followed, however late its event comes.
CREATE TABLE completions (
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    task_id     uuid NOT NULL,
    revision    bigint NOT NULL,
    -- The task that follows; null until it is made.
    follower_id uuid,
    -- When the task was deleted; null while it exists.
    gone_at     timestamptz,
    PRIMARY KEY (user_id, task_id, revision)
);
CREATE INDEX completions_gone ON completions (gone_at) WHERE gone_at IS NOT NULL;

-- The table successors stays for the replicas of the version before this one, which write it until
-- they end. A later migration removes it.

-- Tasks that were followed. Their completion's revision is not known; any revision that no other
-- completion takes will do.
INSERT INTO completions (user_id, task_id, revision, follower_id)
SELECT t.user_id, t.id, t.revision, s.task_id
FROM successors s JOIN tasks t ON t.id = s.previous_id AND t.user_id = s.user_id;

-- Completed tasks that are not followed yet, because their event is on its way.
INSERT INTO completions (user_id, task_id, revision)
SELECT t.user_id, t.id, max(o.revision)
FROM outbox o JOIN tasks t ON t.id = o.task_id AND t.user_id = o.user_id
WHERE o.type = 'task.completed' AND o.revision > 0
    AND o.event -> 'data' -> 'task_data' ->> 'recurrence' IS NOT NULL
    AND (o.event -> 'data' -> 'task_data' ->> 'completed_at')::timestamptz = t.completed_at
    AND NOT EXISTS (SELECT FROM successors s WHERE s.previous_id = t.id AND s.user_id = t.user_id)
GROUP BY t.user_id, t.id;

-- The same for tasks that were deleted since, as completed as they were.
INSERT INTO completions (user_id, task_id, revision, gone_at)
SELECT o.user_id, o.task_id, max(o.revision), max(d.created_at)
FROM outbox o
JOIN outbox d ON d.user_id = o.user_id AND d.task_id = o.task_id AND d.topic = o.topic AND d.revision > o.revision
    AND d.type = 'task.deleted'
JOIN users u ON u.id = o.user_id
WHERE o.type = 'task.completed' AND o.revision > 0
    AND o.event -> 'data' -> 'task_data' ->> 'recurrence' IS NOT NULL
    AND d.event -> 'data' -> 'task_data' ->> 'completed_at' = o.event -> 'data' -> 'task_data' ->> 'completed_at'
    AND NOT EXISTS (SELECT FROM tasks t WHERE t.id = o.task_id AND t.user_id = o.user_id)
    AND NOT EXISTS (SELECT FROM successors s WHERE s.previous_id = o.task_id AND s.user_id = o.user_id)
GROUP BY o.user_id, o.task_id;
