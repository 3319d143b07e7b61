import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticationRequest, AuthenticationResult, Authenticator } from '@cauldron/core';
import { PacketType, type Properties, ReasonCode } from '@cauldron/protocol';
import { TestBroker, type TestClient, textBytes, textOf } from '@cauldron/testkit';

const text = (data: Uint8Array | undefined) => (data === undefined ? undefined : textOf(data));

/**
 * The method TEST: the client says its name, then answers two sums, each of which the broker makes from the last answer.
 * A client without a method is let in.
 */
function step(request: AuthenticationRequest): AuthenticationResult {
  const { method, exchange } = request;
  if (method === undefined) return { outcome: 'accept' };
  if (method !== 'TEST') return { outcome: 'refuse', reasonCode: ReasonCode.badAuthenticationMethod };
  const data = text(request.data);
  if (exchange === undefined) return { outcome: 'continue', data: textBytes('1+1'), exchange: { name: data, want: 2 } };
  const { name, want } = exchange as { name: string; want: number };
  if (Number(data) !== want) {
    return { outcome: 'refuse', reasonCode: ReasonCode.notAuthorized, reasonString: `${want} was wanted` };
  }
  if (want === 2) return { outcome: 'continue', data: textBytes('2+2'), exchange: { name, want: 4 } };
  return { outcome: 'accept', username: name, data: textBytes(`welcome ${name}`) };
}

const authenticators: Record<string, Authenticator> = {
  synchronous: { authenticate: step },
  asynchronous: { authenticate: async (request) => step(request) },
};

const settled = () => new Promise(setImmediate);

function begin(broker: TestBroker, clientId: string, properties: Properties, version: 4 | 5 = 5): TestClient {
  const client = broker.open(version);
  client.send({
    type: PacketType.connect,
    protocolVersion: version,
    cleanStart: true,
    keepAlive: 0,
    clientId,
    properties,
  });
  return client;
}

const withMethod = (data: string, method = 'TEST'): Properties => ({
  authenticationMethod: method,
  authenticationData: textBytes(data),
});

function auth(client: TestClient, reasonCode: number, data: string, method = 'TEST'): void {
  client.send({ type: PacketType.auth, reasonCode, properties: withMethod(data, method) });
}

/** What came, in short: [type, reason code, method, data]. */
async function answers(client: TestClient): Promise<unknown[]> {
  await settled();
  return client.take().map((packet) => {
    const properties = 'properties' in packet ? packet.properties : undefined;
    const code = 'reasonCode' in packet ? packet.reasonCode : undefined;
    return [packet.type, code, properties?.authenticationMethod, text(properties?.authenticationData)];
  });
}

async function connected(broker: TestBroker): Promise<TestClient> {
  const client = begin(broker, 'c', withMethod('ann'));
  await settled();
  auth(client, 0x18, '2');
  await settled();
  auth(client, 0x18, '4');
  await settled();
  client.take();
  return client;
}

for (const [kind, authenticator] of Object.entries(authenticators)) {
  const newBroker = () => new TestBroker({ authenticator });

  test(`a ${kind} exchange of two steps ends in a CONNACK with the method and the last data [MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-4.12.0-5]`, async () => {
    const broker = newBroker();
    const client = begin(broker, 'c', withMethod('ann'));
    assert.deepEqual(await answers(client), [[PacketType.auth, 0x18, 'TEST', '1+1']]);
    auth(client, 0x18, '2');
    assert.deepEqual(await answers(client), [[PacketType.auth, 0x18, 'TEST', '2+2']]);
    auth(client, 0x18, '4');
    assert.deepEqual(await answers(client), [[PacketType.connack, 0, 'TEST', 'welcome ann']]);
    assert.equal(broker.core.sessions.get('c')?.connection?.client?.username, 'ann');
    assert.equal(client.closed, false);
  });

  test(`a ${kind} exchange can fail at any step, with a CONNACK and the close [MQTT-4.12.0-4] [MQTT-3.14.0-1]`, async () => {
    for (const replies of [['3'], ['2', '5']]) {
      const broker = newBroker();
      const client = begin(broker, 'c', withMethod('ann'));
      await settled();
      for (const reply of replies) {
        client.take();
        auth(client, 0x18, reply);
        await settled();
      }
      assert.deepEqual(await answers(client), [[PacketType.connack, ReasonCode.notAuthorized, undefined, undefined]]);
      assert.equal(client.closed, true);
      assert.equal(broker.core.sessions.size, 0);
    }
  });

  test(`a method that a ${kind} authenticator does not know is refused with 0x8C [MQTT-4.12.0-1]`, async () => {
    const client = begin(newBroker(), 'c', withMethod('x', 'OTHER'));
    assert.deepEqual(await answers(client), [
      [PacketType.connack, ReasonCode.badAuthenticationMethod, undefined, undefined],
    ]);
    assert.equal(client.closed, true);
  });

  test(`a client without a method sees neither AUTH nor a method, asked of a ${kind} authenticator [MQTT-4.12.0-6]`, async () => {
    for (const version of [4, 5] as const) {
      const client = begin(newBroker(), 'c', {}, version);
      assert.deepEqual(await answers(client), [[PacketType.connack, 0, undefined, undefined]]);
    }
  });

  test(`a connected client authenticates again with a ${kind} authenticator while its messages flow [MQTT-4.12.0-5]`, async () => {
    const broker = newBroker();
    const client = await connected(broker);
    auth(client, 0x19, 'bob');
    assert.deepEqual(await answers(client), [[PacketType.auth, 0x18, 'TEST', '1+1']]);
    client.send({ type: PacketType.pingreq });
    assert.deepEqual(await answers(client), [[PacketType.pingresp, undefined, undefined, undefined]]);
    auth(client, 0x18, '2');
    await settled();
    client.take();
    auth(client, 0x18, '4');
    assert.deepEqual(await answers(client), [[PacketType.auth, 0, 'TEST', 'welcome bob']]);
    assert.equal(broker.core.sessions.get('c')?.connection?.client?.username, 'bob');
    auth(client, 0x19, 'eve');
    assert.deepEqual(await answers(client), [[PacketType.auth, 0x18, 'TEST', '1+1']]);
  });

  test(`who fails to authenticate again with a ${kind} authenticator is disconnected with the reason [MQTT-4.12.1-2]`, async () => {
    const client = await connected(newBroker());
    auth(client, 0x19, 'bob');
    await settled();
    client.take();
    auth(client, 0x18, 'wrong');
    await settled();
    const last = client.takeOne();
    assert(last.type === PacketType.disconnect);
    assert.deepEqual([last.reasonCode, last.properties?.reasonString], [ReasonCode.notAuthorized, '2 was wanted']);
    assert.equal(client.closed, true);
  });
}

test('an AUTH that names another method than the CONNECT is a protocol error [MQTT-4.12.0-5] [MQTT-4.12.1-1]', async () => {
  const broker = new TestBroker({ authenticator: { authenticate: step } });
  const before = begin(broker, 'before', withMethod('ann'));
  before.take();
  auth(before, 0x18, '2', 'OTHER');
  assert.deepEqual(await answers(before), [[PacketType.connack, ReasonCode.protocolError, undefined, undefined]]);
  const after = await connected(broker);
  auth(after, 0x19, 'ann', 'OTHER');
  assert.deepEqual(await answers(after), [[PacketType.disconnect, ReasonCode.protocolError, undefined, undefined]]);
  assert.deepEqual([before.closed, after.closed], [true, true]);
});

test('an AUTH of a client whose CONNECT named no method is a protocol error [MQTT-4.12.0-7]', async () => {
  const client = new TestBroker().connect('c');
  auth(client, 0x19, 'x');
  assert.deepEqual(await answers(client), [[PacketType.disconnect, ReasonCode.protocolError, undefined, undefined]]);
  assert.equal(client.closed, true);
});

test('an AUTH without a method is a protocol error', async () => {
  const broker = new TestBroker({ authenticator: { authenticate: step } });
  const client = await connected(broker);
  client.sendBytes(Uint8Array.of(0xf0, 2, 0x19, 0));
  assert.deepEqual(await answers(client), [[PacketType.disconnect, ReasonCode.protocolError, undefined, undefined]]);
});

test('an AUTH that no exchange waits for is a protocol error, as is one with a code only servers send [MQTT-4.12.0-3]', async () => {
  const newBroker = () => new TestBroker({ authenticator: { authenticate: step } });
  for (const reasonCode of [0x00, 0x18]) {
    const client = await connected(newBroker());
    auth(client, reasonCode, '2');
    assert.deepEqual(await answers(client), [[PacketType.disconnect, ReasonCode.protocolError, undefined, undefined]]);
  }
  const again = await connected(newBroker());
  auth(again, 0x19, 'ann');
  again.take();
  auth(again, 0x00, '2');
  assert.deepEqual(await answers(again), [[PacketType.disconnect, ReasonCode.protocolError, undefined, undefined]]);
  for (const reasonCode of [0x00, 0x19]) {
    const client = begin(newBroker(), 'c', withMethod('ann'));
    client.take();
    auth(client, reasonCode, '2');
    assert.deepEqual(await answers(client), [[PacketType.connack, ReasonCode.protocolError, undefined, undefined]]);
  }
});

test('an exchange is over once it succeeded, and one that is begun again starts afresh', async () => {
  const broker = new TestBroker({ authenticator: { authenticate: step } });
  const client = await connected(broker);
  auth(client, 0x19, 'bob');
  auth(client, 0x18, '2');
  client.take();
  auth(client, 0x19, 'eve');
  assert.deepEqual(await answers(client), [[PacketType.auth, 0x18, 'TEST', '1+1']]);
  auth(client, 0x18, '2');
  client.take();
  auth(client, 0x18, '4');
  assert.deepEqual(await answers(client), [[PacketType.auth, 0, 'TEST', 'welcome eve']]);
  auth(client, 0x18, '4');
  assert.deepEqual(await answers(client), [[PacketType.disconnect, ReasonCode.protocolError, undefined, undefined]]);
});

test('during the exchange only AUTH and DISCONNECT are taken from the client [MQTT-3.1.2-30] [MQTT-3.2.0-1]', async () => {
  const broker = new TestBroker({ authenticator: { authenticate: step } });
  const witness = broker.connect('witness');
  witness.subscribe('#');
  const eager = begin(broker, 'c', withMethod('ann'));
  eager.take();
  eager.publish('t', 'x');
  assert.deepEqual(await answers(eager), [[PacketType.connack, ReasonCode.protocolError, undefined, undefined]]);
  assert.deepEqual(witness.take(), []);
  const leaver = begin(broker, 'd', withMethod('ann'));
  leaver.take();
  leaver.disconnect();
  assert.deepEqual([leaver.take(), leaver.closed], [[], true]);
});

test('an exchange may keep nothing between its steps', async () => {
  const authenticate = ({ data, reauthentication }: AuthenticationRequest): AuthenticationResult =>
    text(data) === 'yes'
      ? { outcome: 'accept' }
      : { outcome: 'continue', data: textBytes(reauthentication ? 'again?' : 'sure?'), exchange: undefined };
  const broker = new TestBroker({ authenticator: { authenticate } });
  const client = begin(broker, 'c', withMethod('hm'));
  assert.deepEqual(await answers(client), [[PacketType.auth, 0x18, 'TEST', 'sure?']]);
  auth(client, 0x18, 'yes');
  assert.deepEqual(await answers(client), [[PacketType.connack, 0, 'TEST', undefined]]);
  auth(client, 0x19, 'hm');
  assert.deepEqual(await answers(client), [[PacketType.auth, 0x18, 'TEST', 'again?']]);
  auth(client, 0x18, 'yes');
  assert.deepEqual(await answers(client), [[PacketType.auth, 0, 'TEST', undefined]]);
});

test('who fails to authenticate again may be sent to another server, with a code that DISCONNECT has [MQTT-3.14.2-1]', () => {
  const refused = (result: AuthenticationResult) => {
    const authenticate = ({ reauthentication }: AuthenticationRequest): AuthenticationResult =>
      reauthentication ? result : { outcome: 'accept' };
    const client = begin(new TestBroker({ authenticator: { authenticate } }), 'c', withMethod(''));
    client.take();
    auth(client, 0x19, '');
    const last = client.takeOne();
    assert(last.type === PacketType.disconnect);
    return [last.reasonCode, last.properties?.serverReference];
  };
  const { useAnotherServer, badUserNameOrPassword, notAuthorized } = ReasonCode;
  assert.deepEqual(refused({ outcome: 'refuse', reasonCode: useAnotherServer, serverReference: 'b' }), [0x9c, 'b']);
  assert.deepEqual(refused({ outcome: 'refuse', reasonCode: badUserNameOrPassword }), [notAuthorized, undefined]);
});

test('no AUTH of the broker carries a reason string or user properties, so none can make it too large [MQTT-3.15.2-2] [MQTT-3.15.2-3]', async () => {
  const client = begin(new TestBroker({ authenticator: { authenticate: step } }), 'c', {
    ...withMethod('ann'),
    requestProblemInformation: 1,
  });
  const packet = client.takeOne();
  assert(packet.type === PacketType.auth);
  assert.deepEqual(Object.keys(packet.properties ?? {}).sort(), ['authenticationData', 'authenticationMethod']);
});

test('an authenticator that wants to go on with a client without a method is a failure of the broker, not of the client [MQTT-4.12.0-6]', () => {
  const errors: unknown[] = [];
  const broker = new TestBroker({
    authenticator: { authenticate: () => ({ outcome: 'continue', data: undefined, exchange: 1 }) },
    observer: { internalError: (error) => errors.push(error) },
  });
  const client = broker.open();
  assert.equal(client.tryConnect('c').reasonCode, ReasonCode.unspecifiedError);
  assert.deepEqual([client.closed, errors.length], [true, 1]);
});
