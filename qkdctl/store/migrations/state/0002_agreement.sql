-- What must be known again after a crash, apart from the ledger: own votes, the state agreed on last.
CREATE TABLE memories (
    room TEXT NOT NULL,
    key  TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (room, key)
) STRICT, WITHOUT ROWID;

-- The ledger entry of each decided epoch.
CREATE TABLE decisions (
    epoch    INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL REFERENCES entries (sequence)
) STRICT;

-- Reports that decisions rest on, compressed; the ledger has their digests, and old ones are deleted here.
CREATE TABLE reports (
    digest  TEXT PRIMARY KEY,
    epoch   INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX reports_by_epoch ON reports (epoch);
