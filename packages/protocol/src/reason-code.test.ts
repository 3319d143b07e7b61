import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from './packet.ts';
import {
  connectReturnCodeName,
  isReasonCodeOf,
  ReasonCode,
  reasonCodeName,
  toConnectReturnCode,
} from './reason-code.ts';

test('a reason code is named as the specification names it, save for capitals', () => {
  const names: [code: number, name: string][] = [
    [ReasonCode.success, 'Success'],
    [ReasonCode.grantedQos1, 'Granted QoS 1'],
    [ReasonCode.notAuthorized, 'Not authorized'],
    [ReasonCode.badUserNameOrPassword, 'Bad user name or password'],
    [ReasonCode.qosNotSupported, 'QoS not supported'],
    [ReasonCode.wildcardSubscriptionsNotSupported, 'Wildcard subscriptions not supported'],
  ];
  for (const [code, name] of names) assert.equal(reasonCodeName(code), name);
  assert.equal(reasonCodeName(0x0f), 'unknown reason code 0x0f');
});

test('a reason code belongs to the packets of table 2-6 and to no other', () => {
  const inTable = (type: PacketType) => Object.values(ReasonCode).filter((code) => isReasonCodeOf(code, type));
  assert.deepEqual(inTable(PacketType.pubrel), [0x00, 0x00, 0x92]);
  assert.deepEqual(inTable(PacketType.auth), [0x00, 0x00, 0x18, 0x19]);
  assert.deepEqual(inTable(PacketType.publish), []);
  assert.equal(isReasonCodeOf(0x05, PacketType.suback), false);
});

test('every reason code belongs to some packet', () => {
  const types = Object.values(PacketType);
  for (const [name, code] of Object.entries(ReasonCode)) {
    assert.ok(
      types.some((type) => isReasonCodeOf(code, type)),
      name,
    );
  }
});

test('a 3.x return code is named as the reason code that is told with it', () => {
  const names = [0, 1, 2, 3, 4, 5].map(connectReturnCodeName);
  assert.deepEqual(names, [
    'Success',
    'Unsupported protocol version',
    'Client identifier not valid',
    'Server unavailable',
    'Bad user name or password',
    'Not authorized',
  ]);
  for (const code of Object.values(ReasonCode)) {
    const returned = toConnectReturnCode(code);
    if (names.includes(reasonCodeName(code))) assert.equal(names[returned!], reasonCodeName(code));
  }
  assert.equal(connectReturnCodeName(6), 'unknown return code 6');
});
