-- older versions run: yes
-- The bytes that an account stores. Triggers count them, so that the rows of an older version are
-- counted too. Transactions that hold the user's row change a row of usage.
CREATE TABLE usage (
    user_id uuid NOT NULL,
    store   text NOT NULL,
    bytes   bigint NOT NULL,
    PRIMARY KEY (user_id, store)
) WITH (fillfactor = 50);
-- Other transactions add a row to usage_changes and wait for nobody. Who holds the user's row next
-- adds the changes to usage.
CREATE TABLE usage_changes (
    user_id uuid NOT NULL,
    store   text NOT NULL,
    bytes   bigint NOT NULL
);
CREATE INDEX ON usage_changes (user_id);

-- count_usage counts the rows of a table from now on. size is the size of a row by its columns. It
-- must not depend on columns that an uncounted update changes. Each destination is usage or
-- usage_changes. Without a destination, statements of that kind are not counted.
CREATE PROCEDURE count_usage(store text, size text, inserts text, updates text, deletes text) LANGUAGE plpgsql AS $$
DECLARE
    added   text := format('SELECT user_id, %s AS bytes FROM added', size);
    removed text := format('SELECT user_id, -(%s) AS bytes FROM removed', size);
    s       record;
BEGIN
    FOR s IN SELECT * FROM (VALUES
        ('insert', inserts, added, 'NEW TABLE AS added'),
        ('update', updates, added || ' UNION ALL ' || removed, 'NEW TABLE AS added OLD TABLE AS removed'),
        ('delete', deletes, removed, 'OLD TABLE AS removed')
    ) AS s (operation, destination, changed, tables) WHERE destination IS NOT NULL
    LOOP
        EXECUTE format($f$
            CREATE FUNCTION usage_of_%1$s_%2$s() RETURNS trigger LANGUAGE plpgsql AS $t$
            BEGIN
                INSERT INTO %3$s AS u SELECT user_id, %1$L, sum(bytes) FROM (%4$s) changed GROUP BY user_id %5$s;
                RETURN NULL;
            END $t$;
            CREATE TRIGGER usage_%2$s AFTER %2$s ON %1$I REFERENCING %6$s FOR EACH STATEMENT EXECUTE FUNCTION usage_of_%1$s_%2$s()
            $f$, store, s.operation, s.destination, s.changed,
            CASE s.destination WHEN 'usage' THEN 'ON CONFLICT (user_id, store) DO UPDATE SET bytes = u.bytes + excluded.bytes' END, s.tables);
    END LOOP;
    EXECUTE format('INSERT INTO usage SELECT user_id, %1$L, sum(%2$s) FROM %1$I GROUP BY user_id', store, size);
END $$;

-- Writers wait until the rows are counted. They lock the tables in this order.
LOCK TABLE idempotency_keys, tasks, outbox, task_history, deliveries IN SHARE ROW EXCLUSIVE MODE;

-- The constants are for the columns of fixed size and the indexes.
CALL count_usage('tasks', $$300 + octet_length(title) + octet_length(description) + octet_length(tags::text)
    + octet_length(reminders::text) + coalesce(octet_length(recurrence::text), 0) + coalesce(octet_length(uid), 0)$$,
    'usage', 'usage', 'usage');
CALL count_usage('task_history', 'octet_length(detail::text) + 150', 'usage', NULL, 'usage');
-- Retention deletes the following rows, and notifier stores deliveries, without the users' rows.
CALL count_usage('outbox', 'octet_length(event::text) + 250', 'usage', NULL, 'usage_changes');
CALL count_usage('idempotency_keys', $$200 + octet_length(key) + coalesce(octet_length(header::text), 0)
    + coalesce(octet_length(body), 0)$$, 'usage', 'usage', 'usage_changes');
CALL count_usage('deliveries', 'octet_length(event::text) + 300', 'usage_changes', NULL, 'usage_changes');
