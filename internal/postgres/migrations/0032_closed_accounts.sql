-- older versions run: yes
-- When an account was deleted whose rows are too many for one transaction. Nobody finds it any more,
-- and the retention removes its rows. An older version sees a disabled account that has expired.
ALTER TABLE users ADD COLUMN deleted_at timestamptz;
