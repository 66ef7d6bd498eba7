CREATE TABLE messages (
    sequence   INTEGER PRIMARY KEY,
    topic      TEXT NOT NULL,
    payload    BLOB NOT NULL,
    qos        INTEGER NOT NULL,
    retain     INTEGER NOT NULL,
    expires_ms INTEGER
) STRICT;

-- The last retained message of each topic outlives the history of messages: a broker that lost its own gets it again.
CREATE TABLE retained (
    topic    TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    payload  BLOB NOT NULL,
    qos      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- stream: identity of this numbering; reserved: no number above it was ever given out; acknowledged: all up to it arrived.
CREATE TABLE position (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    stream       TEXT NOT NULL,
    reserved     INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL
) STRICT;

INSERT INTO position VALUES (1, lower(hex(randomblob(16))), 0, 0);
