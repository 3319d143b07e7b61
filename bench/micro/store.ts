/**
 * Times the SQLite store's engine on this thread, commits waiting for the disk included:
 * `node --expose-gc bench/micro/store.ts [--messages N] [--folder DIR]`, DIR on the disk that is asked about.
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ByteWriter, OperationWriter, readEntries } from '@cauldron/core';
import { SqliteEngine } from '../../packages/broker/src/store/sqlite-engine.ts';
import { machineLine } from '../machine.ts';
import { markdownTable } from '../report.ts';
import { median, readable } from '../stats.ts';

const { values } = parseArgs({ options: { messages: { type: 'string' }, folder: { type: 'string' } } });
const MESSAGES = Number(values.messages ?? 1_000_000);
const BODY = new Uint8Array(90).fill(120);
const WINDOW = 1000;
/** What a session has in flight, as about twenty messages are written. */
const STATE = new Uint8Array(120).fill(1);

const folder = mkdtempSync(join(values.folder ?? tmpdir(), 'cauldron-bench-'));
const out = new ByteWriter(new Uint8Array(1 << 20));
const writer = new OperationWriter(out);
let sequence = 0;

/** Seconds and the slowest call, of calls that are counted by `work`. */
interface Measured {
  readonly seconds: number;
  /** Seconds of this thread on a processor: what is left when other programs are running. */
  readonly cpu: number;
  readonly median: number;
  readonly slowest: number;
}

class Stopwatch {
  readonly #times: number[] = [];
  #cpu = 0;

  time<T>(work: () => T): T {
    const before = process.threadCpuUsage();
    const from = performance.now();
    const result = work();
    this.#times.push(performance.now() - from);
    const { user, system } = process.threadCpuUsage(before);
    this.#cpu += (user + system) / 1e6;
    return result;
  }

  get measured(): Measured {
    const seconds = this.#times.reduce((sum, time) => sum + time, 0) / 1000;
    return { seconds, cpu: this.#cpu, median: median(this.#times)!, slowest: Math.max(...this.#times) };
  }
}

function group(engine: SqliteEngine, watch: Stopwatch, write: () => void): void {
  out.length = 0;
  writer.sequence(sequence, 100_000);
  write();
  watch.time(() => engine.apply(out.bytes, out.length));
}

function addSessions(engine: SqliteEngine, count: number): void {
  group(engine, new Stopwatch(), () => {
    for (let number = 1; number <= count; number++) {
      const timing = {
        connected: false,
        expiryInterval: 86_400,
        endsAt: 1_800_000_000_000,
        willDueAt: 0,
        will: null,
        username: null,
      };
      writer.session({ number, clientId: `device-${number}`, ...timing });
      const filter = `site/7/device/${number}/#`;
      writer.subscribe({ session: number, filter, options: 1, identifiers: null });
    }
  });
}

/** Messages to one session each, by turns. */
function insert(engine: SqliteEngine, messages: number, size: number, sessionOf: (i: number) => number): Measured {
  const watch = new Stopwatch();
  for (let i = 0; i < messages; ) {
    group(engine, watch, () => {
      for (const end = Math.min(messages, i + size); i < end; i++) {
        const messageId = ++sequence;
        writer.message(messageId, 1, 1_700_000_000_000, BODY);
        const position = ++sequence;
        writer.entry({ session: sessionOf(i), position, messageId, flags: 1, identifiers: null, size: BODY.length });
      }
    });
  }
  return watch.measured;
}

/** Reads a session's queue to its end, every window followed by the group that says it is done. */
function drain(engine: SqliteEngine, session: number): { messages: number; measured: Measured; reads: Measured } {
  const watch = new Stopwatch();
  const reads = new Stopwatch();
  let messages = 0;
  for (let after = 0, more = true; more; ) {
    const request = { session, messages: null, after, limit: WINDOW, maxBytes: 1 << 24 };
    const answer = reads.time(() => engine.read(request));
    const entries = readEntries(answer.entries);
    more = answer.more;
    messages += entries.length;
    after = entries.at(-1)?.position ?? after;
    group(engine, watch, () => {
      writer.delivery(session, after, STATE);
      for (const { messageId } of entries) writer.done(messageId);
    });
  }
  return { messages, measured: watch.measured, reads: reads.measured };
}

function fsyncTime(): number {
  const file = openSync(join(folder, 'fsync'), 'w');
  const watch = new Stopwatch();
  const page = new Uint8Array(8192).fill(1);
  for (let i = 0; i < 40; i++) {
    writeSync(file, page);
    watch.time(() => fsyncSync(file));
  }
  closeSync(file);
  return watch.measured.median;
}

const rows: string[][] = [];
const rate = (count: number, seconds: number): string => `${readable(count / seconds)}/s`;
const each = (count: number, seconds: number): string => `${((seconds / count) * 1e6).toFixed(2)} us`;
const slow = (measured: Pick<Measured, 'median' | 'slowest'>): string =>
  `${measured.median.toFixed(1)} / ${measured.slowest.toFixed(1)} ms`;

try {
  process.stdout.write(`Machine: ${machineLine(null)}. fsync of 8 KB: ${fsyncTime().toFixed(2)} ms (median).\n\n`);
  for (const synchronous of [true, false]) {
    for (const size of [50, 500, 2000]) {
      const engine = SqliteEngine.open(join(folder, `insert-${size}-${synchronous}.db`), { synchronous });
      addSessions(engine, 1000);
      const count = Math.min(MESSAGES, size * 200);
      const measured = insert(engine, count, size, (i) => 1 + (i % 1000));
      const what = `insert into 1,000 sessions, groups of ${size}${synchronous ? '' : ', no fsync'}`;
      rows.push([what, rate(count, measured.seconds), each(count, measured.cpu), slow(measured)]);
      engine.close();
    }
  }
  for (const [whom, sessions] of [
    ['one session', 1],
    ['a session among 1,000 (mixed ids)', 1000],
  ] as const) {
    const engine = SqliteEngine.open(join(folder, `drain-${sessions}.db`), { synchronous: false });
    addSessions(engine, sessions);
    insert(engine, MESSAGES / 2, 2000, (i) => 1 + ((i * 7919 + (i >> 4)) % sessions));
    const total = { messages: 0, seconds: 0, cpu: 0, reading: 0, median: 0, slowest: 0 };
    for (let session = 1; session <= Math.min(sessions, 100); session++) {
      const { messages, measured, reads } = drain(engine, session);
      total.messages += messages;
      total.seconds += measured.seconds + reads.seconds;
      total.cpu += measured.cpu + reads.cpu;
      total.reading += reads.cpu;
      total.median = measured.median;
      total.slowest = Math.max(total.slowest, measured.slowest, reads.slowest);
    }
    const { messages, seconds, cpu, reading } = total;
    const what = `drain ${whom}, windows of 1,000, no fsync`;
    rows.push([what, rate(messages, seconds), each(messages, cpu), slow(total)]);
    rows.push(['- of which reading', '', each(messages, reading), '']);
    engine.close();
  }
  const path = join(folder, 'open.db');
  const filled = SqliteEngine.open(path, { synchronous: false });
  addSessions(filled, 10_000);
  insert(filled, MESSAGES, 2000, (i) => 1 + (i % 10_000));
  filled.close();
  globalThis.gc?.();
  const before = process.memoryUsage();
  const opening = new Stopwatch();
  const engine = opening.time(() => SqliteEngine.open(path));
  const snapshot = new Stopwatch();
  let bytes = 0;
  snapshot.time(() => engine.snapshot((operations) => void (bytes += operations.length)));
  globalThis.gc?.();
  const heap = (process.memoryUsage().heapUsed - before.heapUsed) / 1e6;
  rows.push([
    `open: 10,000 sessions, ${readable(MESSAGES)} queued`,
    '',
    '',
    `${opening.measured.slowest.toFixed(0)} ms`,
  ]);
  rows.push([`- snapshot (${readable(bytes)} bytes)`, '', '', `${snapshot.measured.slowest.toFixed(0)} ms`]);
  rows.push(['- heap the engine keeps', '', '', `${heap.toFixed(1)} MB`]);
  engine.close();
  process.stdout.write(
    `${markdownTable([['what', 'rate', 'CPU per message', 'per group: median / slowest'], ...rows])}\n`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
