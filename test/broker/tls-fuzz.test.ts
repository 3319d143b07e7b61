// Handshakes that were damaged on the way: the broker goes on, and each connection ends with one reason at most.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { until } from '../support/broker.ts';
import { Authority } from '../support/certificates.ts';
import { startListener } from '../support/listener.ts';

const RUNS = 300;

/** The first bytes a TLS client sends. */
async function clientHello(t: TestContext): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = connectTls({ port, host: '127.0.0.1' }).on('error', () => {}); // it ends with its peer
  const [socket] = (await once(server, 'connection')) as [ReturnType<typeof connect>];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  return hello;
}

/** Numbers from 0 to below `limit`, the same for the same seed. */
function numbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function damaged(hello: Buffer, next: (limit: number) => number): Buffer {
  const bytes = Buffer.from(hello);
  for (let flips = next(4); flips >= 0; flips--) bytes[next(bytes.length)] = next(256);
  return next(3) === 0 ? bytes.subarray(0, next(bytes.length)) : bytes;
}

test('damaged handshakes end with one reason each at most, and the next client is served', async (t) => {
  const seed = Number(process.env.FUZZ_SEED ?? randomInt(2 ** 31));
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const next = numbers(seed);
  const ca = new Authority(t);
  const tls = { ...ca.issue('server'), ca: ca.file, clientCertificate: 'optional' } as const;
  const { port, listener, refusals, logins, core } = await startListener(t, { tls });
  const hello = await clientHello(t);
  for (let run = 1; run <= RUNS; run++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}); // a reset is a fair answer
    socket.end(damaged(hello, next));
    socket.resume();
    await once(socket, 'close');
  }
  await until('all to be gone', () => listener.connections === 0 && core.connections.size === 0);
  assert.ok(refusals.length > 0 && refusals.length <= RUNS, `${refusals.length} refusals, seed ${seed}`);
  assert.deepEqual(logins, []);
  const good = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  t.after(() => void good.destroy());
  await once(good, 'secureConnect');
});
