// paho, the client most Python programs use, with MQTT 3.1, 3.1.1 and 5.0: test/interop/paho_client.py.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BrokerOptions } from '@cauldron/broker';
import { ReasonCode } from '@cauldron/protocol';
import { startBroker } from '../support/broker.ts';
import { startProcess } from '../support/process.ts';
import { findPython } from '../support/tools.ts';

const script = join(import.meta.dirname, 'paho_client.py');

/** Runs a scenario of the script against a fresh broker; what it printed. */
async function run(t: TestContext, version: number, scenario: string, options: BrokerOptions = {}): Promise<unknown> {
  const { port } = await startBroker(t, {}, options);
  const client = startProcess(t, findPython(), [script, String(port), String(version), scenario]);
  const { code } = await client.waitForExit(20_000);
  assert.equal(code, 0, client.stderr);
  return JSON.parse(client.stdout);
}

for (const version of [3, 4, 5]) {
  const who = `paho with ${['3.1', '3.1.1', '5.0'][version - 3]}`;

  test(`${who}: each QoS comes through both ways`, async (t) => {
    assert.deepEqual(await run(t, version, 'qos'), [
      ['q/0', 0, 'soup'],
      ['q/1', 1, 'soup'],
      ['q/2', 2, 'soup'],
    ]);
  });

  test(`${who}: a retained message is kept until it is cleared`, async (t) => {
    assert.deepEqual(await run(t, version, 'retained'), [
      ['r/a', true],
      ['r/end', false],
    ]);
  });

  test(`${who}: a will comes when the socket is closed without DISCONNECT, and only then`, async (t) => {
    assert.deepEqual(await run(t, version, 'will'), [['wills/cut', 1]]);
  });

  test(`${who}: QoS 1 and 2 messages wait for a session whose client is away`, async (t) => {
    const sessionPresent = version > 3; // MQTT 3.1 has no such flag.
    const messages = [
      ['s/1', 1],
      ['s/2', 2],
    ];
    assert.deepEqual(await run(t, version, 'session'), [0, sessionPresent ? 1 : 0, messages]);
  });

  test(`${who}: shared subscriptions take turns, and no message is lost or doubled`, async (t) => {
    assert.deepEqual(await run(t, version, 'shared'), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test(`${who}: a refused connection gets the code of the refusal`, async (t) => {
    const refusal = { outcome: 'refuse', reasonCode: ReasonCode.notAuthorized } as const;
    const code = await run(t, version, 'refused', { authenticator: { authenticate: () => refusal } });
    assert.equal(code, version === 5 ? 0x87 : 5);
  });

  test(`${who}: a payload of 1 MB comes back as it was`, async (t) => {
    assert.equal(await run(t, version, 'large'), true);
  });
}

test('paho with 5.0: user properties, response topic and correlation data arrive', async (t) => {
  const user = [
    ['from', 'kitchen'],
    ['from', 'cellar'],
  ];
  assert.deepEqual(await run(t, 5, 'properties'), [user, 'answers', 'c7']);
});

test('paho with 5.0: no-local keeps from a client what it published itself', async (t) => {
  assert.deepEqual(await run(t, 5, 'no_local'), ['theirs']);
});
