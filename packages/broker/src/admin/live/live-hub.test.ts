import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { ApiProblem } from '../problem.ts';
import { graphView, topicsView } from '../schema/index.ts';
import type { AdminServices } from '../services.ts';
import { LiveHub } from './live-hub.ts';

/** A connection that takes what it is sent, until it is told not to. */
class Connection extends EventEmitter {
  readonly sent: string[] = [];
  writableLength = 0;
  destroyed = false;
  ended = false;

  write(text: string): boolean {
    this.sent.push(text);
    return true;
  }

  end(): void {
    this.ended = true;
    this.emit('close');
  }

  /** What came since it was last asked, without signs of life: `[event, data]`. */
  take(): [string, unknown][] {
    return this.sent
      .splice(0)
      .filter((text) => text.startsWith('event: '))
      .map((text) => {
        const [, event, data] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(text)!;
        return [event!, JSON.parse(data!)];
      });
  }
}

/** Services that count what they are asked. */
function fakes() {
  const asked: string[] = [];
  const topics = new Map<string, { version: number; value: object | null }>();
  /** Milliseconds of work, and what a look at topics takes. */
  const work = { clock: 0, cost: 0 };
  const state = { overview: { n: 1 } as object, watchers: 0, followed: [] as string[], feeds: 0, news: [] as object[] };
  const services = {
    overview: {
      overview: () => {
        asked.push('overview');
        return state.overview;
      },
    },
    clients: {
      list: async () => {
        asked.push('clients');
        return { items: [], total: 0, next: null };
      },
      get: () => null,
      events: () => ({ items: [], total: 0, next: null }),
    },
    traffic: {
      watch: () => {
        state.watchers += 1;
        return () => void (state.watchers -= 1);
      },
      follow: (names: readonly string[]) => {
        state.followed.push(...names);
        return () => {
          for (const name of names) state.followed.splice(state.followed.indexOf(name), 1);
        };
      },
      version: (topic: string) => topics.get(topic)?.version ?? 0,
      value: (topic: string) => topics.get(topic)?.value ?? null,
      view: () => {
        asked.push('topics');
        work.clock += work.cost;
        return { rows: [work.clock] };
      },
      graph: () => {
        throw new Error('the graph is broken');
      },
      feed: () => {
        state.feeds += 1;
        return {
          take: () => ({ messages: state.news.splice(0), missed: 0 }),
          end: () => void (state.feeds -= 1),
        };
      },
    },
  } as unknown as AdminServices;
  return { services, asked, topics, state, work };
}

function setUp(t: TestContext, options: Partial<{ maxStreams: number; maxStreamsPerAddress: number }> = {}) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const time = { now: 1_000_000 };
  const made = fakes();
  const reports: unknown[] = [];
  const hub = new LiveHub({
    services: made.services,
    maxStreams: 100,
    maxStreamsPerAddress: 20,
    ...options,
    now: () => time.now,
    report: (error) => reports.push(error),
    clock: () => made.work.clock,
  });
  const open = (host = '192.0.2.1', stillThere: () => string | null = () => null) => {
    const connection = new Connection();
    hub.open(connection as unknown as ServerResponse, { host, user: null, key: host, stillThere });
    const [[, hello]] = connection.take() as [[string, { stream: string }]];
    const show = (interest: object) => assert.ok(hub.show(hello.stream, host, interest));
    return { connection, show, id: hello.stream };
  };
  const pass = (milliseconds: number) => {
    for (let at = 0; at < milliseconds; at += 100) {
      time.now += 100;
      made.work.clock = Math.max(made.work.clock, time.now);
      t.mock.timers.tick(100);
    }
  };
  return { ...made, hub, open, pass, reports, time };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const view = topicsView.parse({});

test('what a page shows is sent at once, and again when it changed, at most once a second', (t) => {
  const { open, pass, state, asked } = setUp(t);
  const { connection, show } = open();
  show({ overview: true });
  pass(100);
  assert.deepEqual(connection.take(), [['overview', { n: 1 }]]);
  pass(3000);
  assert.deepEqual(connection.take(), []);
  state.overview = { n: 2 };
  pass(1000);
  assert.deepEqual(connection.take(), [['overview', { n: 2 }]]);
  assert.equal(asked.length, 5);
});

test('the same wish of many pages is asked once', (t) => {
  const { open, pass, asked } = setUp(t);
  const pages = Array.from({ length: 5 }, () => open());
  for (const { show } of pages) show({ topics: view });
  pass(100);
  for (const { connection } of pages) assert.equal(connection.take().length, 1);
  assert.deepEqual(asked, ['topics']);
});

test('a wish in place of another is sent at once, and one that stays is not sent again', (t) => {
  const { open, pass } = setUp(t);
  const { connection, show } = open();
  show({ overview: true, topics: view });
  pass(100);
  connection.take();
  show({ overview: true, topics: { ...view, offset: 50 } });
  pass(100);
  assert.deepEqual(
    connection.take().map(([event]) => event),
    ['topics'],
  );
  show({});
  pass(5000);
  assert.deepEqual(connection.take(), []);
});

test('a connection that has not taken what it was sent gets nothing more, and then what is new', (t) => {
  const { open, pass, state, topics } = setUp(t);
  const { connection, show } = open();
  show({ overview: true, values: ['a'] });
  pass(100);
  connection.take();
  connection.writableLength = 1;
  for (let version = 1; version <= 50; version += 1) {
    topics.set('a', { version, value: { version } });
    state.overview = { version };
    pass(1000);
  }
  assert.deepEqual(connection.sent, []);
  connection.writableLength = 0;
  pass(100);
  assert.deepEqual(connection.take(), [
    ['values', { values: [{ version: 50 }] }],
    ['overview', { version: 50 }],
  ]);
});

test('of values only those that changed are sent, and large ones a few at a time, each in its turn', (t) => {
  const { open, pass, topics } = setUp(t);
  const { connection, show } = open();
  for (const name of ['a', 'b', 'c', 'd'])
    topics.set(name, { version: 1, value: { topic: name, text: 'x'.repeat(150_000) } });
  show({ values: ['a', 'b', 'c', 'd', 'none'] });
  const sent = () =>
    connection.take().flatMap(([, data]) => (data as { values: { topic: string }[] }).values.map(({ topic }) => topic));
  pass(100);
  assert.deepEqual(sent(), ['a', 'b']);
  pass(100);
  assert.deepEqual(sent(), ['c', 'd']);
  pass(1000);
  assert.deepEqual(sent(), []);
  const counts: Record<string, number> = {};
  for (let version = 2; version < 22; version += 1) {
    for (const name of ['a', 'b', 'c', 'd'])
      topics.set(name, { version, value: { topic: name, text: 'x'.repeat(150_000) } });
    pass(100);
    for (const name of sent()) counts[name] = (counts[name] ?? 0) + 1;
  }
  assert.deepEqual(counts, { a: 10, b: 10, c: 10, d: 10 });
});

test('messages of a feed are sent as they come, and collected only while somebody wants them', (t) => {
  const { open, pass, state } = setUp(t);
  const { connection, show } = open();
  show({ feed: ['a/#'] });
  show({ feed: ['a/#'], overview: true });
  assert.equal(state.feeds, 1);
  state.news.push({ topic: 'a/b' });
  pass(100);
  assert.deepEqual(connection.take()[0], ['feed', { messages: [{ topic: 'a/b' }], missed: 0 }]);
  show({ feed: ['b/#'] });
  assert.equal(state.feeds, 1);
  show({});
  assert.equal(state.feeds, 0);
});

test('the traffic is watched while a page shows some of it, and no longer', (t) => {
  const { open, state } = setUp(t);
  const { connection, show } = open();
  show({ overview: true });
  assert.equal(state.watchers, 0);
  show({ values: ['a', 'b'] });
  assert.deepEqual([state.watchers, state.followed], [1, ['a', 'b']]);
  show({ values: ['b', 'c'], topics: view });
  assert.deepEqual([state.watchers, state.followed], [1, ['b', 'c']]);
  connection.emit('close');
  assert.deepEqual([state.watchers, state.followed], [0, []]);
  assert.ok(connection.ended);
});

test('what fails is told, tried again after a minute, and keeps nothing else from being sent', (t) => {
  const { open, pass, reports, services } = setUp(t);
  const { connection, show } = open();
  show({ graph: graphView.parse({}), overview: true });
  pass(59_000);
  assert.deepEqual(
    connection.take().map(([event]) => event),
    ['overview'],
  );
  assert.equal(reports.length, 1);
  Object.assign(services.traffic, {
    graph: () => {
      throw new ApiProblem(400, 'INVALID_FILTER', 'This is no filter.');
    },
  });
  pass(60_000);
  assert.equal(reports.length, 1, 'a wish that cannot be granted is no failure');
});

test('what answers later is sent then, where it is still shown', async (t) => {
  const { open, pass, asked } = setUp(t);
  const { connection, show } = open();
  const clients = { limit: 100, search: '', sort: 'clientId' } as const;
  show({ clients });
  pass(100);
  await settle();
  assert.equal(connection.take().length, 1);
  pass(1000);
  show({});
  await settle();
  assert.deepEqual(connection.take(), []);
  assert.deepEqual(asked, ['clients', 'clients']);
});

test('a look that takes long is taken rarely', (t) => {
  const { open, pass, work, asked } = setUp(t);
  work.cost = 100;
  const { show } = open();
  show({ topics: view });
  pass(10_000);
  assert.ok(asked.length >= 5 && asked.length <= 10, `${asked.length} looks in ten seconds`);
});

test('however many pages show what takes long to look at, a quarter of the time goes there, and each has its turn', (t) => {
  const { open, pass, work, time, asked } = setUp(t);
  const pages = Array.from({ length: 40 }, (_, i) => open(`192.0.2.${i}`));
  for (const [i, { show }] of pages.entries()) show({ topics: topicsView.parse({ search: `${i}` }) });
  work.clock = time.now;
  work.cost = 25;
  pass(10_000);
  assert.ok(asked.length * work.cost <= 10_000 / 4 + 2 * work.cost, `${asked.length} looks`);
  assert.ok(asked.length * work.cost >= 10_000 / 6, `${asked.length} looks`);
  for (const { connection } of pages) assert.ok(connection.take().length > 0);
});

test('a stream on which nothing happens gives a sign of life', (t) => {
  const { open, pass } = setUp(t);
  const { connection } = open();
  pass(14_900);
  assert.deepEqual(connection.sent, []);
  pass(200);
  assert.deepEqual(connection.sent, [':\n\n']);
});

test('who may not look any longer is told why, and its stream ends', (t) => {
  const { open, pass, hub } = setUp(t);
  let reason: string | null = null;
  const { connection } = open('192.0.2.1', () => reason);
  const other = open('192.0.2.2');
  pass(2000);
  reason = 'you logged out';
  pass(1000);
  assert.deepEqual(connection.take(), [['goodbye', { reason }]]);
  assert.ok(connection.ended);
  assert.ok(!other.connection.ended);
  hub.close();
  assert.ok(other.connection.ended);
  assert.equal(hub.size, 0);
});

test('only who opened a stream says what it shows', (t) => {
  const { open, hub } = setUp(t);
  const { id } = open('192.0.2.1');
  assert.equal(hub.show(id, '192.0.2.9', { overview: true }), false);
  assert.equal(hub.show('nonsense', '192.0.2.1', { overview: true }), false);
});

test('streams are bounded, in all and from one address', (t) => {
  const { open, hub } = setUp(t, { maxStreams: 5, maxStreamsPerAddress: 3 });
  const own = [open('192.0.2.1'), open('192.0.2.1'), open('192.0.2.1')];
  assert.throws(() => hub.admit('192.0.2.1'), /3 pages of your address.*maxStreamsPerAddress/);
  open('192.0.2.2');
  open('192.0.2.3');
  assert.throws(() => hub.admit('192.0.2.4'), /5 pages are open.*maxStreams/);
  own[0]!.connection.emit('close');
  hub.admit('192.0.2.1');
  assert.equal(hub.refused, 2);
});

test('a connection that is gone already begins no stream, since nothing would end it', (t) => {
  const { hub } = setUp(t);
  const connection = new Connection();
  connection.destroyed = true;
  hub.open(connection as unknown as ServerResponse, { host: 'h', user: null, key: 'h', stillThere: () => null });
  assert.equal(hub.size, 0);
});
