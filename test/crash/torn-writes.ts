import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import type { Random } from '@cauldron/testkit/simulation';
import type { Cleanup } from '../support/process.ts';
import { type BrokerSetup, BrokerUnderTest } from './broker-under-test.ts';
import { type Contents, drain } from './drain.ts';
import type { Identity } from './durable-client.ts';
import type { SentMessage } from './history.ts';
import { storeFindings } from './store-tool.ts';
import { applyDamage, type Damage, pagesOf, planDamage, truncateWal } from './wal.ts';

/** Name of the database in a data folder. */
export const DATABASE = 'cauldron.db';

/** A store at rest, and who has a session in it. */
export interface TornSubject {
  readonly setup: BrokerSetup & { readonly data: string };
  /** A folder for copies, which are made beside each other. */
  readonly scratch: string;
  readonly identities: readonly Identity[];
  readonly messages: readonly SentMessage[];
}

/** What became of a damaged copy; `problems` empty = as it must. */
export interface TornResult {
  readonly damage: string;
  /** Messages that were found waiting. */
  readonly found: number;
  readonly problems: readonly string[];
}

let copies = 0;

function copyOf({ setup, scratch }: TornSubject): BrokerSetup & { readonly data: string } {
  copies += 1;
  const data = join(scratch, `copy-${copies}`);
  cpSync(setup.data, data, { recursive: true });
  return { ...setup, data };
}

/**
 * Damages the end of the log of a copy: a broker must start on it with exactly what it has on a copy whose log ends, whole,
 * with the last transaction before the damage. Null where there is nothing to damage.
 */
export async function tearLog(
  cleanup: Cleanup,
  subject: TornSubject,
  kind: Damage['kind'],
  random: Random,
): Promise<TornResult | null> {
  const planned = planDamage(join(subject.setup.data, DATABASE), kind, random);
  if (planned === null) return null;
  const [whole, torn] = [copyOf(subject), copyOf(subject)];
  truncateWal(join(whole.data, DATABASE), planned.survives);
  applyDamage(join(torn.data, DATABASE), planned.damage, random);
  const damage = `${JSON.stringify(planned.damage)}, whole up to ${planned.survives}`;
  const unsound = await storeFindings(cleanup, whole.data);
  const expected = await contentsOf(cleanup, whole, subject);
  const actual = await contentsOf(cleanup, torn, subject);
  const found = Object.values(actual.queues).reduce((sum, queue) => sum + queue.length, 0);
  return {
    damage,
    found,
    problems: [...unsound, ...actual.problems, ...expected.problems, ...differences(expected, actual)],
  };
}

async function contentsOf(cleanup: Cleanup, setup: BrokerSetup, subject: TornSubject): Promise<Contents> {
  const broker = new BrokerUnderTest(cleanup, setup);
  try {
    const contents = await drain(await broker.listening(), subject.identities, subject.messages);
    await broker.stop();
    return contents;
  } finally {
    broker.kill();
    await broker.ended();
  }
}

function differences(expected: Contents, actual: Contents): string[] {
  const problems: string[] = [];
  const compare = (what: string, one: readonly string[], other: readonly string[]): void => {
    if (isDeepStrictEqual(one, other)) return;
    const [missing, extra] = [one.filter((item) => !other.includes(item)), other.filter((item) => !one.includes(item))];
    const sample = `missing: ${missing.slice(0, 3).join(', ')}; too many: ${extra.slice(0, 3).join(', ')}`;
    problems.push(`${what}: ${one.length} were committed, ${other.length} found (${sample})`);
  };
  compare('sessions', expected.sessions, actual.sessions);
  compare('retained messages', expected.retained, actual.retained);
  for (const [clientId, queue] of Object.entries(expected.queues)) {
    compare(`messages for ${clientId}`, queue, actual.queues[clientId] ?? []);
  }
  return problems;
}

/**
 * Overwrites a page that is in use in a copy's database: a broker must refuse to start on it, say why, and leave every
 * byte as it is.
 *
 * @param log moved: the database is all there is; kept: there is a log too, in which the page is not
 */
export async function spoilDatabase(
  cleanup: Cleanup,
  subject: TornSubject,
  log: 'kept' | 'moved',
  random: Random,
): Promise<TornResult> {
  const copy = copyOf(subject);
  const path = join(copy.data, DATABASE);
  const stopped = new BrokerUnderTest(cleanup, copy);
  await stopped.listening();
  await stopped.stop();
  const roots = rootPages(path);
  if (log === 'kept') await leaveLog(cleanup, copy, subject);
  const logged = log === 'kept' ? pagesOf(readFileSync(`${path}-wal`)) : new Set<number>();
  const page = random.pick(roots.filter((root) => !logged.has(root)));
  const bytes = readFileSync(path);
  const pageSize = bytes.readUInt16BE(16) === 1 ? 65_536 : bytes.readUInt16BE(16);
  // The head of page 1 is left: without it the file is no database at all, which is another refusal.
  const from = (page - 1) * pageSize + (page === 1 ? 100 : 0);
  for (let at = from; at < page * pageSize; at++) bytes[at] = random.below(256);
  writeFileSync(path, bytes);
  const problems = await refusalProblems(cleanup, copy);
  return { damage: `page ${page} of the database, its log ${log}`, found: 0, problems };
}

/** Where the tables of a database begin: pages that are always in use. Page 1 holds their list. */
function rootPages(path: string): number[] {
  const db = new DatabaseSync(path, { readOnly: true });
  const roots = db.prepare(`SELECT rootpage FROM sqlite_schema WHERE rootpage > 0`).all();
  db.close();
  return [1, ...new Set(roots.map(({ rootpage }) => Number(rootpage)))];
}

/** Lets a broker write something, and kills it. */
async function leaveLog(cleanup: Cleanup, copy: BrokerSetup, { identities, messages }: TornSubject): Promise<void> {
  const broker = new BrokerUnderTest(cleanup, copy);
  await drain(await broker.listening(), identities.slice(0, 1), messages);
  broker.kill();
  await broker.ended();
}

async function refusalProblems(cleanup: Cleanup, setup: BrokerSetup & { readonly data: string }): Promise<string[]> {
  const before = filesOf(setup.data);
  const broker = new BrokerUnderTest(cleanup, setup);
  const started = await Promise.race([
    broker.listening().then(
      () => true,
      () => false,
    ),
    broker.ended().then(() => false),
  ]);
  if (started) {
    broker.kill();
    await broker.ended();
    return ['a broker started on it'];
  }
  const problems: string[] = [];
  const { code, signal } = await broker.ended();
  if (code === null || code === 0) problems.push(`the broker ended with ${code ?? signal}`);
  const { printed } = broker;
  if (!printed.includes('cauldron store check')) problems.push(`it does not say what to do: ${printed}`);
  if (/\n\s+at .*:\d+:\d+/.test(printed)) problems.push(`it says so with a stack: ${printed}`);
  for (const [name, bytes] of before) {
    const path = join(setup.data, name);
    if (!existsSync(path)) problems.push(`${name} was removed`);
    else if (!readFileSync(path).equals(bytes)) problems.push(`${name} was changed`);
  }
  return problems;
}

/** What must stay as it is: the database and its log, where there is something in it. */
function filesOf(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder).filter((name) => name === DATABASE || name === `${DATABASE}-wal`);
  const files = names.map((name) => [name, readFileSync(join(folder, name))] as const);
  return new Map(files.filter(([, bytes]) => bytes.length > 0));
}

/** Every kind of damage to copies of one store, one after the other. */
export async function tearEverything(cleanup: Cleanup, subject: TornSubject, random: Random): Promise<TornResult[]> {
  const results: TornResult[] = [];
  for (const kind of ['truncate', 'flip', 'garbage'] as const) {
    const result = await tearLog(cleanup, subject, kind, random);
    if (result !== null) results.push(result);
  }
  results.push(await spoilDatabase(cleanup, subject, random.pick(['moved', 'kept']), random));
  return results;
}
