-- older versions run: yes
-- Which history the revisions are of: one row.
CREATE TABLE installation (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- A random word. Revisions under another word are of another history, of which a restore was the
    -- end: a client that has such a revision loads everything anew.
    epoch   text NOT NULL,
    -- The server, database and timeline where the epoch began. Elsewhere a restore has happened. Null
    -- until somebody has looked.
    located text
);
INSERT INTO installation (epoch) VALUES (substr(replace(gen_random_uuid()::text, '-', ''), 1, 12));
