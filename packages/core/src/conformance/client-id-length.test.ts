import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { TestBroker } from '@cauldron/testkit';

test('a client identifier may have limits.maxClientIdLength bytes of UTF-8; one more is refused with 0x85, in 3.x with 2', () => {
  for (const version of [3, 4, 5] as const) {
    const broker = new TestBroker({ limits: { maxClientIdLength: 30 } });
    for (const fits of ['i'.repeat(30), 'ü'.repeat(15), '鍋'.repeat(10)]) broker.connect(fits, { version });
    assert.equal(broker.core.metrics.clientsConnected, 3);
    for (const tooLong of ['i'.repeat(31), `${'ü'.repeat(15)}i`, `i${'鍋'.repeat(10)}`]) {
      const client = broker.open(version);
      const fields = { protocolVersion: version, clientId: tooLong, cleanStart: true, keepAlive: 0 };
      client.send({ type: PacketType.connect, ...fields });
      const [connack] = client.take();
      assert.ok(connack?.type === PacketType.connack && client.closed);
      assert.equal(connack.reasonCode, version === 5 ? ReasonCode.clientIdentifierNotValid : 2);
      if (version === 5) assert.match(connack.properties?.reasonString ?? '', /limits\.maxClientIdLength/);
    }
    assert.equal(broker.core.metrics.refusedClientIdLength, 3);
    assert.equal(broker.core.sessions.size, 3);
  }
});
