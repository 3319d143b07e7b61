import type { DatabaseSync } from 'node:sqlite';
import { Message, readDeliveryState } from '@cauldron/core';
import { MqttError } from '@cauldron/protocol';
import { checkDatabase, type Finding } from '../store/check.ts';
import { RowQuery } from '../store/rows.ts';
import { withReading } from './reading.ts';
import { StoreToolError } from './tool-error.ts';

/** What a check found. */
export interface StoreCheck {
  readonly folder: string;
  /** What is wrong, in words; empty = the store is sound. */
  readonly findings: readonly string[];
  /** What to do about it, in words; empty where there is nothing. */
  readonly advice: readonly string[];
}

/** Findings after which a check stops. */
const MOST = 100;

/**
 * Checks a store through and through, at one moment, also while a broker runs on it: the structures of its file, what
 * Cauldron relies on, and that every message and delivery state can be read. It only reads.
 *
 * @throws {StoreRefused} there is no store, or it cannot be opened; `reason` is `damaged` where that is the finding
 */
export function checkStore(folder: string): StoreCheck {
  return withReading(folder, ({ folder: path, db }) => {
    const findings = findingsOf(db);
    return { folder: path, findings, advice: findings.length === 0 ? [] : adviceFor(path) };
  });
}

/** How to get out of it, line by line. @param folder the damaged store */
export function adviceFor(folder: string): string[] {
  return [
    'What to do: stop the broker and keep a copy of the folder. Then start from a backup, or save what can be read:',
    `  cauldron store export ${folder} -o saved.jsonl`,
    '  cauldron store import NEW-FOLDER saved.jsonl',
    '  cauldron broker --data NEW-FOLDER',
  ];
}

/** Everything that is wrong with a database, in words. */
export function findingsOf(db: DatabaseSync): string[] {
  const findings = checkDatabase(db, { most: MOST, inFlight }).map(describe);
  if (findings.length < MOST) unreadableMessages(db, findings);
  return findings;
}

/** @throws {StoreToolError} the database is damaged: then it must not be replaced by what can be read of it */
export function refuseDamage(folder: string, db: DatabaseSync): void {
  const findings = findingsOf(db);
  if (findings.length === 0) return;
  throw new StoreToolError(
    `the store in ${folder} is damaged and was left as it is: ${findings[0]}. ` +
      `\`cauldron store check ${folder}\` says more, and what to do`,
  );
}

function* inFlight(state: Uint8Array): Generator<number> {
  for (const { messageId } of readDeliveryState(state).inflight) if (messageId > 0) yield messageId;
}

const kinds: Readonly<Record<Finding['kind'], string>> = {
  file: 'the file is damaged',
  queue: 'a queue is damaged',
  orphan: 'something belongs to nothing',
  missing: 'a message is lost',
  references: 'a count is wrong',
  sequence: 'a number is wrong',
};

const describe = ({ kind, message }: Finding): string => `${kinds[kind]}: ${message}`;

/** Bodies whose bytes are no message. Where SQLite cannot read on, its own check has said so. */
function unreadableMessages(db: DatabaseSync, findings: string[]): void {
  try {
    for (const [id, body] of new RowQuery<[number, Uint8Array]>(db, 'SELECT id, body FROM message').iterate()) {
      const problem = bodyProblem(body);
      if (problem !== null) findings.push(`a message is damaged: message ${id}: ${problem}`);
      if (findings.length >= MOST) return;
    }
  } catch (error) {
    findings.push(`the file is damaged: the messages cannot all be read: ${(error as Error).message}`);
  }
}

function bodyProblem(body: Uint8Array): string | null {
  try {
    Message.stored(body).properties();
    return null;
  } catch (error) {
    if (error instanceof RangeError || error instanceof MqttError) return error.message;
    throw error;
  }
}
