import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  connectPacket,
  publishRun,
  publishTemplate,
  subscribePacket,
  topicRuns,
  unsubscribePacket,
  varint,
} from './packets.ts';

test('variable byte integers take one byte per seven bits', () => {
  const cases: [number, number[]][] = [
    [0, [0]],
    [127, [127]],
    [128, [0x80, 1]],
    [16_383, [0xff, 0x7f]],
    [268_435_455, [0xff, 0xff, 0xff, 0x7f]],
  ];
  for (const [value, bytes] of cases) assert.deepEqual(varint(value), bytes);
});

test('CONNECT differs between the versions by level and property length only', () => {
  assert.equal(connectPacket(4, 'ab', 60).toString('hex'), '100e00044d5154540402003c00026162');
  assert.equal(connectPacket(5, 'ab', 60).toString('hex'), '100f00044d5154540502003c0000026162');
});

test('SUBSCRIBE and UNSUBSCRIBE carry every filter', () => {
  assert.equal(subscribePacket(4, 1, ['a', '#'], 1).toString('hex'), '820a00010001610100012301');
  assert.equal(unsubscribePacket(5, 2, ['a']).toString('hex'), 'a2060002000001' + '61');
});

test('a template tells where its packet id and payload lie in both versions', () => {
  for (const version of [4, 5] as const) {
    const { bytes, idAt, payloadAt } = publishTemplate(version, 'bench/1', 1, 16);
    assert.equal(bytes[0], 0x32);
    assert.equal(bytes.length - payloadAt, 16);
    assert.equal(bytes.toString('latin1', idAt - 7, idAt), 'bench/1');
    assert.equal(publishTemplate(version, 'bench/1', 0, 16).idAt, 0);
  }
});

test('a run numbers its QoS 1 packets from 1 and leaves QoS 0 packets alike', () => {
  const template = publishTemplate(5, 't', 1, 4);
  const run = publishRun(template, 3);
  const size = template.bytes.length;
  assert.deepEqual(
    [0, 1, 2].map((i) => run.readUInt16BE(i * size + template.idAt)),
    [1, 2, 3],
  );
  const plain = publishTemplate(4, 't', 0, 4);
  assert.deepEqual(publishRun(plain, 2), Buffer.concat([plain.bytes, plain.bytes]));
});

test('a CONNECT without clean session leaves that flag out, a retained PUBLISH sets its own', () => {
  assert.equal(connectPacket(4, 'ab', 0, false).toString('hex'), '100e00044d5154540400000000026162');
  assert.equal(publishTemplate(4, 't', 1, 4, true).bytes[0], 0x33);
});

test('a CONNECT with a login carries user name and password behind the client identifier, and says so', () => {
  const packet = connectPacket(4, 'ab', 60, true, { username: 'u', password: 'pw' });
  assert.equal(packet.toString('hex'), '101500044d51545404c2003c000261620001750002' + '7077');
});

test('runs over topics hold whole batches, a packet for each topic in order', () => {
  const packet = (topic: string) => publishTemplate(4, topic, 0, 4).bytes;
  assert.deepEqual(topicRuns(4, ['a', 'b', 'c', 'd', 'e'], 4, 2), [
    Buffer.concat([packet('a'), packet('b')]),
    Buffer.concat([packet('c'), packet('d')]),
  ]);
});
