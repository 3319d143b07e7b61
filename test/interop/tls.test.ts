// TLS as clients meet it: openssl s_client, the mosquitto clients and MQTT.js.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { until } from '../support/broker.ts';
import { Authority, type Issued } from '../support/certificates.ts';
import { startListener } from '../support/listener.ts';
import { startProcess } from '../support/process.ts';
import { findTool } from '../support/tools.ts';

const SERVER_NAMES = 'DNS:localhost,IP:127.0.0.1';
/** The beginning of a ClientHello. */
const HALF_A_HELLO = Uint8Array.of(0x16, 3, 1, 2, 0);

interface Handshake {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs openssl s_client until the handshake is over. */
async function sClient(t: TestContext, port: number, ...args: readonly string[]): Promise<Handshake> {
  const all = ['s_client', '-connect', `127.0.0.1:${port}`, '-brief', '-ign_eof', ...args];
  const child = startProcess(t, findTool('openssl'), all);
  const established = child.waitForLine(/CONNECTION ESTABLISHED/).then(
    () => true,
    () => false,
  );
  const ok = await Promise.race([established, child.waitForExit().then(() => false)]);
  if (ok) await new Promise((resolve) => setTimeout(resolve, 50));
  return { ok, output: `${child.stdout}\n${child.stderr}` };
}

async function join(t: TestContext, port: number, options: IClientOptions): Promise<MqttClient> {
  const client = connect(`mqtts://localhost:${port}`, { reconnectPeriod: 0, family: 4, ...options } as IClientOptions);
  t.after(() => void client.end(true));
  await new Promise<void>((resolve, reject) => void client.once('connect', () => resolve()).once('error', reject));
  return client;
}

/** Publishes with mosquitto_pub; resolves with its exit code and what it said. */
async function mosquittoPub(t: TestContext, args: readonly string[]): Promise<{ code: number | null; said: string }> {
  const child = startProcess(t, findTool('mosquitto_pub'), ['-t', 'a', '-m', 'hello', '-q', '1', ...args]);
  const { code } = await child.waitForExit();
  return { code, said: child.stderr };
}

function filesOf({ cert, key }: Issued): string[] {
  return ['--cert', cert, '--key', key];
}

test('TLS 1.3 and 1.2 are spoken, older versions are refused with a reason', async (t) => {
  const ca = new Authority(t);
  const server = ca.issue('server', { san: SERVER_NAMES });
  const { port, refusals } = await startListener(t, { tls: server });
  const newest = await sClient(t, port, '-CAfile', ca.file, '-verify_return_error');
  assert.match(newest.output, /Protocol version: TLSv1\.3/);
  assert.match((await sClient(t, port, '-tls1_2')).output, /Protocol version: TLSv1\.2/);
  const old = await sClient(t, port, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0');
  assert.equal(old.ok, false);
  assert.match(old.output, /alert protocol version/);
  assert.deepEqual(refusals, ['it offers no TLS version that is accepted (tls.minVersion)']);
});

test('minVersion 1.3 refuses 1.2', async (t) => {
  const ca = new Authority(t);
  const { port, refusals } = await startListener(t, { tls: { ...ca.issue('server'), minVersion: '1.3' } });
  assert.equal((await sClient(t, port, '-tls1_2')).ok, false);
  assert.equal((await sClient(t, port, '-tls1_3')).ok, true);
  assert.deepEqual(refusals, ['it offers no TLS version that is accepted (tls.minVersion)']);
});

test('a client that cannot be given what it speaks is refused with the reason, and others are served', async (t) => {
  const ca = new Authority(t);
  const server = ca.issue('server', { san: SERVER_NAMES });
  const { port, refusals, logins } = await startListener(t, { tls: server });
  assert.equal((await sClient(t, port, '-tls1_2', '-cipher', 'AES256-SHA')).ok, false);
  const plain = await mosquittoPub(t, ['-h', '127.0.0.1', '-p', String(port)]);
  assert.notEqual(plain.code, 0);
  const stranger = new Authority(t, 'Another');
  const distrusting = await mosquittoPub(t, ['-h', 'localhost', '-p', String(port), '--cafile', stranger.file]);
  assert.notEqual(distrusting.code, 0);
  await until('three refusals', () => refusals.length === 3);
  assert.match(refusals[0]!, /no cipher that is accepted/);
  assert.equal(refusals[1], 'it does not speak TLS');
  assert.equal(refusals[2], "it does not accept the broker's certificate");
  assert.deepEqual(logins, []);
  const good = await mosquittoPub(t, ['-h', 'localhost', '-p', String(port), '--cafile', ca.file]);
  assert.deepEqual(good, { code: 0, said: '' });
  assert.deepEqual(
    logins.map(({ peer }) => peer),
    [undefined],
  );
});

test('a client certificate names the user by its common name, or by its alternative name', async (t) => {
  const ca = new Authority(t);
  const server = ca.issue('server', { san: SERVER_NAMES });
  const ann = ca.issue('ann', { san: 'IP:192.0.2.1,email:ann@example.org,DNS:ann.example.org' });
  for (const [usernameFrom, username] of [
    [undefined, 'ann'],
    ['san', 'ann@example.org'],
  ] as const) {
    const tls = { ...server, ca: ca.file, clientCertificate: 'require', usernameFrom } as const;
    const { port, logins } = await startListener(t, { tls });
    const at = ['-h', 'localhost', '-p', String(port), '--cafile', ca.file];
    assert.deepEqual(await mosquittoPub(t, [...at, ...filesOf(ann)]), { code: 0, said: '' });
    await join(t, port, { ca: readFileSync(ca.file), cert: readFileSync(ann.cert), key: readFileSync(ann.key) });
    const expected = { by: 'certificate', username };
    assert.deepEqual([logins[0]?.peer, logins[1]?.peer], [expected, expected]);
  }
});

test('a client certificate that is missing, expired, revoked, of an unknown authority or not for clients lets nobody in, and the log says why', async (t) => {
  const ca = new Authority(t);
  const server = ca.issue('server', { san: SERVER_NAMES });
  const revoked = ca.issue('revoked');
  const crl = ca.revoke(revoked);
  const tls = { ...server, ca: ca.file, crl, clientCertificate: 'require' } as const;
  const { port, refusals, logins, listener } = await startListener(t, { tls });
  const at = ['-h', 'localhost', '-p', String(port), '--cafile', ca.file];
  const cases: [string[], RegExp][] = [
    [[], /^it sent no certificate, and this listener requires one/],
    [filesOf(ca.issue('late', { expired: true })), /it has expired$/],
    [filesOf(revoked), /it was revoked$/],
    [filesOf(new Authority(t, 'Other').issue('eve')), /unknown authority/],
    [filesOf(ca.issue('web', { usage: 'serverAuth' })), /not issued for clients/],
    [filesOf(ca.issue('nobody', { subject: '/O=None' })), /no common name/],
  ];
  for (const version of ['tlsv1.3', 'tlsv1.2']) {
    for (const [files, reason] of cases) {
      refusals.length = 0;
      const { code } = await mosquittoPub(t, [...at, ...files, '--tls-version', version]);
      assert.notEqual(code, 0);
      await until(`the reason ${reason}`, () => refusals.length > 0 && listener.connections === 0);
      assert.equal(refusals.length, 1, refusals.join('; '));
      assert.match(refusals[0]!, reason);
    }
  }
  const missing = await sClient(t, port, '-tls1_3');
  assert.match(missing.output, /alert certificate required/);
  assert.deepEqual(logins, []);
  const good = await mosquittoPub(t, [...at, ...filesOf(ca.issue('ann'))]);
  assert.deepEqual(good, { code: 0, said: '' });
});

test('an optional certificate may be missing, but not invalid', async (t) => {
  const ca = new Authority(t);
  const server = ca.issue('server', { san: SERVER_NAMES });
  const tls = { ...server, ca: ca.file, clientCertificate: 'optional' } as const;
  const { port, refusals, logins } = await startListener(t, { tls });
  const at = ['-h', 'localhost', '-p', String(port), '--cafile', ca.file];
  assert.equal((await mosquittoPub(t, at)).code, 0);
  assert.equal((await mosquittoPub(t, [...at, ...filesOf(ca.issue('ann'))])).code, 0);
  assert.deepEqual(
    logins.map(({ peer }) => peer?.username),
    [undefined, 'ann'],
  );
  assert.notEqual((await mosquittoPub(t, [...at, ...filesOf(ca.issue('late', { expired: true }))])).code, 0);
  assert.match(refusals.join(), /it has expired/);
});

/** Connects twice, the second time with the session of the first; whether the broker took it up. */
async function resumes(port: number, options: ConnectionOptions): Promise<boolean> {
  let session: Buffer | undefined;
  for (let times = 0; ; times++) {
    const socket = connectTls({ port, host: '127.0.0.1', ...options, ...(session === undefined ? {} : { session }) });
    socket.on('session', (given) => {
      session = given;
    });
    await once(socket, 'secureConnect');
    // Sessions of TLS 1.3 come behind the handshake.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const reused = socket.isSessionReused();
    socket.destroy();
    if (times === 1) return reused;
  }
}

test('a session is not resumed where clients show certificates: one revoked since is refused at once', async (t) => {
  const ca = new Authority(t);
  const server = ca.issue('server', { san: SERVER_NAMES });
  const ann = ca.issue('ann');
  const crl = ca.revoke();
  const tls = { ...server, ca: ca.file, crl, clientCertificate: 'require' } as const;
  const { port, listener, refusals } = await startListener(t, { tls });
  const { port: withoutPort } = await startListener(t, { tls: server });
  const files = { ca: readFileSync(ca.file), cert: readFileSync(ann.cert), key: readFileSync(ann.key) };
  for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
    const options = { ...files, minVersion: version, maxVersion: version };
    assert.equal(await resumes(port, options), false);
    assert.equal(await resumes(withoutPort, options), true);
  }
  assert.deepEqual(refusals, []);
  ca.revoke(ann);
  await listener.reload();
  await sClient(t, port, '-cert', ann.cert, '-key', ann.key);
  await until('the refusal', () => refusals.length === 1);
  assert.match(refusals[0]!, /it was revoked/);
});

test('a TLS 1.2 client cannot have the handshake done again and again', async (t) => {
  const ca = new Authority(t);
  const { port } = await startListener(t, { tls: ca.issue('server') });
  const child = startProcess(t, findTool('openssl'), ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2']);
  await child.waitForLine(/Verify return code/);
  child.write('R\n');
  await child.waitForLine(/RENEGOTIATING/);
  await child.waitForLine(/no renegotiation/);
});

test('certificates are replaced while clients stay; a file that cannot be used changes nothing', async (t) => {
  const ca = new Authority(t);
  const server = ca.issue('server', { san: SERVER_NAMES });
  const files = { cert: `${ca.folder}/in-use.pem`, key: `${ca.folder}/in-use.key` };
  const install = ({ cert, key }: Issued): void => {
    copyFileSync(cert, files.cert);
    copyFileSync(key, files.key);
  };
  install(server);
  const { port, listener } = await startListener(t, { tls: files });
  const client = await join(t, port, { ca: readFileSync(ca.file) });
  const got: string[] = [];
  client.on('message', (_topic, payload) => void got.push(String(payload)));
  await client.subscribeAsync('a');
  install(ca.issue('replacement', { san: SERVER_NAMES }));
  await listener.reload();
  assert.match((await sClient(t, port)).output, /Peer certificate: CN = replacement/);
  writeFileSync(files.cert, 'broken');
  await assert.rejects(listener.reload(), {
    code: 'TLS_FILE',
    message: /tls\.cert: .*in-use\.pem: there is no certif/,
  });
  assert.match((await sClient(t, port)).output, /Peer certificate: CN = replacement/);
  await client.publishAsync('a', 'still here', { qos: 1 });
  await until('its own message', () => got.length === 1);
  assert.ok(client.connected);
});

test('each host name gets its own certificate, also by wildcard, and any other the default', async (t) => {
  const ca = new Authority(t);
  const server = ca.issue('default', { san: SERVER_NAMES });
  const sni = [
    { host: 'Mqtt.example.org', ...ca.issue('exact') },
    { host: '*.example.org', ...ca.issue('wildcard') },
  ];
  const { port } = await startListener(t, { tls: { ...server, sni } });
  for (const [host, name] of [
    ['mqtt.example.org', 'exact'],
    ['other.EXAMPLE.org', 'wildcard'],
    ['deep.other.example.org', 'default'],
    ['example.org', 'default'],
  ] as const) {
    const { output } = await sClient(t, port, '-servername', host);
    assert.match(output, new RegExp(`Peer certificate: CN = ${name}`), host);
  }
  assert.match((await sClient(t, port, '-noservername')).output, /Peer certificate: CN = default/);
});

test('MQTT.js gets megabytes through TLS both ways, unharmed and in order', async (t) => {
  const ca = new Authority(t);
  const { port } = await startListener(t, { tls: ca.issue('server', { san: SERVER_NAMES }) });
  const client = await join(t, port, { ca: readFileSync(ca.file), protocolVersion: 5 });
  const sizes = [3_000_000, 1, 65_536, 200_000, 16_384, 0];
  const got: Buffer[] = [];
  client.on('message', (_topic, payload) => void got.push(payload));
  await client.subscribeAsync('a', { qos: 1 });
  const sent = sizes.map((size) => Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255)));
  for (const payload of sent) await client.publishAsync('a', payload, { qos: 1 });
  await until('all messages', () => got.length === sent.length);
  sent.forEach((payload, i) => void assert.ok(payload.equals(got[i]!), `${payload.length} bytes came back changed`));
});

test('who says nothing, or only half of a handshake, is closed by the connect time-out and told of once', async (t) => {
  const ca = new Authority(t);
  const tls = ca.issue('server');
  const { port, listener, refusals } = await startListener(t, { tls }, { connectTimeout: 0.2 });
  const silent = connectTcp(port, '127.0.0.1');
  const slow = connectTcp(port, '127.0.0.1');
  t.after(() => void silent.destroy());
  t.after(() => void slow.destroy());
  slow.write(HALF_A_HELLO);
  await until('both connections', () => listener.connections === 2);
  await until('both to be closed', () => listener.connections === 0);
  assert.equal(refusals.length, 2);
  for (const reason of refusals) assert.match(reason, /no CONNECT was completed within 0\.2 s/);
});

test('a look whether the port is open is not worth a word, half a handshake is', async (t) => {
  const ca = new Authority(t);
  const { port, refusals, listener, core } = await startListener(t, { tls: ca.issue('server') });
  const scan = connectTcp(port, '127.0.0.1');
  await until('it to be there', () => core.metrics.connectionsAccepted === 1);
  scan.destroy();
  await until('it to be gone', () => listener.connections === 0);
  assert.deepEqual(refusals, []);
  const half = connectTcp(port, '127.0.0.1');
  half.write(HALF_A_HELLO);
  await until('the second to be there', () => core.metrics.connectionsAccepted === 2);
  await new Promise((resolve) => setTimeout(resolve, 50));
  half.destroy();
  await until('the second to be gone', () => listener.connections === 0);
  assert.deepEqual(refusals, ['it closed the connection during the TLS handshake']);
});

test('a TLS client that does not read is held back, loses nothing of QoS 1, and gets the rest when it reads', async (t) => {
  const ca = new Authority(t);
  const { port, core } = await startListener(t, { tls: ca.issue('server') }, { maxOutboundBytes: 100_000 });
  const trust = { ca: readFileSync(ca.file), checkServerIdentity: () => undefined };
  const socket = connectTls({ port, host: '127.0.0.1', ...trust });
  t.after(() => void socket.destroy());
  // CONNECT (3.1.1, clean, client identifier "s") and SUBSCRIBE to "a" with QoS 0.
  socket.write(Buffer.from('100d00044d515454040200000001738206000100016100', 'hex'));
  await until('the subscription', () => core.metrics.messagesReceived === 2);
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.pause();
  const payload = new Uint8Array(50_000);
  for (let i = 0; i < 800; i++) {
    core.publish({ topic: 'a', payload, qos: 0, retain: false, properties: undefined });
    await new Promise(setImmediate);
  }
  assert.ok(core.metrics.droppedSlowConsumer > 0);
  const [connection] = core.connections;
  assert.ok((connection?.link.pending ?? 0) < 400_000, `${connection?.link.pending} bytes wait`);
  socket.resume();
  await until('all that was not dropped to go out', () => connection?.link.pending === 0);
  const before = core.metrics.publishSent;
  core.publish({ topic: 'a', payload, qos: 0, retain: false, properties: undefined });
  assert.equal(core.metrics.publishSent, before + 1);
});
