-- The current schema in full: read this first. migrations/ holds the steps that lead here,
-- and a test compares the two.
--
-- Times are integer microseconds since the Unix epoch, UTC (`_us`). Text ids exist only at
-- the edge: everything inside refers to integer keys. Payload text is kept byte for byte.

-- Which task hubs exist.
CREATE TABLE task_hub (
    hub           INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL UNIQUE,
    created_at_us INTEGER NOT NULL
) STRICT;

-- One row per orchestration instance: the current execution, and counters that spare every
-- reader the history. A replaced or restarted instance gets a new row and a new key.
CREATE TABLE instance (
    instance           INTEGER PRIMARY KEY AUTOINCREMENT,
    hub                INTEGER NOT NULL REFERENCES task_hub (hub),
    id                 TEXT NOT NULL,
    execution          TEXT NOT NULL,
    name               TEXT NOT NULL,
    version            TEXT,
    -- OrchestrationStatus of the protocol.
    status             INTEGER NOT NULL,
    -- What the orchestrator code has been told: 0 nothing yet, 1 it runs, 2 it is suspended,
    -- 3 nothing yet of its new execution (continued as new), 4 that it is to be rewound.
    phase              INTEGER NOT NULL,
    created_at_us      INTEGER NOT NULL,
    updated_at_us      INTEGER NOT NULL,
    completed_at_us    INTEGER,
    scheduled_start_us INTEGER,
    -- The parent's key, for walking the tree; it may be gone.
    parent             INTEGER,
    parent_id          TEXT,
    parent_execution   TEXT,
    parent_task        INTEGER,
    -- JSON object of strings.
    tags               TEXT,
    -- OrchestrationTraceContext, as the last turn returned it.
    trace              BLOB,
    -- Error type and first line of the message of a failed instance, at most 200 characters.
    failure_line       TEXT,

    -- Of the current execution; results count when they are accepted.
    turns              INTEGER NOT NULL DEFAULT 0,
    history_chunks     INTEGER NOT NULL DEFAULT 0,
    history_events     INTEGER NOT NULL DEFAULT 0,
    history_bytes      INTEGER NOT NULL DEFAULT 0,
    -- Timestamp of the newest event in the history, so that time never goes back.
    history_last_us    INTEGER NOT NULL DEFAULT 0,
    act_scheduled      INTEGER NOT NULL DEFAULT 0,
    act_completed      INTEGER NOT NULL DEFAULT 0,
    act_failed         INTEGER NOT NULL DEFAULT 0,
    sub_scheduled      INTEGER NOT NULL DEFAULT 0,
    sub_completed      INTEGER NOT NULL DEFAULT 0,
    sub_failed         INTEGER NOT NULL DEFAULT 0,
    timers_pending     INTEGER NOT NULL DEFAULT 0,
    -- Inbox rows that are visible and that no turn has consumed.
    messages_waiting   INTEGER NOT NULL DEFAULT 0,
    -- The current fan-out: the last turn that scheduled activities or children, the first
    -- task id that it used, and what became of them.
    batch_turn         INTEGER NOT NULL DEFAULT 0,
    batch_first_task   INTEGER NOT NULL DEFAULT 0,
    batch_scheduled    INTEGER NOT NULL DEFAULT 0,
    batch_completed    INTEGER NOT NULL DEFAULT 0,
    batch_failed       INTEGER NOT NULL DEFAULT 0,

    UNIQUE (hub, id)
) STRICT;

-- Pages of QueryInstances; created-time filters of purge.
CREATE INDEX instance_created ON instance (hub, created_at_us, instance);
-- Pages of ListInstanceIds: ended instances by completion time.
CREATE INDEX instance_completed ON instance (hub, completed_at_us, id)
    WHERE completed_at_us IS NOT NULL;
-- What is rare in a large hub: everything that has not completed, in the orders of these pages.
CREATE INDEX instance_unfinished ON instance (hub, created_at_us, instance)
    WHERE status IN (0, 6, 7);
CREATE INDEX instance_unsuccessful ON instance (hub, created_at_us, instance)
    WHERE status IN (2, 3, 4, 5);
CREATE INDEX instance_unsuccessful_completed ON instance (hub, completed_at_us, id)
    WHERE completed_at_us IS NOT NULL AND status IN (2, 3, 4, 5);
-- What is unfinished: recovery at start, the dashboard's first page. PENDING, RUNNING, SUSPENDED.
CREATE INDEX instance_open ON instance (hub, updated_at_us) WHERE status IN (0, 6, 7);
-- The newest first, and the failed ones, for the dashboard.
CREATE INDEX instance_updated ON instance (hub, updated_at_us);
CREATE INDEX instance_failed ON instance (hub, updated_at_us) WHERE status = 3;
-- Instances with failures, the newest first.
CREATE INDEX instance_failures ON instance (hub, updated_at_us)
    WHERE (status = 3 OR act_failed + sub_failed > 0);
-- Children of an instance.
CREATE INDEX instance_parent ON instance (parent) WHERE parent IS NOT NULL;

-- Texts of an instance, each in a row of its own so that a large input is not rewritten with
-- every counter. A missing row is an absent value; an empty one is an empty text.
-- kind: 1 input, 2 output, 3 custom status, 4 failure (TaskFailureDetails).
CREATE TABLE payload (
    instance INTEGER NOT NULL REFERENCES instance (instance),
    kind     INTEGER NOT NULL,
    data     BLOB NOT NULL,
    PRIMARY KEY (instance, kind)
) STRICT, WITHOUT ROWID;

-- Committed history of the current execution, one row per turn (more when it is large).
-- `data` is a whole encoded HistoryChunk message, so it can be sent as it is.
CREATE TABLE history (
    instance    INTEGER NOT NULL REFERENCES instance (instance),
    chunk       INTEGER NOT NULL,
    first_event INTEGER NOT NULL,
    events      INTEGER NOT NULL,
    data        BLOB NOT NULL,
    PRIMARY KEY (instance, chunk)
) STRICT;

-- Messages for an instance in the order of acceptance, each an encoded HistoryEvent. Rows with
-- `scheduled` = 1 become visible at `at_us`: durable timers and scheduled starts.
-- kind: 0 start, 1 external event, 2 activity result, 3 child result, 4 timer, 5 suspend,
-- 6 resume, 7 terminate, 8 result of an entity, 9 lock granted, 10 rewind, 11 replay.
CREATE TABLE inbox (
    instance  INTEGER NOT NULL REFERENCES instance (instance),
    at_us     INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    -- 1: belongs to the execution that asked for it, and goes with it.
    bound     INTEGER NOT NULL,
    scheduled INTEGER NOT NULL,
    event     BLOB NOT NULL,
    PRIMARY KEY (instance, at_us, seq)
) STRICT, WITHOUT ROWID;

-- What is due, and what was due while nobody ran.
CREATE INDEX inbox_scheduled ON inbox (at_us) WHERE scheduled = 1;

-- Activities whose history is gone or ended but which were scheduled all the same; they run,
-- and their result is dropped, unless a rewind of the execution still waits for it. Those of
-- running executions are found in their history.
-- `request` is an encoded ActivityRequest.
CREATE TABLE activity (
    activity INTEGER PRIMARY KEY AUTOINCREMENT,
    hub      INTEGER NOT NULL REFERENCES task_hub (hub),
    instance INTEGER NOT NULL REFERENCES instance (instance),
    request  BLOB NOT NULL
) STRICT;

CREATE INDEX activity_instance ON activity (instance);

-- One row per entity that has a state, a lock or messages; it goes when it has none of these.
CREATE TABLE entity (
    entity           INTEGER PRIMARY KEY AUTOINCREMENT,
    hub              INTEGER NOT NULL REFERENCES task_hub (hub),
    -- @name@key, the name in lower case.
    id               TEXT NOT NULL,
    -- As the worker gave it; without one the entity does not exist for clients.
    state            BLOB,
    created_at_us    INTEGER NOT NULL,
    -- When the last batch was applied; before that, when it was created.
    modified_at_us   INTEGER NOT NULL,
    -- The orchestration execution that holds the lock, and its critical section.
    owner            INTEGER,
    owner_id         TEXT,
    owner_execution  TEXT,
    section          TEXT,
    -- Since when it is held; not known for locks from before this was noted.
    locked_at_us     INTEGER,
    UNIQUE (hub, id)
) STRICT;

-- What an instance holds, when it ends.
CREATE INDEX entity_owner ON entity (owner) WHERE owner IS NOT NULL;

-- Messages for an entity in the order of acceptance, each an encoded HistoryEvent. A critical
-- section that waits has a row at each of its entities. Rows with `scheduled` = 1 become visible
-- at `at_us`: delayed signals.
-- kind: 0 signal, 1 call, 2 lock request.
CREATE TABLE entity_inbox (
    entity           INTEGER NOT NULL REFERENCES entity (entity),
    at_us            INTEGER NOT NULL,
    seq              INTEGER NOT NULL,
    kind             INTEGER NOT NULL,
    scheduled        INTEGER NOT NULL,
    -- Key and execution of the instance that waits for the result; none for signals.
    caller           INTEGER,
    caller_execution TEXT,
    -- Id of the request or of the critical section.
    request          TEXT NOT NULL,
    event            BLOB NOT NULL,
    PRIMARY KEY (entity, at_us, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX entity_inbox_scheduled ON entity_inbox (at_us) WHERE scheduled = 1;
-- Critical sections that an instance waits for, when it ends.
CREATE INDEX entity_inbox_lock ON entity_inbox (caller) WHERE kind = 2;
-- Calls of who holds the lock, past everything that waits for its end.
CREATE INDEX entity_inbox_call ON entity_inbox (entity, caller) WHERE kind = 1;
