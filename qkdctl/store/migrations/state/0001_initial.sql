CREATE TABLE entries (
    sequence      INTEGER PRIMARY KEY,
    wall_ms       INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    payload       TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash          TEXT NOT NULL
) STRICT;

CREATE TRIGGER entries_only_grow BEFORE INSERT ON entries
WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence) + 1, 0) FROM entries)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: the next sequence number is expected'); END;

CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: no UPDATE'); END;

CREATE TRIGGER entries_never_go BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: no DELETE'); END;

-- The value of a set-point stands in the ledger entry that committed it; this is the way to that entry.
CREATE TABLE set_points (
    device    TEXT NOT NULL,
    attribute TEXT NOT NULL,
    sequence  INTEGER NOT NULL REFERENCES entries (sequence),
    PRIMARY KEY (device, attribute)
) STRICT, WITHOUT ROWID;

CREATE TABLE calibrations (
    id       INTEGER PRIMARY KEY,
    link     TEXT NOT NULL,
    wall_ms  INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;

CREATE INDEX calibrations_by_link ON calibrations (link, id);

CREATE TABLE link_modes (
    link    TEXT PRIMARY KEY,
    mode    TEXT NOT NULL CHECK (mode IN ('running', 'hold', 'manual-safe')),
    wall_ms INTEGER NOT NULL,
    actor   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
