import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Random } from '@cauldron/testkit/simulation';
import { until } from './broker.ts';
import { FaultProxy } from './fault-proxy.ts';
import { describeSchedule, type FaultPoint, type FaultSchedule, faultSchedule } from './fault-schedule.ts';

/** One end of a connection through the proxy, and what came of it. */
class End {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  ended = false;
  closed = false;
  error: NodeJS.ErrnoException | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => void this.chunks.push(chunk));
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error;
    });
    socket.on('close', () => {
      this.closed = true;
    });
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

interface Rig {
  readonly proxy: FaultProxy;
  /** The broker's ends, in the order of their connections. */
  readonly accepted: End[];
  join(): Promise<End>;
}

/** A server that only listens, behind a proxy with this plan. */
async function rig(t: TestContext, plan: FaultSchedule): Promise<Rig> {
  const accepted: End[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => void accepted.push(new End(socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await FaultProxy.open(t, (server.address() as { port: number }).port);
  proxy.plan(plan);
  const join = async (): Promise<End> => {
    const end = new End(connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true }));
    t.after(() => end.socket.destroy());
    await once(end.socket, 'connect');
    return end;
  };
  t.after(() => {
    for (const { socket } of accepted) socket.destroy();
    server.close();
  });
  return { proxy, accepted, join };
}

/** Both ends of one connection that this happens to; `from` is where the bytes of that direction come from. */
async function joinedRig(t: TestContext, point: FaultPoint): Promise<{ from: End; to: End }> {
  const { accepted, join } = await rig(t, only(point));
  const client = await join();
  await until('the broker to be reached', () => accepted.length === 1);
  const broker = accepted[0]!;
  return point.direction === 'toBroker' ? { from: client, to: broker } : { from: broker, to: client };
}

const only = (point: FaultPoint): FaultSchedule => [[point]];

test('without a plan everything passes both ways, and so does the end', async (t) => {
  const { proxy, accepted, join } = await rig(t, []);
  const client = await join();
  client.socket.write('to the broker');
  await until('the words to arrive', () => accepted[0]?.text === 'to the broker');
  accepted[0]!.socket.end('to the client');
  await until('the end to arrive', () => client.ended);
  assert.equal(client.text, 'to the client');
  client.socket.end('goodbye');
  await until('the other end to arrive', () => accepted[0]!.closed);
  assert.equal(accepted[0]!.text, 'to the brokergoodbye');
  assert.equal(proxy.connections, 1);
  assert.deepEqual(proxy.history, []);
});

for (const direction of ['toBroker', 'toClient'] as const) {
  for (const at of [1, 5, 70_000]) {
    test(`a cut ${direction} closes both sides after exactly ${at} bytes`, async (t) => {
      const { from, to } = await joinedRig(t, { direction, at, fault: { kind: 'cut', refuseFor: 0 } });
      from.socket.write('x'.repeat(100_000));
      await until('both ends to hear of it', () => from.ended && to.ended);
      assert.equal(to.text.length, at);
    });

    test(`a reset ${direction} comes after exactly ${at} bytes, to both sides`, async (t) => {
      const { from, to } = await joinedRig(t, { direction, at, fault: { kind: 'reset', refuseFor: 0 } });
      from.socket.write('x'.repeat(100_000));
      await until('both ends to hear of it', () => from.closed && to.closed);
      assert.deepEqual([from.error?.code, to.error?.code], ['ECONNRESET', 'ECONNRESET']);
      assert.equal(to.text.length, at);
    });
  }

  for (const [kind, how] of [
    ['cut', { ended: true, error: undefined }],
    ['reset', { ended: false, error: 'ECONNRESET' }],
  ] as const) {
    test(`a ${kind} ${direction} at byte 0 ends a connection that is just made`, async (t) => {
      const { proxy } = await rig(t, only({ direction, at: 0, fault: { kind, refuseFor: 0 } }));
      const client = new End(connect({ port: proxy.port, host: '127.0.0.1' }));
      await until('its end', () => client.closed);
      assert.deepEqual({ ended: client.ended, error: client.error?.code }, how);
      assert.equal(client.text, '');
    });
  }
}

test('a half-close ends one way and leaves the other open', async (t) => {
  const { accepted, join } = await rig(t, only({ direction: 'toBroker', at: 3, fault: { kind: 'halfClose' } }));
  const client = await join();
  client.socket.write('abcdef');
  await until('the end to arrive', () => accepted[0]?.ended === true);
  assert.equal(accepted[0]!.text, 'abc');
  assert.equal(client.ended, false);
  client.socket.write('into the void');
  accepted[0]!.socket.end('still here');
  await until('the answer', () => client.ended);
  assert.equal(client.text, 'still here');
  assert.equal(accepted[0]!.text, 'abc');
});

test('a stall holds bytes back for its time, in its direction only', async (t) => {
  const { accepted, join } = await rig(
    t,
    only({ direction: 'toClient', at: 2, fault: { kind: 'stall', milliseconds: 60 } }),
  );
  const client = await join();
  await until('the broker to be reached', () => accepted.length === 1);
  const since = performance.now();
  accepted[0]!.socket.write('abcd');
  client.socket.write('hello');
  await until('the free way', () => accepted[0]!.text === 'hello');
  await until('what is before the stall', () => client.text === 'ab');
  await until('the rest', () => client.text === 'abcd');
  assert.ok(performance.now() - since >= 59, 'it was held back');
});

test('a stall without an end is a broker that never answers, until the proxy is healed', async (t) => {
  const { proxy, accepted, join } = await rig(
    t,
    only({ direction: 'toBroker', at: 0, fault: { kind: 'stall', milliseconds: null } }),
  );
  const client = await join();
  client.socket.write('anybody?');
  await until('the broker to be reached', () => accepted.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual([accepted[0]!.text, client.closed], ['', false]);
  await proxy.heal();
  await until('the words to arrive', () => accepted[0]!.text === 'anybody?');
});

test('what a side said before it closed still arrives, however slowly', async (t) => {
  const points: FaultPoint[] = [
    { direction: 'toBroker', at: 1, fault: { kind: 'halfClose' } },
    { direction: 'toClient', at: 0, fault: { kind: 'split', most: 1, seed: 1 } },
    { direction: 'toClient', at: 5, fault: { kind: 'stall', milliseconds: 20 } },
  ];
  const { accepted, join } = await rig(t, [points]);
  const client = await join();
  await until('the broker to be reached', () => accepted.length === 1);
  accepted[0]!.socket.end('last words');
  client.socket.write('x');
  await until('both ends to be over', () => client.ended && accepted[0]!.closed);
  assert.equal(client.text, 'last words');
});

test('split bytes come one piece after the other, whole and in order', async (t) => {
  const { accepted, join } = await rig(
    t,
    only({ direction: 'toBroker', at: 4, fault: { kind: 'split', most: 3, seed: 7 } }),
  );
  const client = await join();
  await until('the broker to be reached', () => accepted.length === 1);
  accepted[0]!.socket.setNoDelay(true);
  const sent = `abcd${'0123456789'.repeat(20)}`;
  client.socket.end(sent);
  await until('all of it', () => accepted[0]!.ended);
  const [end] = accepted;
  assert.equal(end!.text, sent);
  assert.ok(end!.chunks.length > 20, `${end!.chunks.length} chunks`);
});

test('after a cut with refusal nobody listens for a while, and then somebody does on the same port', async (t) => {
  const { proxy, join } = await rig(t, only({ direction: 'toClient', at: 0, fault: { kind: 'cut', refuseFor: 500 } }));
  const client = await join();
  await until('the cut', () => client.ended);
  await assert.rejects(join(), { code: 'ECONNREFUSED' });
  let back: End | undefined;
  while (back === undefined) back = await join().catch(() => undefined);
  await until('the broker to be reached', () => proxy.connections === 2);
});

test('healing ends a refusal at once, and the rest of the plan does not happen', async (t) => {
  const cut = { direction: 'toClient', at: 0, fault: { kind: 'cut', refuseFor: 60_000 } } as const;
  const { proxy, accepted, join } = await rig(t, [[cut], [cut]]);
  const client = await join();
  await until('the cut', () => client.ended);
  await proxy.heal();
  const again = await join();
  again.socket.write('hello');
  await until('the words to arrive', () => accepted.at(-1)?.text === 'hello');
});

test('the second connection has the second part of the plan, and the third is left alone', async (t) => {
  const cutAt = (at: number): FaultPoint[] => [{ direction: 'toBroker', at, fault: { kind: 'cut', refuseFor: 0 } }];
  const { accepted, join } = await rig(t, [cutAt(2), cutAt(4)]);
  for (const length of [2, 4, 6]) {
    const client = await join();
    client.socket.end('abcdef');
    await until(`connection with ${length} bytes`, () => accepted.at(-1)?.text.length === length);
    await until('its end', () => accepted.at(-1)!.ended);
  }
  assert.equal(accepted.length, 3);
});

test('a broker that is not there is a reset for the client', async (t) => {
  const { accepted, join, proxy } = await rig(t, []);
  const client = await join();
  await until('the broker to be reached', () => accepted.length === 1);
  accepted[0]!.socket.resetAndDestroy();
  await until('the reset to arrive', () => client.closed);
  assert.equal(client.error?.code, 'ECONNRESET');
  assert.deepEqual(proxy.history, []);
});

test('cutAll ends what is open, and lets others in', async (t) => {
  const { proxy, join } = await rig(t, []);
  const client = await join();
  proxy.cutAll();
  await until('the cut', () => client.ended);
  await join();
});

test('a seed gives the same schedule every time, within its bounds, and other seeds others', () => {
  const bounds = { endings: [2, 6], bytes: { toBroker: 3000, toClient: 500 }, longest: 40 } as const;
  const made = (seed: number) => faultSchedule(new Random(seed), bounds);
  assert.deepEqual(made(5), made(5));
  assert.notDeepEqual(made(5), made(6));
  const kinds = new Set<string>();
  for (let seed = 1; seed <= 200; seed++) {
    const schedule = made(seed);
    assert.ok(schedule.length >= 2 && schedule.length <= 6);
    for (const { direction, at, fault } of schedule.flat()) {
      kinds.add(fault.kind);
      assert.ok(at < bounds.bytes[direction]);
      if (fault.kind === 'stall') assert.ok(fault.milliseconds! <= bounds.longest);
    }
  }
  assert.deepEqual([...kinds].sort(), ['cut', 'halfClose', 'reset', 'split', 'stall']);
});

test('a schedule is printed a line per connection', () => {
  const text = describeSchedule([
    [
      { direction: 'toBroker', at: 12, fault: { kind: 'split', most: 3, seed: 1 } },
      { direction: 'toClient', at: 40, fault: { kind: 'reset', refuseFor: 15 } },
    ],
    [{ direction: 'toClient', at: 0, fault: { kind: 'stall', milliseconds: null } }],
  ]);
  assert.equal(
    text,
    'connection 1: split into 1 to 3 bytes after 12 bytes to the broker; reset and 15 ms of refusal after 40 bytes to the client\n' +
      'connection 2: stall until healed after 0 bytes to the client',
  );
});
