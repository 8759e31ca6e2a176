-- From version 1 to 2: entities. ../schema.sql explains the tables.

CREATE TABLE entity (
    entity           INTEGER PRIMARY KEY AUTOINCREMENT,
    hub              INTEGER NOT NULL REFERENCES task_hub (hub),
    id               TEXT NOT NULL,
    state            BLOB,
    created_at_us    INTEGER NOT NULL,
    modified_at_us   INTEGER NOT NULL,
    owner            INTEGER,
    owner_id         TEXT,
    owner_execution  TEXT,
    section          TEXT,
    UNIQUE (hub, id)
) STRICT;

CREATE INDEX entity_owner ON entity (owner) WHERE owner IS NOT NULL;

CREATE TABLE entity_inbox (
    entity           INTEGER NOT NULL REFERENCES entity (entity),
    at_us            INTEGER NOT NULL,
    seq              INTEGER NOT NULL,
    kind             INTEGER NOT NULL,
    scheduled        INTEGER NOT NULL,
    caller           INTEGER,
    caller_execution TEXT,
    request          TEXT NOT NULL,
    event            BLOB NOT NULL,
    PRIMARY KEY (entity, at_us, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX entity_inbox_scheduled ON entity_inbox (at_us) WHERE scheduled = 1;
CREATE INDEX entity_inbox_lock ON entity_inbox (caller) WHERE kind = 2;
CREATE INDEX entity_inbox_call ON entity_inbox (entity, caller) WHERE kind = 1;
