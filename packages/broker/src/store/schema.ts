/**
 * The database of the durable store, schema version 2. One file, `cauldron.db`, in the data folder, with SQLite's
 * `-wal` and `-shm` beside it while it is open.
 *
 * Numbers come from one sequence: a message's id and a queue entry's position are never used twice. Times are
 * milliseconds since 1970, 0 = never.
 *
 * A session's queue is what `chunk` holds of it, then what `tail` holds of it, both only above the session's head:
 *
 *     head                 chunk.last of the session's newest chunk
 *       |  chunk  chunk  chunk  |  tail row   tail row
 *     --+-----------------------+-------------------------> position
 *
 * Entries in a tail row at or below the session's newest `chunk.last` or its head, and those of a session that is not in
 * `session`, are left over from before a fold, a delivery or a session's end: they count for nothing.
 */

/** Name of the database in a data folder. */
export const DATABASE_FILE = 'cauldron.db';

/** PRAGMA application_id of every Cauldron store: the letters CLDN. */
export const APPLICATION_ID = 0x434c444e;

/** PRAGMA user_version this code reads and writes. */
export const SCHEMA_VERSION = 2;

/** The statements that make an empty database one of {@link SCHEMA_VERSION}. */
export const SCHEMA = `
-- A message, once however many refer to it. Inserted in ascending order, never moved.
CREATE TABLE message (
  id   INTEGER PRIMARY KEY,  -- from the sequence
  refs INTEGER NOT NULL,     -- queue entries, messages in flight and retained topics that refer to it; at 0 it is deleted
  at   INTEGER NOT NULL,     -- when it was published
  body BLOB NOT NULL         -- as the core wrote it (Message.write)
) STRICT;

CREATE TABLE session (
  number          INTEGER PRIMARY KEY, -- never used twice
  client_id       TEXT NOT NULL,
  connected       INTEGER NOT NULL,    -- 1 while a client has it
  expiry_interval INTEGER NOT NULL,    -- seconds it outlives its connection; 4294967295 = for ever
  ends_at         INTEGER NOT NULL,    -- when it ends while its client is away
  will_due_at     INTEGER NOT NULL,    -- when its will is due while its client is away
  will_delay      INTEGER,             -- seconds; NULL = no will
  will_message    BLOB,                -- as the core wrote it; NULL = no will
  username        TEXT                 -- whose session it is, where somebody verified it; NULL = anybody's
) STRICT;

CREATE TABLE subscription (
  session     INTEGER NOT NULL,
  filter      TEXT NOT NULL,           -- as the client wrote it, $share/... included
  options     INTEGER NOT NULL,        -- QoS 0..2, No Local 4, Retain As Published 8, retained messages still owed 16
  identifiers TEXT,                    -- subscription identifiers, as a JSON array; NULL = none
  PRIMARY KEY (session, filter)
) STRICT, WITHOUT ROWID;

-- How far a session's queue has been taken, and what is in flight. No row = nothing was ever taken.
CREATE TABLE delivery (
  session INTEGER PRIMARY KEY,
  head    INTEGER NOT NULL,            -- entries up to this position have left the queue
  state   BLOB NOT NULL                -- as the core wrote it
) STRICT;

-- The newest queue entries, a row per group: of all sessions, in the order of writing.
CREATE TABLE tail (
  seq     INTEGER PRIMARY KEY,
  entries BLOB NOT NULL                -- session, then as in chunk.entries, per entry (queue-codec.ts)
) STRICT;

-- Older queue entries by session, in ascending order of position. No chunk lies wholly at or below its session's head.
CREATE TABLE chunk (
  session INTEGER NOT NULL,
  first   INTEGER NOT NULL,            -- position of the first entry
  last    INTEGER NOT NULL,            -- position of the last entry
  count   INTEGER NOT NULL,            -- entries
  bytes   INTEGER NOT NULL,            -- sum of the entries' sizes as they count for queue limits
  entries BLOB NOT NULL,               -- position, message id, flags, identifiers, size per entry (queue-codec.ts)
  PRIMARY KEY (session, first)
) STRICT, WITHOUT ROWID;

-- Sessions that have ended with a long queue: their chunks above head still hold references, dropped little by little.
CREATE TABLE purge (
  session INTEGER PRIMARY KEY,
  head    INTEGER NOT NULL
) STRICT;

CREATE TABLE retained (
  topic     TEXT PRIMARY KEY,
  message   INTEGER NOT NULL,          -- message.id
  publisher TEXT                       -- client identifier of who published it; NULL = no client
) STRICT, WITHOUT ROWID;

-- One row: the highest numbers given so far.
CREATE TABLE sequence (
  id           INTEGER PRIMARY KEY CHECK (id = 1),
  last         INTEGER NOT NULL,       -- to a message or a position
  last_session INTEGER NOT NULL        -- to a session
) STRICT;
INSERT INTO sequence VALUES (1, 0, 0);
`;

/** Tables of the schema, for who checks or counts them. */
export const TABLES = [
  'message',
  'session',
  'subscription',
  'delivery',
  'tail',
  'chunk',
  'purge',
  'retained',
  'sequence',
] as const;
