// Interceptors, authenticators and authorizers of a program, as clients on real sockets meet them.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Authenticator, Authorizer } from '@cauldron/broker';
import { type Client, connect, type NodeClientOptions } from '@cauldron/client';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { nextEvent, startBroker, until } from '../support/broker.ts';
import { connectOf, RawClient } from '../support/raw-client.ts';
import { reasonCodeOf } from '../support/reason-code.ts';

async function join(t: TestContext, port: number, options: NodeClientOptions = {}): Promise<Client> {
  const client = await connect(`mqtt://127.0.0.1:${port}`, options);
  t.after(() => client.end());
  return client;
}

const utf8 = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

test('interceptors change, drop and refuse messages, in their order, and can be removed', async (t) => {
  const { broker, port } = await startBroker(
    t,
    {},
    {
      interceptors: [
        {
          intercept(draft, client) {
            draft.properties = { ...draft.properties, userProperties: [['from', client?.clientId ?? 'the program']] };
            return draft.topic === 'drop' ? 'drop' : undefined;
          },
        },
      ],
    },
  );
  const remove = broker.intercept({
    intercept(draft) {
      draft.topic = `seen/${draft.topic}`;
      const reason = 'no shouting here';
      return utf8(draft.payload) === 'LOUD' ? { reasonCode: ReasonCode.payloadFormatInvalid, reason } : undefined;
    },
  });
  const got: string[] = [];
  broker.subscribe('#', ({ topic, properties }) => {
    got.push(`${topic} ${properties?.userProperties?.[0]?.[1] ?? 'nobody'}`);
  });
  const client = await join(t, port, { clientId: 'ann' });
  assert.equal((await client.publish('a', 'x', { qos: 1 })).reasonCode, ReasonCode.success);
  assert.equal((await client.publish('drop', 'x', { qos: 1 })).reasonCode, ReasonCode.success);
  await assert.rejects(client.publish('a', 'LOUD', { qos: 1 }), {
    code: 'PUBLISH_REFUSED',
    reasonCode: ReasonCode.payloadFormatInvalid,
    message: /no shouting here/,
  });
  assert.equal(broker.publish('b', 'LOUD'), ReasonCode.payloadFormatInvalid);
  remove();
  broker.publish('b', 'LOUD');
  await until('two messages', () => got.length === 2);
  assert.deepEqual(got, ['seen/a ann', 'b the program']);
});

test('an authenticator that answers later holds back its client only, and may rename the user', async (t) => {
  const held = Promise.withResolvers<void>();
  const authenticator: Authenticator = {
    authenticate: async ({ username, password, listener, remoteAddress }) => {
      if (username === 'slow') await held.promise;
      assert.match(remoteAddress, /^127\.0\.0\.1:\d+$/);
      return utf8(password) === 'secret'
        ? { outcome: 'accept', username: `${username}@${listener}` }
        : { outcome: 'refuse', reasonCode: ReasonCode.badUserNameOrPassword, reasonString: 'wrong password' };
    },
  };
  const { broker, port } = await startBroker(t, { listeners: [{ name: 'home', port: 0 }] }, { authenticator });
  const arrived = nextEvent(broker, 'connect', (client) => client.username === 'slow@home');
  const slow = join(t, port, { username: 'slow', password: 'secret' });
  const quick = await join(t, port, { username: 'quick', password: 'secret' });
  await quick.on('works', () => {});
  const refused = nextEvent(broker, 'refuse');
  await assert.rejects(join(t, port, { username: 'quick', password: 'guess', clientId: 'guesser' }), {
    reasonCode: ReasonCode.badUserNameOrPassword,
    message: /wrong password/,
  });
  assert.deepEqual((await refused).slice(1), [
    'guesser',
    { reasonCode: ReasonCode.badUserNameOrPassword, reason: 'wrong password' },
  ]);
  held.resolve();
  await Promise.all([slow, arrived]);
});

test('an authenticator sends a client to another server with 0x9D and its name', async (t) => {
  const { port } = await startBroker(
    t,
    {},
    {
      authenticator: {
        authenticate: () => ({
          outcome: 'refuse',
          reasonCode: ReasonCode.serverMoved,
          serverReference: 'new.example:1883',
        }),
      },
    },
  );
  await assert.rejects(join(t, port, { redirect: 'ignore' }), {
    reasonCode: ReasonCode.serverMoved,
    message: /new\.example:1883/,
  });
});

test('a client refused after a wait is gone at once, not when it is given up on', async (t) => {
  const refusal = { outcome: 'refuse', reasonCode: ReasonCode.notAuthorized } as const;
  const { port } = await startBroker(t, {}, { authenticator: { authenticate: async () => refusal } });
  const client = await RawClient.open(t, port);
  client.send(connectOf(5));
  await client.take(PacketType.connack);
  const closed = new Promise((resolve) => client.socket.once('close', resolve));
  const before = performance.now();
  client.socket.end();
  await closed;
  assert.ok(performance.now() - before < 1000);
});

test('an authenticator that fails refuses the client and says nothing of why to it', async (t) => {
  const { port } = await startBroker(
    t,
    {},
    {
      authenticator: { authenticate: () => Promise.reject(new Error('the directory at 10.0.0.7 is down')) },
    },
  );
  await assert.rejects(join(t, port), (error: Error) => !/10\.0\.0\.7/.test(error.message));
});

test('enhanced authentication exchanges AUTH packets through the authenticator, also again later', async (t) => {
  const authenticator: Authenticator = {
    authenticate({ method, data, exchange }) {
      if (method !== 'ADD') return { outcome: 'refuse', reasonCode: ReasonCode.badAuthenticationMethod };
      if (exchange === undefined) return { outcome: 'continue', data: Uint8Array.of(4), exchange: 4 };
      return data?.[0] === 4 + 1
        ? { outcome: 'accept', username: 'adder', data: Uint8Array.of(99) }
        : { outcome: 'refuse', reasonCode: ReasonCode.notAuthorized };
    },
  };
  const { port } = await startBroker(t, {}, { authenticator });
  const auth = (reasonCode: number, answer: number) =>
    ({
      type: PacketType.auth,
      reasonCode,
      properties: { authenticationMethod: 'ADD', authenticationData: Uint8Array.of(answer) },
    }) as const;
  const client = await RawClient.open(t, port);
  client.send(connectOf(5, { properties: { authenticationMethod: 'ADD' } }));
  const challenge = await client.take(PacketType.auth);
  assert.deepEqual([challenge.reasonCode, challenge.properties?.authenticationData?.[0]], [0x18, 4]);
  client.send(auth(ReasonCode.continueAuthentication, 5));
  const connack = await client.take(PacketType.connack);
  assert.deepEqual([connack.reasonCode, connack.properties?.authenticationData?.[0]], [0, 99]);

  client.send(auth(ReasonCode.reauthenticate, 0));
  assert.equal((await client.take(PacketType.auth)).reasonCode, ReasonCode.continueAuthentication);
  client.send(auth(ReasonCode.continueAuthentication, 5));
  assert.equal((await client.take(PacketType.auth)).reasonCode, ReasonCode.success);

  client.send(auth(ReasonCode.reauthenticate, 0));
  await client.take(PacketType.auth);
  client.send(auth(ReasonCode.continueAuthentication, 6));
  assert.equal((await client.take(PacketType.disconnect)).reasonCode, ReasonCode.notAuthorized);
  await client.closed();
});

test('an authorizer decides at once or later what may be published and subscribed, and events tell', async (t) => {
  const refusal = { reasonCode: ReasonCode.notAuthorized, reason: 'keep out of the cellar' };
  const authorizer: Authorizer = {
    authorizePublish: (_client, topic) => (topic.startsWith('cellar') ? refusal : true),
    authorizeSubscribe: async (_client, filter) => (filter.startsWith('cellar') ? refusal : true),
  };
  const { broker, port } = await startBroker(t, {}, { authorizer });
  const denied: string[] = [];
  broker.on('deny', (client, action, topic) => denied.push(`${client.clientId} ${action} ${topic}`));
  const client = await join(t, port, { clientId: 'ann' });
  const refused: unknown[] = [];
  const onRefused = (filter: string, code: number) => void refused.push(filter, code);
  await client.on(['cellar/#', 'kitchen/#'], () => {}, { qos: 1, onRefused });
  assert.deepEqual(refused, ['cellar/#', ReasonCode.notAuthorized]);
  assert.equal(await reasonCodeOf(client.publish('cellar/door', 'open', { qos: 1 })), ReasonCode.notAuthorized);
  assert.equal((await client.publish('kitchen/door', 'open', { qos: 2 })).reasonCode, ReasonCode.success);
  assert.deepEqual(denied, ['ann subscribe cellar/#', 'ann publish cellar/door']);
});
