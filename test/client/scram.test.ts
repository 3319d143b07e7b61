// `scram()` of the client against the broker's password files, and against brokers that lie.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createScramVerifier, nodeHashFunctions } from '@cauldron/broker/passwords';
import { type Client, connect, MqttError, type NodeClientOptions } from '@cauldron/client';
import { scram } from '@cauldron/client/scram';
import { encodePacket, type Packet, PacketType, ReasonCode } from '@cauldron/protocol';
import { FakeBroker } from '@cauldron/testkit/fake-broker';
import { startBroker } from '../support/broker.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Names and passwords that are written in several ways. */
const USERS = { ann: 'pencil', 'b=e,n': 'p\u00e4ss', IX: 'a b' } as const;

async function brokerOf(t: TestContext, users: Readonly<Record<string, string>>, iterations = 4096): Promise<number> {
  const file = join(tempDir(t), 'passwords');
  const lines = Object.entries(users).map(async ([name, password]) => {
    const verifier = await createScramVerifier(Buffer.from(password), nodeHashFunctions, iterations);
    return `${name}:${verifier.text}\n`;
  });
  writeFileSync(file, (await Promise.all(lines)).join(''), { mode: 0o600 });
  const providers = [{ type: 'password-file' as const, file }];
  const authentication = { providers, refusalTime: 0, failuresBeforeDelay: 0 };
  const { port } = await startBroker(t, {
    authentication,
    authorization: { rules: [{ allow: 'readwrite', topic: '#' }] },
  });
  return port;
}

async function enter(t: TestContext, port: number, options: NodeClientOptions): Promise<Client> {
  const client = await connect(`mqtt://127.0.0.1:${port}`, options);
  t.after(() => client.end());
  return client;
}

test('a user logs in with SCRAM, however name and password are typed, and the password is not in any packet', async (t) => {
  const port = await brokerOf(t, USERS);
  for (const [name, password] of [...Object.entries(USERS), ['\u2168', 'a\u00a0b'], ['ann', 'pen\u00adcil']] as const) {
    const sent: Packet[] = [];
    const trace = (direction: string, packet: Packet) => direction === 'sent' && sent.push(packet);
    const client = await enter(t, port, { authentication: scram(name, () => Promise.resolve(password)), trace });
    assert.equal((await client.publish('a', 'b', { qos: 1 })).reasonCode, 0x10);
    assert.deepEqual(
      sent.slice(0, 2).map(({ type }) => type),
      [PacketType.connect, PacketType.auth],
    );
    const wire = Buffer.concat(sent.map((packet) => encodePacket(packet, 5))).toString('latin1');
    assert.equal(wire.includes(Buffer.from(password).toString('latin1')), false);
  }
});

test('a wrong password and an unknown user are refused alike', async (t) => {
  const port = await brokerOf(t, USERS, 15_000);
  const texts = [];
  for (const authentication of [scram('ann', 'wrong'), scram('nobody', 'pencil')]) {
    const error = await enter(t, port, { authentication }).catch((error: Error) => error);
    assert.ok(error instanceof MqttError);
    assert.equal(error.reasonCode, ReasonCode.badUserNameOrPassword);
    texts.push(error.message);
  }
  assert.equal(texts[0], texts[1]);
});

test('a client authenticates again while connected, and is disconnected when its password is no longer right', async (t) => {
  const port = await brokerOf(t, USERS);
  let password = 'pencil';
  const client = await enter(t, port, { authentication: scram('ann', () => password), reconnect: false });
  await client.reauthenticate();
  await Promise.all([client.reauthenticate(), assert.rejects(client.reauthenticate(), /under way already/)]);
  assert.equal((await client.publish('a', 'b', { qos: 1 })).reasonCode, 0x10);
  password = 'wrong';
  await assert.rejects(client.reauthenticate(), { code: 'CONNECTION_CLOSED' });
  assert.match((await client.closed)!.message, /ended the connection/);
});

test('a broker with fewer iterations than 4096 is refused before it gets a proof, unless that is allowed', async (t) => {
  const port = await brokerOf(t, { ann: 'pencil' }, 4000);
  const sent: number[] = [];
  const trace: NodeClientOptions['trace'] = (direction, { type }) => direction === 'sent' && sent.push(type);
  const refused = connect(`mqtt://127.0.0.1:${port}`, { authentication: scram('ann', 'pencil'), trace });
  await assert.rejects(refused, { code: 'NOT_AUTHORIZED', message: /4000 times only/ });
  assert.deepEqual(sent, [PacketType.connect]);
  await enter(t, port, { authentication: scram('ann', 'pencil', { minIterations: 4000 }) });
});

test('a password function that fails ends the attempt with its error', async (t) => {
  const port = await brokerOf(t, { ann: 'pencil' });
  const authentication = scram('ann', () => Promise.reject(new Error('the vault is closed')));
  await assert.rejects(enter(t, port, { authentication }), { code: 'NOT_AUTHORIZED', message: /vault is closed/ });
});

/** A broker that speaks SCRAM without knowing any password, and then says `last`. */
function impostor(t: TestContext, last: string | undefined, skip = false): Promise<FakeBroker> {
  const method = { authenticationMethod: 'SCRAM-SHA-256' };
  const data = (text: string) => ({ ...method, authenticationData: Buffer.from(text) });
  const broker = FakeBroker.listen((packet, link) => {
    if (packet.type === PacketType.connect && !skip) {
      const nonce = /r=(.*)/.exec(Buffer.from(packet.properties!.authenticationData!).toString())![1];
      const properties = data(`r=${nonce}more,s=c2FsdA==,i=4096`);
      link.send({ type: PacketType.auth, reasonCode: ReasonCode.continueAuthentication, properties });
      return true;
    }
    if (packet.type !== PacketType.auth && !skip) return undefined;
    const properties = last === undefined ? method : data(last);
    link.send({ type: PacketType.connack, sessionPresent: false, reasonCode: 0, properties });
    return true;
  });
  void broker.then((made) => t.after(() => made.close()));
  return broker;
}

for (const [what, last, skip] of [
  ['forges its last message', `v=${'A'.repeat(43)}=`, false],
  ['leaves out its last message', undefined, false],
  ['accepts without asking for a proof', `v=${'A'.repeat(43)}=`, true],
] as const) {
  test(`a broker that ${what} is left before anything is published to it`, async (t) => {
    const broker = await impostor(t, last, skip);
    const connecting = enter(t, broker.port, { authentication: scram('ann', 'pencil') });
    await assert.rejects(connecting, { code: 'NOT_AUTHORIZED', message: /did not prove that it knows the password/ });
    assert.deepEqual(broker.all(PacketType.publish), []);
  });
}

test('messages that come right behind the CONNACK wait until the broker has proven itself', async (t) => {
  const port = await brokerOf(t, { ann: 'pencil' });
  const options = { authentication: scram('ann', 'pencil'), clientId: 'c', cleanStart: false, sessionExpiry: 100 };
  const before = await connect(`mqtt://127.0.0.1:${port}`, options);
  await before.on('a', () => undefined, { qos: 1 });
  await before.end();
  const other = await enter(t, port, { authentication: scram('ann', 'pencil') });
  for (let i = 0; i < 20; i++) await other.publish('a', `${i}`, { qos: 1 });
  const got: string[] = [];
  const all = Promise.withResolvers<void>();
  const onMessage: NodeClientOptions['onMessage'] = (message) => {
    if (got.push(message.text()) === 20) all.resolve();
  };
  const client = await enter(t, port, { ...options, onMessage });
  assert.equal(client.sessionPresent, true);
  await all.promise;
  assert.deepEqual(
    got,
    Array.from({ length: 20 }, (_, i) => `${i}`),
  );
});

test('a client that authenticates does not fall back to MQTT 3.1.1, which knows nothing of it', async (t) => {
  const versions: number[] = [];
  const broker = await FakeBroker.listen((packet, link) => {
    if (packet.type !== PacketType.connect) return undefined;
    versions.push(packet.protocolVersion);
    link.cut();
    return true;
  });
  t.after(() => broker.close());
  await assert.rejects(enter(t, broker.port, { authentication: scram('ann', 'pencil') }));
  assert.deepEqual(versions, [5]);
});
