-- How far the authenticated channel with each peer has come; written before anything leaves.
CREATE TABLE pads (
    peer  TEXT PRIMARY KEY,
    sent  INTEGER NOT NULL,
    heard INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The process that may write to it: the last that claimed it.
CREATE TABLE pads_claim (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    session BLOB NOT NULL
) STRICT;
