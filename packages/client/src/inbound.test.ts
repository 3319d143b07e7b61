import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import type { ClientOptions } from './options.ts';
import { message } from './testing/messages.ts';
import { type BrokerLink, type Reaction, startClient } from './testing/scripted-broker.ts';

const { connect, connack, puback, pubrec, pubrel, pubcomp } = PacketType;

/** A broker that keeps the session and sends a PUBREL only when the test says so. */
const keeping =
  (isKept = true): Reaction =>
  (packet, link) => {
    if (packet.type === pubrec) return true;
    if (packet.type !== connect) return undefined;
    link.send({ type: connack, sessionPresent: isKept && !packet.cleanStart, reasonCode: 0 });
    return true;
  };

/** A client whose messages are taken by `got`. */
async function listening(options: ClientOptions = {}, reaction = keeping()) {
  const got: string[] = [];
  const scene = await startClient({ ...options, onMessage: (given) => got.push(given.text()) }, reaction);
  return { ...scene, got };
}

const answers = (link: BrokerLink): string[] =>
  link.received.flatMap((packet) => {
    const name = { [puback]: 'PUBACK', [pubrec]: 'PUBREC', [pubcomp]: 'PUBCOMP' }[packet.type as number];
    return name === undefined || !('reasonCode' in packet) || !('packetId' in packet)
      ? []
      : [`${name} ${packet.packetId} ${packet.reasonCode}`];
  });

const release = (link: BrokerLink, packetId: number) => link.send({ type: pubrel, packetId, reasonCode: 0 });

test('each QoS is answered as it wants: nothing, PUBACK, PUBREC and PUBCOMP, each with the identifier of its message [MQTT-4.3.2-4] [MQTT-4.3.3-8] [MQTT-4.3.3-11]', async () => {
  for (const protocolVersion of [5, 4, 3] as const) {
    const { platform, broker, got } = await listening({ protocolVersion });
    const { link } = broker;
    link.send(message('a', 'zero'), message('a', 'one', 1, 5), message('a', 'two', 2, 6));
    await platform.settle();
    assert.deepEqual(got, ['zero', 'one', 'two']);
    assert.deepEqual(answers(link), ['PUBACK 5 0', 'PUBREC 6 0']);
    release(link, 6);
    await platform.settle();
    assert.deepEqual(answers(link).slice(2), ['PUBCOMP 6 0']);
  }
});

test('a message that nobody wants is acknowledged too [MQTT-4.5.0-2]', async () => {
  const { platform, broker } = await startClient({}, keeping());
  broker.link.send(message('left/over', '1', 1, 1), message('left/over', '2', 2, 2));
  await platform.settle();
  assert.deepEqual(answers(broker.link), ['PUBACK 1 0', 'PUBREC 2 0']);
});

test('a QoS 2 message that is repeated before its PUBREL is handed over once, on the same connection and on the next [MQTT-4.3.3-10]', async () => {
  const { platform, broker, got } = await listening();
  const repeated = { ...message('a', 'once', 2, 7), dup: true };
  broker.link.send(message('a', 'once', 2, 7), repeated);
  await platform.settle();
  assert.deepEqual(answers(broker.link), ['PUBREC 7 0', 'PUBREC 7 0']);
  broker.link.cut();
  await platform.advance(2000);
  broker.link.send(repeated);
  await platform.settle();
  assert.deepEqual(answers(broker.link), ['PUBREC 7 0']);
  release(broker.link, 7);
  broker.link.send(message('a', 'another', 2, 7));
  await platform.settle();
  assert.deepEqual(got, ['once', 'another']);
});

test('a session that is gone makes identifiers mean nothing: the same one is another message [MQTT-3.2.2-5]', async () => {
  const { platform, broker, got } = await listening({}, keeping(false));
  broker.link.send(message('a', 'old', 2, 7));
  await platform.settle();
  broker.link.cut();
  await platform.advance(2000);
  broker.link.send(message('a', 'new', 2, 7));
  await platform.settle();
  assert.deepEqual(got, ['old', 'new']);
});

test('a PUBREL for what is not known is answered with PUBCOMP 0x92, so that the broker can forget it', async () => {
  const { platform, broker } = await listening();
  release(broker.link, 9);
  await platform.settle();
  assert.deepEqual(answers(broker.link), ['PUBCOMP 9 146']);
});

test('a QoS 2 message that a slow handler has is answered on the connection that is there when the handler is done, and handed over once', async () => {
  const slow: PromiseWithResolvers<void>[] = [];
  const onMessage = () => {
    slow.push(Promise.withResolvers());
    return slow.at(-1)!.promise;
  };
  const { platform, broker } = await startClient({ onMessage }, keeping());
  broker.link.send(message('a', '', 2, 7));
  await platform.settle();
  broker.link.cut();
  await platform.advance(2000);
  broker.link.send({ ...message('a', '', 2, 7), dup: true });
  await platform.settle();
  assert.deepEqual(answers(broker.link), []);
  slow[0]!.resolve();
  await platform.settle();
  assert.equal(slow.length, 1);
  assert.deepEqual(answers(broker.link), ['PUBREC 7 0']);
});

test('a handler that is done after the session was lost answers nothing, though a new message has the same identifier', async () => {
  const slow: PromiseWithResolvers<void>[] = [];
  const onMessage = () => {
    slow.push(Promise.withResolvers());
    return slow.at(-1)!.promise;
  };
  for (const qos of [1, 2] as const) {
    slow.length = 0;
    const { platform, broker, client } = await startClient({}, keeping(false));
    void client.on('a', onMessage);
    void client.on('b', onMessage);
    await platform.settle();
    broker.link.send(message('a', 'old', qos, 7));
    await platform.settle();
    broker.link.cut();
    await platform.advance(2000);
    broker.link.send(message('b', 'new', qos, 7));
    await platform.settle();
    slow[0]!.resolve();
    broker.link.send({ ...message('b', 'new', qos, 7), dup: true });
    await platform.settle();
    assert.deepEqual(answers(broker.link), []);
    slow[1]!.resolve();
    await platform.settle();
    assert.equal(answers(broker.link)[0], qos === 1 ? 'PUBACK 7 0' : 'PUBREC 7 0');
  }
});

test('a received message owns its bytes, whatever the transport does with its buffer', async () => {
  const { platform, broker, client } = await startClient();
  const got: Uint8Array[] = [];
  void client.on('a', ({ payload }) => got.push(payload));
  await platform.settle();
  broker.link.send(message('a', 'first'), message('a', 'second'));
  await platform.settle();
  assert.deepEqual(
    got.map((payload) => new TextDecoder().decode(payload)),
    ['first', 'second'],
  );
});
