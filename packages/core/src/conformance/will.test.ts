import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, type Properties, type ProtocolVersion, ReasonCode, type Will } from '@cauldron/protocol';
import { TestBroker, type TestBrokerOptions, textBytes, textOf } from '@cauldron/testkit';

const FOREVER = 0xffffffff;

function will(properties?: Properties, own: Partial<Will> = {}): Will {
  return { topic: 'w/c', payload: textBytes('gone'), qos: 1, retain: false, properties, ...own };
}

/** A broker with somebody who subscribed to the wills. */
function witnessed(options: TestBrokerOptions = {}) {
  const broker = new TestBroker(options);
  const witness = broker.connect('witness');
  witness.subscribe('w/#', { qos: 2, retainAsPublished: true });
  return { broker, wills: () => witness.takeMessages() };
}

const expiring = (sessionExpiryInterval: number) => ({ properties: { sessionExpiryInterval } });

test('a will is published when its connection breaks, in every version [MQTT-3.1.2-7] [MQTT-3.1.2-8]', () => {
  for (const version of [3, 4, 5] as const) {
    for (const qos of [0, 1, 2] as const) {
      const { broker, wills } = witnessed();
      const client = broker.connect('c', { version, will: will(undefined, { qos }) });
      assert.deepEqual(wills(), []);
      client.cut();
      const [message, ...more] = wills();
      assert.deepEqual([message?.topic, message?.qos, message && textOf(message.payload)], ['w/c', qos, 'gone']);
      assert.deepEqual(more, []);
      assert.equal(broker.core.metrics.willsPublished, 1);
    }
  }
});

test('a will that was published leaves the session: the next break publishes none [MQTT-3.1.2-10]', () => {
  const { broker, wills } = witnessed();
  broker.connect('c', { ...expiring(60), will: will() }).cut();
  assert.equal(wills().length, 1);
  broker.connect('c', { ...expiring(60), cleanStart: false }).cut();
  broker.advance(120_000);
  assert.deepEqual(wills(), []);
});

test('DISCONNECT 0x00 discards the will, at once and for good [MQTT-3.1.2-10] [MQTT-3.14.4-3]', () => {
  for (const version of [3, 4, 5] as const) {
    const { broker, wills } = witnessed();
    const properties = version === 5 ? { sessionExpiryInterval: 60 } : undefined;
    const delay = version === 5 ? { willDelayInterval: 5 } : undefined;
    broker.connect('c', { version, cleanStart: false, properties, will: will(delay) }).disconnect();
    broker.advance(120_000);
    assert.deepEqual(wills(), []);
  }
});

test('DISCONNECT with another code publishes the will: 0x04 asks for it, an error does not discard it [MQTT-3.1.2-8]', () => {
  const codes = [
    ReasonCode.disconnectWithWill,
    ReasonCode.unspecifiedError,
    ReasonCode.implementationSpecificError,
    ReasonCode.topicNameInvalid,
    ReasonCode.administrativeAction,
  ];
  for (const code of codes) {
    const { broker, wills } = witnessed();
    broker.connect('c', { will: will() }).disconnect(code);
    assert.equal(wills().length, 1, `reason code ${code}`);
  }
});

test('the will delay holds after DISCONNECT 0x04 too', () => {
  const { broker, wills } = witnessed();
  const client = broker.connect('c', { ...expiring(60), will: will({ willDelayInterval: 10 }) });
  client.disconnect(ReasonCode.disconnectWithWill);
  broker.advance(9_500);
  assert.deepEqual(wills(), []);
  broker.advance(750);
  assert.equal(wills().length, 1);
});

test('a will is published without the retain flag, or with it and kept, as will retain says [MQTT-3.1.2-14] [MQTT-3.1.2-15]', () => {
  for (const retain of [false, true]) {
    const { broker, wills } = witnessed();
    broker.connect('c', { will: will(undefined, { retain }) }).cut();
    assert.equal(wills()[0]?.retain, retain);
    const late = broker.connect('late');
    late.subscribe('w/c');
    assert.equal(late.takeMessages().length, retain ? 1 : 0);
  }
});

test('an empty retained will deletes the retained message of its topic', () => {
  const { broker } = witnessed();
  broker.connect('p').publish('w/c', 'online', { retain: true });
  broker.connect('c', { will: will(undefined, { retain: true, payload: new Uint8Array(0) }) }).cut();
  const late = broker.connect('late');
  late.subscribe('w/c');
  assert.deepEqual(late.takeMessages(), []);
});

test('a will carries all its properties, user properties in their order, and not its delay [MQTT-3.1.3-10]', () => {
  const sent: Properties = {
    payloadFormatIndicator: 1,
    messageExpiryInterval: 100,
    contentType: 'text/plain',
    responseTopic: 'answers',
    correlationData: Uint8Array.of(1, 2),
    userProperties: [
      ['b', '1'],
      ['a', '2'],
      ['b', '0'],
    ],
  };
  const { broker, wills } = witnessed();
  broker.connect('c', { ...expiring(60), will: will({ ...sent, willDelayInterval: 7 }) }).cut();
  broker.advance(7_250);
  assert.deepEqual(wills()[0]?.properties, sent);
});

test('the message expiry of a will counts from its publication, and then like any other', () => {
  const broker = new TestBroker();
  const away = broker.connect('away', expiring(600));
  away.subscribe('w/#', { qos: 1 });
  away.cut();
  broker.connect('c', { ...expiring(60), will: will({ willDelayInterval: 20, messageExpiryInterval: 10 }) }).cut();
  broker.advance(24_000);
  const back = broker.connect('away', { ...expiring(600), cleanStart: false });
  assert.equal(back.takeMessages()[0]?.properties?.messageExpiryInterval, 6);
});

test('a will waits for its delay [MQTT-3.1.2-8]', () => {
  const { broker, wills } = witnessed();
  broker.connect('c', { ...expiring(60), will: will({ willDelayInterval: 10 }) }).cut();
  broker.advance(9_750);
  assert.deepEqual(wills(), []);
  broker.advance(500);
  assert.equal(wills().length, 1);
  broker.advance(60_000);
  assert.deepEqual(wills(), []);
});

test('a delay longer than the session is cut short by the end of the session [MQTT-3.1.2-8]', () => {
  for (const willDelayInterval of [11, FOREVER]) {
    const { broker, wills } = witnessed();
    broker.connect('c', { ...expiring(10), will: will({ willDelayInterval }) }).cut();
    broker.advance(9_750);
    assert.deepEqual(wills(), []);
    broker.advance(500);
    assert.equal(wills().length, 1);
    broker.advance(20_000);
    assert.deepEqual(wills(), []);
  }
});

test('a session that ends with its connection takes its delayed will along at once [MQTT-3.1.2-8]', () => {
  const { broker, wills } = witnessed();
  broker.connect('c', { will: will({ willDelayInterval: 60 }) }).cut();
  assert.equal(wills().length, 1);
});

test('a DISCONNECT that ends the session early brings the will forward with it', () => {
  const { broker, wills } = witnessed();
  const client = broker.connect('c', { ...expiring(600), will: will({ willDelayInterval: 300 }) });
  client.disconnect(ReasonCode.disconnectWithWill, { sessionExpiryInterval: 3 });
  broker.advance(3_250);
  assert.equal(wills().length, 1);
});

test('a client that comes back within the delay cancels its will [MQTT-3.1.3-9]', () => {
  const { broker, wills } = witnessed();
  broker.connect('c', { ...expiring(60), will: will({ willDelayInterval: 10 }) }).cut();
  broker.advance(9_500);
  broker.connect('c', { ...expiring(60), cleanStart: false });
  broker.advance(60_000);
  assert.deepEqual(wills(), []);
});

test('a clean start within the delay ends the session, so the will is published then', () => {
  const { broker, wills } = witnessed();
  broker.connect('c', { ...expiring(60), will: will({ willDelayInterval: 10 }) }).cut();
  broker.connect('c', { cleanStart: true });
  assert.equal(wills().length, 1);
  broker.advance(60_000);
  assert.deepEqual(wills(), []);
});

test('a will whose session is discarded by an administrator is published', () => {
  const { broker, wills } = witnessed();
  broker.connect('c', { ...expiring(60), will: will({ willDelayInterval: 30 }) }).cut();
  broker.core.discardSession('c');
  assert.equal(wills().length, 1);
});

test('a will is published when the broker ends the connection for a protocol error, in every version [MQTT-3.1.2-8]', () => {
  for (const version of [3, 4, 5] as const satisfies ProtocolVersion[]) {
    const { broker, wills } = witnessed();
    const client = broker.connect('c', { version, will: will() });
    client.sendBytes(Uint8Array.of(0x36, 0x00)); // QoS 3
    assert.equal(client.closed, true);
    assert.equal(wills().length, 1, `version ${version}`);
  }
});

test('a will goes to every subscriber like any message, also to one of the same client that is away', () => {
  const { broker } = witnessed();
  const client = broker.connect('c', { ...expiring(60), will: will() });
  client.subscribe('w/#', { qos: 1 });
  client.cut();
  const back = broker.connect('c', { ...expiring(60), cleanStart: false });
  assert.deepEqual(
    back.takeMessages().map(({ payload }) => textOf(payload)),
    ['gone'],
  );
});

test('a will is shown to the interceptors, which may change or drop it', () => {
  const { broker, wills } = witnessed({
    interceptors: [
      {
        intercept(draft) {
          if (draft.topic === 'w/dropped') return 'drop';
          draft.payload = textBytes('changed');
          return undefined;
        },
      },
    ],
  });
  broker.connect('a', { will: will(undefined, { topic: 'w/dropped' }) }).cut();
  broker.connect('b', { will: will() }).cut();
  assert.deepEqual(
    wills().map(({ payload }) => textOf(payload)),
    ['changed'],
  );
});

test('a CONNECT whose will may not be published is refused with the reason', () => {
  const broker = new TestBroker({
    limits: { maxTopicLevels: 3 },
    authorizer: {
      authorizeSubscribe: () => true,
      authorizePublish: (client, topic) =>
        client.clientId === 'ann' || { reasonCode: ReasonCode.notAuthorized, reason: `no ${topic} for you` },
    },
  });
  const refusal = (topic: string, clientId = 'ann') => {
    const client = broker.open();
    const { reasonCode, properties } = client.tryConnect(clientId, { will: will(undefined, { topic }) });
    assert.equal(client.closed, reasonCode !== 0);
    return [reasonCode, properties?.reasonString ?? ''] as const;
  };
  assert.equal(refusal('w/x')[0], 0);
  assert.deepEqual(refusal('w/x', 'bob'), [ReasonCode.notAuthorized, 'the will is not allowed: no w/x for you']);
  for (const topic of ['$SYS', '$SYS/broker/uptime']) assert.equal(refusal(topic)[0], ReasonCode.notAuthorized);
  assert.equal(refusal('a/b/c/d')[0], ReasonCode.topicNameInvalid);
  assert.match(refusal('a/b/c/d')[1], /maxTopicLevels/);
});

test('a will whose permission is decided later holds up only its own CONNECT', async () => {
  const broker = new TestBroker({
    authorizer: {
      authorizeSubscribe: () => true,
      authorizePublish: async (_client, topic) =>
        topic === 'w/yes' || { reasonCode: ReasonCode.notAuthorized, reason: 'no' },
    },
  });
  const [yes, no] = ['w/yes', 'w/no'].map((topic) => {
    const client = broker.open();
    client.send({
      type: PacketType.connect,
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 0,
      clientId: topic,
      will: will(undefined, { topic }),
    });
    assert.deepEqual(client.take(), []);
    return client;
  });
  broker.connect('other').publish('x', 'y');
  await new Promise(setImmediate);
  const code = (client = yes) => client?.take().map((packet) => 'reasonCode' in packet && packet.reasonCode);
  assert.deepEqual([code(yes), yes?.closed], [[0], false]);
  assert.deepEqual([code(no), no?.closed], [[ReasonCode.notAuthorized], true]);
});
