import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';
import type { Properties, QoS } from '@cauldron/protocol';
import type { StoredMessage, StoredState, StoreOperation } from '../store.ts';

/** Layout of the file, in its header as `user_version`. */
const VERSION = 1;
/** Says in its header whose file it is. */
const APPLICATION = 0x4d71_436c;
/** Milliseconds to wait for a program that is just closing it. */
const PATIENCE = 1000;

/** What changes stands apart from the payloads, so that those are written once. */
const LAYOUT = `
  CREATE TABLE owner (client_id TEXT NOT NULL) STRICT;
  CREATE TABLE message (
    key INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL, qos INTEGER NOT NULL, retain INTEGER NOT NULL,
    properties BLOB
  ) STRICT;
  CREATE TABLE flight (
    key INTEGER PRIMARY KEY, packet_id INTEGER NOT NULL, received INTEGER NOT NULL, sent INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE inbound (packet_id INTEGER PRIMARY KEY) STRICT;
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${VERSION};
`;

const READ = `
  SELECT message.key, topic, payload, qos, retain, properties, ifnull(packet_id, 0) AS packet_id,
    ifnull(received, 0) AS received, ifnull(sent, 0) AS sent
  FROM message LEFT JOIN flight USING (key) ORDER BY message.key
`;

type Row = Record<string, SQLOutputValue>;

/** The file of a client's store. Its methods wait for the disk. */
export class SqliteFile {
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;

  /** Opens it, or makes it; throws where another client has it or owns it. */
  constructor(path: string, clientId: string) {
    this.#database = new DatabaseSync(path, { timeout: PATIENCE });
    try {
      // The lock is kept until it is closed, and nothing is told to be written before it is on the disk.
      this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      this.#transaction(() => this.#claim(clientId));
      this.#statements = prepare(this.#database);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  #pragma(name: string): SQLOutputValue {
    return this.#database.prepare(`PRAGMA ${name}`).get()![name]!;
  }

  #claim(clientId: string): void {
    const tables = this.#database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()!.count;
    if (tables === 0) {
      this.#database.exec(LAYOUT);
      this.#database.prepare('INSERT INTO owner VALUES (?)').run(clientId);
    }
    const version = this.#pragma('user_version');
    if (this.#pragma('application_id') !== APPLICATION) {
      throw new Error("the file is another program's database; name another file");
    }
    if (version !== VERSION) {
      throw new Error(
        `its layout is version ${version}, and this client knows ${VERSION}; use the client that wrote it`,
      );
    }
    const owner = this.#database.prepare('SELECT client_id FROM owner').get()?.client_id;
    if (owner === clientId) return;
    throw new Error(
      `it belongs to the client identifier "${owner}", not "${clientId}"; give each client a store of its own`,
    );
  }

  read(): StoredState {
    const inbound = this.#database.prepare('SELECT packet_id FROM inbound').all();
    return {
      messages: this.#database.prepare(READ).all().map(toMessage),
      inbound: inbound.map(({ packet_id }) => packet_id as number),
    };
  }

  /** Writes a group of changes as one; they are on the disk when it returns. */
  write(operations: readonly StoreOperation[]): void {
    this.#transaction(() => {
      for (const operation of operations) this.#apply(operation);
    });
  }

  #apply(operation: StoreOperation): void {
    const { put, send, land, receive, remove, expect, done, clear } = this.#statements;
    switch (operation.kind) {
      case 'put': {
        const { key, topic, payload, qos, retain, properties, packetId, received, sent } = operation.message;
        put.run(key, topic, payload, qos, Number(retain), properties === undefined ? null : serialize(properties));
        if (packetId > 0) send.run(key, packetId, Number(received), sent);
        return;
      }
      case 'sent':
        if (operation.packetId > 0) send.run(operation.key, operation.packetId, 0, operation.sent);
        else land.run(operation.key);
        return;
      case 'received':
        receive.run(operation.key);
        return;
      case 'delete':
        remove.run(operation.key);
        land.run(operation.key);
        return;
      case 'inbound':
        expect.run(operation.packetId);
        return;
      case 'inbound-done':
        done.run(operation.packetId);
        return;
      case 'inbound-clear':
        clear.run();
    }
  }

  #transaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }
}

function prepare(database: DatabaseSync) {
  const sql = (text: string): StatementSync => database.prepare(text);
  return {
    put: sql('INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?)'),
    send: sql('INSERT OR REPLACE INTO flight VALUES (?, ?, ?, ?)'),
    land: sql('DELETE FROM flight WHERE key = ?'),
    receive: sql('UPDATE flight SET received = 1 WHERE key = ?'),
    remove: sql('DELETE FROM message WHERE key = ?'),
    expect: sql('INSERT OR IGNORE INTO inbound VALUES (?)'),
    done: sql('DELETE FROM inbound WHERE packet_id = ?'),
    clear: sql('DELETE FROM inbound'),
  };
}

function toMessage(row: Row): StoredMessage {
  return {
    key: row.key as number,
    topic: row.topic as string,
    payload: row.payload as Uint8Array,
    qos: row.qos as QoS,
    retain: row.retain === 1,
    properties: row.properties === null ? undefined : (deserialize(row.properties as Uint8Array) as Properties),
    packetId: row.packet_id as number,
    received: row.received === 1,
    sent: row.sent as number,
  };
}
