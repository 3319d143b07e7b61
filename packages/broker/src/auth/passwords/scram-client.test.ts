// SCRAM-SHA-256 as a client of MQTT 5 does it: through a broker, and the chain of providers.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AuthPacket, type ConnackPacket, type Packet, PacketType, ReasonCode } from '@cauldron/protocol';
import { ScramClient, TestBroker, type TestClient } from '@cauldron/testkit';
import { defaultAuthentication } from '../authentication-options.ts';
import { ProviderChain } from '../provider-chain.ts';
import { nodeHashFunctions } from './hash-functions.ts';
import { PasswordFileProvider } from './password-file-provider.ts';
import { createScramVerifier } from './scram-verifier.ts';

const METHOD = 'SCRAM-SHA-256';

/** A broker whose users ann and bob have the password "secret", as SCRAM lines only. */
async function brokerWithUsers(t: TestContext): Promise<TestBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-scram-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { text } = await createScramVerifier(new TextEncoder().encode('secret'), nodeHashFunctions, 10);
  const file = join(folder, 'passwords');
  writeFileSync(file, `ann:${text}\nbob:${text}\n`, { mode: 0o600 });
  const provider = await PasswordFileProvider.open({ file, argon2: { memory: 64, passes: 1, parallelism: 1 } });
  const options = { ...defaultAuthentication, refusalTime: 0 };
  const chain = new ProviderChain([{ provider }], options, { anonymous: () => false, clock: () => 0 });
  t.after(() => chain.close());
  return new TestBroker({ authenticator: chain });
}

/** The next packet a client gets; providers answer in their own time. */
async function next(client: TestClient): Promise<Packet> {
  for (let turns = 0; turns < 2000; turns++) {
    const [packet] = client.take();
    if (packet !== undefined) return packet;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error('no packet came');
}

/** Says the first message with CONNECT, the second with AUTH; what came after each. */
async function logIn(client: TestClient, scram: ScramClient): Promise<{ first: AuthPacket; last: Packet }> {
  client.send({
    type: PacketType.connect,
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 0,
    clientId: 'c',
    properties: { authenticationMethod: METHOD, authenticationData: scram.first() },
  });
  const first = (await next(client)) as AuthPacket;
  assert.equal(first.type, PacketType.auth);
  return { first, last: await answer(client, scram, first) };
}

function answer(client: TestClient, scram: ScramClient, first: AuthPacket): Promise<Packet> {
  client.send({
    type: PacketType.auth,
    reasonCode: ReasonCode.continueAuthentication,
    properties: {
      authenticationMethod: METHOD,
      authenticationData: scram.final(first.properties!.authenticationData!),
    },
  });
  return next(client);
}

function again(client: TestClient, scram: ScramClient): Promise<Packet> {
  client.send({
    type: PacketType.auth,
    reasonCode: ReasonCode.reauthenticate,
    properties: { authenticationMethod: METHOD, authenticationData: scram.first() },
  });
  return next(client);
}

test('a client logs in with SCRAM, and the CONNACK proves the broker to it', async (t) => {
  const broker = await brokerWithUsers(t);
  const client = broker.open();
  const scram = new ScramClient({ username: 'ann', password: 'secret' });
  const { first, last } = await logIn(client, scram);
  const connack = last as ConnackPacket;
  assert.equal(first.reasonCode, ReasonCode.continueAuthentication);
  assert.deepEqual([connack.type, connack.reasonCode], [PacketType.connack, ReasonCode.success]);
  assert.equal(connack.properties?.authenticationMethod, METHOD);
  assert.equal(scram.isServer(connack.properties!.authenticationData!), true);
});

test('a wrong password and an unknown name are refused alike', async (t) => {
  const broker = await brokerWithUsers(t);
  const refusals: unknown[] = [];
  for (const [username, password] of [
    ['ann', 'wrong'],
    ['nobody', 'secret'],
  ] as const) {
    const client = broker.open();
    const { last } = await logIn(client, new ScramClient({ username, password }));
    assert.equal((last as ConnackPacket).type, PacketType.connack);
    refusals.push(last);
    assert.equal(client.closed, true);
  }
  assert.deepEqual(refusals[0], refusals[1]);
  assert.equal((refusals[0] as ConnackPacket).reasonCode, ReasonCode.badUserNameOrPassword);
});

test('a connected client authenticates again as itself, and not as another user', async (t) => {
  const broker = await brokerWithUsers(t);
  const client = broker.open();
  await logIn(client, new ScramClient({ username: 'ann', password: 'secret' }));
  const same = new ScramClient({ username: 'ann', password: 'secret' });
  const success = (await answer(client, same, (await again(client, same)) as AuthPacket)) as AuthPacket;
  assert.deepEqual([success.type, success.reasonCode], [PacketType.auth, ReasonCode.success]);
  assert.equal(same.isServer(success.properties!.authenticationData!), true);
  client.send({ type: PacketType.pingreq });
  assert.equal((await next(client)).type, PacketType.pingresp);

  const refused = await again(client, new ScramClient({ username: 'bob', password: 'secret' }));
  assert.equal(refused.type, PacketType.disconnect);
  assert.equal(client.closed, true);
});

test('a user with nothing but a SCRAM line also logs in by user name and password', async (t) => {
  const broker = await brokerWithUsers(t);
  for (const [password, reasonCode] of [
    ['secret', ReasonCode.success],
    ['wrong', ReasonCode.badUserNameOrPassword],
  ] as const) {
    const client = broker.open();
    client.send({
      type: PacketType.connect,
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 0,
      clientId: 'c',
      username: 'ann',
      password: new TextEncoder().encode(password),
    });
    assert.equal(((await next(client)) as ConnackPacket).reasonCode, reasonCode, password);
  }
});
