import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import { TestBroker } from '@cauldron/testkit';
import { ChainFixture, StubPasswordFile, StubProvider, settled } from './fixtures/chain-fixture.ts';
import type { Provider } from './provider.ts';

const text = (value: string) => new TextEncoder().encode(value);

function brokerWith(provider: Provider) {
  const fixture = new ChainFixture([provider], { timeout: 5 });
  return { fixture, broker: new TestBroker({ authenticator: fixture.chain, now: fixture.time.now }) };
}

for (const version of [5, 4] as const) {
  const client = (broker: TestBroker, password: string) => {
    const opened = broker.open(version);
    opened.send({
      type: PacketType.connect,
      protocolVersion: version,
      clientId: 'lamp',
      cleanStart: true,
      keepAlive: 0,
      username: 'ali',
      password: text(password),
      will: undefined,
      properties: undefined,
    });
    return opened;
  };

  test(`MQTT ${version}: a wrong password is refused when the refusal time is over, a right one lets in at once`, async () => {
    const { fixture, broker } = brokerWith(new StubPasswordFile('passwords', { ali: 'open sesame' }));
    const [welcome] = client(broker, 'open sesame').take();
    assert.ok(welcome?.type === PacketType.connack);
    assert.equal(welcome.reasonCode, 0);
    const refused = client(broker, 'open barley');
    await fixture.time.advance(249);
    assert.deepEqual(refused.take(), []);
    await fixture.time.advance(1);
    const [connack] = refused.take();
    assert.ok(connack?.type === PacketType.connack);
    assert.equal(connack.reasonCode, version === 5 ? 0x86 : 4);
  });

  test(`MQTT ${version}: a provider that does not answer in time is "server unavailable"`, async () => {
    const dead = new StubProvider('dead');
    dead.answer = () => new Promise(() => {});
    const { fixture, broker } = brokerWith(dead);
    const waiting = client(broker, 'open sesame');
    await fixture.time.advance(5000);
    await settled();
    const [connack] = waiting.take();
    assert.ok(connack?.type === PacketType.connack);
    assert.equal(connack.reasonCode, version === 5 ? 0x88 : 3);
  });
}
