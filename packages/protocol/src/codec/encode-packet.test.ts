import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConnectPacket, type Packet, PacketType, type ProtocolVersion } from '../packet.ts';
import type { Properties } from '../property.ts';
import { encodePacket } from './encode-packet.ts';
import { frame } from './frame.ts';
import { readProperties, writeProperties } from './properties.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

function refuses(packet: Packet, version: ProtocolVersion, message: RegExp): void {
  assert.throws(() => encodePacket(packet, version), { name: 'MqttError', message });
}

const connect: ConnectPacket = {
  type: PacketType.connect,
  protocolVersion: 4,
  cleanStart: true,
  keepAlive: 0,
  clientId: '',
};
const why: Properties = { reasonString: 'why', userProperties: [['n', 'v']] };

test('what 3.x has no place for is left out', () => {
  const cases: [packet: Packet, bytes: number[]][] = [
    [{ type: PacketType.puback, packetId: 1, reasonCode: 0x87, properties: why }, [0x40, 2, 0, 1]],
    [{ type: PacketType.pubrel, packetId: 1, reasonCode: 0x92, properties: why }, [0x62, 2, 0, 1]],
    [{ type: PacketType.disconnect, reasonCode: 0x8e, properties: why }, [0xe0, 0]],
    [{ type: PacketType.unsuback, packetId: 1, reasonCodes: [0x11], properties: why }, [0xb0, 2, 0, 1]],
    [{ type: PacketType.connack, sessionPresent: false, reasonCode: 5, properties: why }, [0x20, 2, 0, 5]],
  ];
  for (const version of [3, 4] as const) {
    for (const [packet, bytes] of cases) assert.deepEqual([...encodePacket(packet, version)], bytes);
  }
});

test('every reason to refuse a subscription is 0x80 in a 3.x SUBACK', () => {
  const packet: Packet = { type: PacketType.suback, packetId: 1, reasonCodes: [2, 0x80, 0x87, 0xa2] };
  assert.deepEqual([...encodePacket(packet, 4)], [0x90, 6, 0, 1, 2, 0x80, 0x80, 0x80]);
  assert.deepEqual([...encodePacket(packet, 5)], [0x90, 7, 0, 1, 0, 2, 0x80, 0x87, 0xa2]);
});

test('a 3.1 CONNACK says nothing about the session', () => {
  const packet: Packet = { type: PacketType.connack, sessionPresent: true, reasonCode: 0 };
  assert.deepEqual([...encodePacket(packet, 3)], [0x20, 2, 0, 0]);
  assert.deepEqual([...encodePacket(packet, 4)], [0x20, 2, 1, 0]);
});

test('a CONNACK that refuses never says that a session is present [MQTT-3.2.2-6]', () => {
  const packet: Packet = { type: PacketType.connack, sessionPresent: true, reasonCode: 0x87 };
  assert.deepEqual([...encodePacket(packet, 5)], [0x20, 3, 0, 0x87, 0]);
});

test('a 5.0 reason code is no return code of a 3.x CONNACK', () => {
  refuses({ type: PacketType.connack, sessionPresent: false, reasonCode: 0x87 }, 4, /no return code 135/);
});

test('packet identifier 0 is never written [MQTT-2.2.1-3]', () => {
  refuses({ type: PacketType.puback, packetId: 0, reasonCode: 0 }, 5, /packet identifier/);
  refuses({ type: PacketType.unsubscribe, packetId: 0, filters: ['a'] }, 5, /packet identifier/);
  refuses({ type: PacketType.unsubscribe, packetId: 65_536, filters: ['a'] }, 4, /packet identifier/);
});

test('a SUBSCRIBE without subscriptions is not encoded [MQTT-3.8.3-2]', () => {
  refuses({ type: PacketType.subscribe, packetId: 1, subscriptions: [] }, 5, /at least one subscription/);
});

test('an UNSUBSCRIBE without filters is not encoded [MQTT-3.10.3-2]', () => {
  refuses({ type: PacketType.unsubscribe, packetId: 1, filters: [] }, 4, /at least one topic filter/);
});

test('no local on a shared subscription is not encoded [MQTT-3.8.3-4]', () => {
  const request = { filter: '$share/g/a', qos: 0, noLocal: true, retainAsPublished: false, retainHandling: 0 } as const;
  refuses({ type: PacketType.subscribe, packetId: 1, subscriptions: [request] }, 5, /no local/);
});

test('a CONNECT that its receiver would have to refuse is not encoded', () => {
  refuses({ ...connect, password: Uint8Array.of(1) }, 4, /user name/);
  refuses({ ...connect, protocolVersion: 5, bridge: true }, 5, /bridge/);
  refuses({ ...connect, keepAlive: 65_536 }, 4, /65536/);
  refuses({ ...connect, clientId: 'a\0' }, 4, /null character/);
  const will = { topic: 'a/#', payload: new Uint8Array(0), qos: 0, retain: false } as const;
  refuses({ ...connect, will }, 4, /wildcard/);
});

test('AUTH is encoded for 5.0 only and names its method', () => {
  refuses(
    { type: PacketType.auth, reasonCode: 0x18, properties: { authenticationMethod: 'm' } },
    4,
    /only in MQTT 5.0/,
  );
  refuses({ type: PacketType.auth, reasonCode: 0x18 }, 5, /authentication method/);
});

test('a packet body over 268,435,455 bytes is refused as too large', () => {
  assert.throws(() => frame(PacketType.unsubscribe, 2, new Uint8Array(268_435_456)), { code: 'PACKET_TOO_LARGE' });
});

test('properties keep the order of their keys and leave out those that are undefined', () => {
  const properties = {
    userProperties: [['a', '1']],
    reasonString: undefined,
    serverReference: 's',
  } as unknown as Properties;
  const writer = new Writer();
  writeProperties(writer, properties, PacketType.disconnect);
  const bytes = writer.finish();
  assert.deepEqual([...bytes], [11, 0x26, 0, 1, 0x61, 0, 1, 0x31, 0x1c, 0, 1, 0x73]);
  const read = readProperties(new Reader(bytes, 0, bytes.length), PacketType.disconnect);
  assert.deepEqual(Object.keys(read!), ['userProperties', 'serverReference']);
});

test('an empty or missing set of properties is a property length of 0 [MQTT-2.2.2-1]', () => {
  for (const properties of [undefined, {}, { userProperties: [] }]) {
    const writer = new Writer();
    writeProperties(writer, properties, PacketType.suback);
    assert.deepEqual([...writer.finish()], [0]);
  }
});

test('properties that their receiver would have to refuse are not written', () => {
  const cases: [properties: Properties, packet: PacketType, message: RegExp][] = [
    [{ topicAlias: 1 }, PacketType.connect, /topicAlias is not a property of CONNECT/],
    [{ topicAlias: 0 }, PacketType.publish, /topicAlias is 0/],
    [{ receiveMaximum: 0 }, PacketType.connect, /at least 1/],
    [{ maximumPacketSize: 0 }, PacketType.connect, /at least 1/],
    [{ subscriptionIdentifiers: [0] }, PacketType.subscribe, /at least 1/],
    [{ subscriptionIdentifiers: [1, 2] }, PacketType.subscribe, /more than once/],
    [{ payloadFormatIndicator: 2 }, PacketType.publish, /0 or 1/],
    [{ topicAliasMaximum: 65_536 }, PacketType.connect, /65536 does not fit/],
    [{ ResponseTopic: 'a' } as Properties, PacketType.publish, /'ResponseTopic' is no MQTT property/],
  ];
  for (const [properties, packet, message] of cases) {
    assert.throws(() => writeProperties(new Writer(), properties, packet), { name: 'MqttError', message });
  }
});

test('a response topic with a wildcard is not written [MQTT-3.3.2-14]', () => {
  assert.throws(() => writeProperties(new Writer(), { responseTopic: 'a/+' }, PacketType.publish), {
    spec: 'MQTT-3.3.2-14',
  });
});
