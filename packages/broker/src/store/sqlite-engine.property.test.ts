import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { OperationVisitor } from '@cauldron/core';
import { applyGroup, bytesOf, imageOf, MemoryEngine, queueOf, readWindow, sessionRecord } from '@cauldron/testkit';
import fc from 'fast-check';
import { checkDatabase } from './check.ts';
import { type EngineOptions, SqliteEngine } from './sqlite-engine.ts';

const SESSIONS = [1, 2, 3, 4];

/** What can happen; numbers are brought into range by who does it. */
type Step =
  | { readonly do: 'publish'; readonly to: readonly number[]; readonly retain: boolean; readonly gap: number }
  | { readonly do: 'take'; readonly session: number; readonly count: number }
  | { readonly do: 'acknowledge'; readonly session: number; readonly count: number; readonly newestFirst: boolean }
  | { readonly do: 'session' | 'end' | 'subscribe' | 'unsubscribe'; readonly session: number }
  | { readonly do: 'clear' };

const session = fc.constantFrom(...SESSIONS);
const count = fc.integer({ min: 1, max: 12 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      to: fc.uniqueArray(session),
      retain: fc.boolean(),
      gap: fc.integer({ min: 0, max: 2 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), session, count }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('acknowledge' as const), session, count, newestFirst: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('session' as const, 'subscribe' as const, 'unsubscribe' as const),
      session,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), session }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
);

interface Turn {
  readonly steps: readonly Step[];
  /** What happens to the store after the group: nothing, opened again, tidied up, or a group that fails. */
  readonly next: 'nothing' | 'reopen' | 'maintain' | 'failing group';
}

const turn: fc.Arbitrary<Turn> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 8 }),
  next: fc.constantFrom('nothing', 'nothing', 'reopen', 'maintain', 'failing group'),
});

/** A core in small: what it knows of its sessions, so that what it writes is what a core could write. */
class Scribe {
  #sequence = 0;
  #number = 0;
  /** The numbers in the store of the sessions in play: one that ended comes back under another. */
  readonly numbers = new Map<number, number>();
  readonly #queues = new Map<number, { position: number; messageId: number }[]>();
  readonly inFlight = new Map<number, number[]>();
  readonly #heads = new Map<number, number>();
  #retained = 0;

  write(out: OperationVisitor, steps: readonly Step[]): void {
    for (const one of steps) this.#step(out, one);
    out.sequence(this.#sequence, this.#number);
  }

  #step(out: OperationVisitor, one: Step): void {
    switch (one.do) {
      case 'publish':
        this.#publish(out, one.to, one.retain, one.gap);
        return;
      case 'clear':
        this.#clear(out);
        return;
      case 'session':
        this.#open(out, one.session);
        return;
      default:
        if (this.numbers.has(one.session)) this.#ofSession(out, one, this.numbers.get(one.session)!);
    }
  }

  #ofSession(out: OperationVisitor, one: Exclude<Step, { do: 'publish' | 'clear' }>, number: number): void {
    if (one.do === 'take') this.#take(out, number, one.count);
    else if (one.do === 'acknowledge') this.#acknowledge(out, number, one.count, one.newestFirst);
    else if (one.do === 'end') this.#end(out, one.session, number);
    else if (one.do === 'subscribe') {
      out.subscribe({
        session: number,
        filter: `f${this.#sequence % 3}`,
        options: this.#sequence % 32,
        identifiers: null,
      });
    } else out.unsubscribe(number, 'f1');
  }

  #open(out: OperationVisitor, session: number): void {
    if (!this.numbers.has(session)) {
      this.numbers.set(session, ++this.#number);
      this.#queues.set(this.#number, []);
      this.inFlight.set(this.#number, []);
    }
    const endsAt = this.#sequence;
    out.session(sessionRecord(this.numbers.get(session)!, { clientId: `c${session}`, endsAt }));
  }

  #publish(out: OperationVisitor, to: readonly number[], retain: boolean, gap: number): void {
    const messageId = (this.#sequence += 1 + gap);
    const queues = to.filter((session) => this.numbers.has(session)).map((session) => this.numbers.get(session)!);
    out.message(messageId, queues.length + (retain ? 1 : 0), messageId * 2, bytesOf(`body ${messageId}`));
    for (const number of queues) {
      const position = ++this.#sequence;
      const identifiers = position % 3 === 0 ? [position] : null;
      out.entry({ session: number, position, messageId, flags: position % 7, identifiers, size: position % 50 });
      this.#queues.get(number)!.push({ position, messageId });
    }
    if (!retain) return;
    const before = this.#retained;
    this.#retained = messageId;
    out.retain('t', messageId, null);
    if (before > 0) out.done(before);
  }

  #clear(out: OperationVisitor): void {
    if (this.#retained === 0) return;
    out.unretain('t');
    out.done(this.#retained);
    this.#retained = 0;
  }

  #take(out: OperationVisitor, number: number, count: number): void {
    const taken = this.#queues.get(number)!.splice(0, count);
    if (taken.length === 0) return;
    const inFlight = this.inFlight.get(number)!;
    inFlight.push(...taken.map(({ messageId }) => messageId));
    this.#heads.set(number, taken.at(-1)!.position);
    this.#deliver(out, number);
  }

  #acknowledge(out: OperationVisitor, number: number, count: number, newestFirst: boolean): void {
    const inFlight = this.inFlight.get(number)!;
    for (const messageId of newestFirst ? inFlight.splice(-count) : inFlight.splice(0, count)) out.done(messageId);
    this.#deliver(out, number);
  }

  #deliver(out: OperationVisitor, number: number): void {
    out.delivery(number, this.#heads.get(number) ?? 0, bytesOf(JSON.stringify(this.inFlight.get(number))));
  }

  #end(out: OperationVisitor, session: number, number: number): void {
    out.sessionEnd(number, this.#heads.get(number) ?? 0);
    for (const messageId of this.inFlight.get(number)!) out.done(messageId);
    this.numbers.delete(session);
    this.inFlight.delete(number);
    this.#queues.delete(number);
  }
}

/** Both stores, told the same. */
class Pair {
  readonly memory = new MemoryEngine();
  readonly #path: string;
  readonly #options: EngineOptions;
  sqlite: SqliteEngine;

  constructor(folder: string, options: EngineOptions) {
    this.#path = join(folder, 'cauldron.db');
    this.#options = { ...options, synchronous: false };
    this.sqlite = SqliteEngine.open(this.#path, this.#options);
  }

  apply(write: (out: OperationVisitor) => void): void {
    applyGroup(this.memory, write);
    applyGroup(this.sqlite, write);
  }

  after(next: Turn['next']): void {
    if (next === 'reopen') {
      this.sqlite.close();
      this.sqlite = SqliteEngine.open(this.#path, this.#options);
    } else if (next === 'maintain') {
      this.sqlite.maintain();
    } else if (next === 'failing group') {
      const failing = (out: OperationVisitor): void => {
        for (const { record } of imageOf(this.memory).sessions) {
          out.delivery(record.number, 1e9, bytesOf('never'));
          out.sessionEnd(record.number, 0);
        }
        for (const _ of [1, 2]) out.message(1e9, 1, 0, bytesOf('twice'));
      };
      for (const engine of [this.memory, this.sqlite])
        assert.throws(() => applyGroup(engine, failing), /message|UNIQUE/);
    }
  }

  compare(scribe: Scribe, limit: number): void {
    assert.deepEqual(imageOf(this.sqlite), imageOf(this.memory));
    for (const number of scribe.numbers.values()) {
      assert.deepEqual(queueOf(this.sqlite, number, limit), queueOf(this.memory, number, limit));
      const request = { session: number, messages: scribe.inFlight.get(number)!, limit: 100, maxBytes: limit * 20 };
      assert.deepEqual(readWindow(this.sqlite, request), readWindow(this.memory, request));
    }
  }

  compareCounts(): void {
    while (this.sqlite.maintain());
    const row = this.sqlite.database.prepare('SELECT count(*) AS n, ifnull(sum(refs), 0) AS refs FROM message').get()!;
    const { messages, references } = this.memory.content();
    assert.deepEqual([row.n, row.refs], [messages, references]);
    const inFlight = (state: Uint8Array): number[] => JSON.parse(new TextDecoder().decode(state)) as number[];
    assert.deepEqual(checkDatabase(this.sqlite.database, { inFlight }), []);
  }
}

test('whatever happens, the store on disk answers as the one in memory, folded, reopened or after a failure', () => {
  const property = fc.property(
    fc.array(turn, { minLength: 1, maxLength: 25 }),
    fc.record({
      foldEntries: fc.constantFrom(1, 2, 3, 5, 20, 1000),
      foldStep: fc.constantFrom(1, 2, 3, 256),
      purgeStep: fc.constantFrom(1, 2, 5, 2000),
    }),
    fc.integer({ min: 1, max: 9 }),
    (turns, options, limit) => {
      const folder = mkdtempSync(join(tmpdir(), 'cauldron-property-'));
      const pair = new Pair(folder, options);
      try {
        const scribe = new Scribe();
        const everybody = SESSIONS.map((one): Step => ({ do: 'session', session: one }));
        for (const { steps, next } of [{ steps: everybody, next: 'nothing' as const }, ...turns]) {
          const recorded: ((out: OperationVisitor) => void)[] = [];
          scribe.write(recorder(recorded), steps);
          pair.apply((out) => {
            for (const operation of recorded) operation(out);
          });
          pair.after(next);
          pair.compare(scribe, limit);
        }
        pair.compareCounts();
      } finally {
        pair.sqlite.close();
        rmSync(folder, { recursive: true });
      }
    },
  );
  fc.assert(property, { numRuns: 60 });
});

/** A visitor that keeps what it is told, to tell it again. */
function recorder(into: ((out: OperationVisitor) => void)[]): OperationVisitor {
  return new Proxy({} as OperationVisitor, {
    get:
      (_, name) =>
      (...values: never[]) =>
        into.push((out) => {
          (out[name as keyof OperationVisitor] as (...values: never[]) => void)(...values);
        }),
  });
}
