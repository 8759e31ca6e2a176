-- From an empty file to version 1. ../schema.sql explains the tables.

CREATE TABLE task_hub (
    hub           INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL UNIQUE,
    created_at_us INTEGER NOT NULL
) STRICT;

CREATE TABLE instance (
    instance           INTEGER PRIMARY KEY AUTOINCREMENT,
    hub                INTEGER NOT NULL REFERENCES task_hub (hub),
    id                 TEXT NOT NULL,
    execution          TEXT NOT NULL,
    name               TEXT NOT NULL,
    version            TEXT,

    status             INTEGER NOT NULL,

    phase              INTEGER NOT NULL,
    created_at_us      INTEGER NOT NULL,
    updated_at_us      INTEGER NOT NULL,
    completed_at_us    INTEGER,
    scheduled_start_us INTEGER,

    parent             INTEGER,
    parent_id          TEXT,
    parent_execution   TEXT,
    parent_task        INTEGER,

    tags               TEXT,

    trace              BLOB,

    failure_line       TEXT,

    turns              INTEGER NOT NULL DEFAULT 0,
    history_chunks     INTEGER NOT NULL DEFAULT 0,
    history_events     INTEGER NOT NULL DEFAULT 0,
    history_bytes      INTEGER NOT NULL DEFAULT 0,

    history_last_us    INTEGER NOT NULL DEFAULT 0,
    act_scheduled      INTEGER NOT NULL DEFAULT 0,
    act_completed      INTEGER NOT NULL DEFAULT 0,
    act_failed         INTEGER NOT NULL DEFAULT 0,
    sub_scheduled      INTEGER NOT NULL DEFAULT 0,
    sub_completed      INTEGER NOT NULL DEFAULT 0,
    sub_failed         INTEGER NOT NULL DEFAULT 0,
    timers_pending     INTEGER NOT NULL DEFAULT 0,

    messages_waiting   INTEGER NOT NULL DEFAULT 0,

    batch_turn         INTEGER NOT NULL DEFAULT 0,
    batch_first_task   INTEGER NOT NULL DEFAULT 0,
    batch_scheduled    INTEGER NOT NULL DEFAULT 0,
    batch_completed    INTEGER NOT NULL DEFAULT 0,
    batch_failed       INTEGER NOT NULL DEFAULT 0,

    UNIQUE (hub, id)
) STRICT;

CREATE INDEX instance_created ON instance (hub, created_at_us, instance);

CREATE INDEX instance_completed ON instance (hub, completed_at_us, id)
    WHERE completed_at_us IS NOT NULL;

CREATE INDEX instance_open ON instance (hub, updated_at_us) WHERE status IN (0, 6, 7);

CREATE INDEX instance_updated ON instance (hub, updated_at_us);
CREATE INDEX instance_failed ON instance (hub, updated_at_us) WHERE status = 3;

CREATE INDEX instance_parent ON instance (parent) WHERE parent IS NOT NULL;

CREATE TABLE payload (
    instance INTEGER NOT NULL REFERENCES instance (instance),
    kind     INTEGER NOT NULL,
    data     BLOB NOT NULL,
    PRIMARY KEY (instance, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE history (
    instance    INTEGER NOT NULL REFERENCES instance (instance),
    chunk       INTEGER NOT NULL,
    first_event INTEGER NOT NULL,
    events      INTEGER NOT NULL,
    data        BLOB NOT NULL,
    PRIMARY KEY (instance, chunk)
) STRICT;

CREATE TABLE inbox (
    instance  INTEGER NOT NULL REFERENCES instance (instance),
    at_us     INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    kind      INTEGER NOT NULL,

    bound     INTEGER NOT NULL,
    scheduled INTEGER NOT NULL,
    event     BLOB NOT NULL,
    PRIMARY KEY (instance, at_us, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX inbox_scheduled ON inbox (at_us) WHERE scheduled = 1;

CREATE TABLE activity (
    activity INTEGER PRIMARY KEY AUTOINCREMENT,
    hub      INTEGER NOT NULL REFERENCES task_hub (hub),
    instance INTEGER NOT NULL REFERENCES instance (instance),
    request  BLOB NOT NULL
) STRICT;

CREATE INDEX activity_instance ON activity (instance);
