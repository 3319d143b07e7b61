// What is taken for this machine alone really is.
import assert from 'node:assert/strict';
import dns, { type LookupAddress } from 'node:dns';
import { test } from 'node:test';
import { createBroker } from '@cauldron/broker';

const onLocalhost = { listeners: [{ host: 'localhost', port: 0 }], log: { level: 'silent' } } as const;

test('localhost that is no loopback address on this machine is not listened on', async (t) => {
  const lookup = (_name: string, _options: unknown, done: (error: null, found: LookupAddress[]) => void) =>
    done(null, [{ address: '0.0.0.0', family: 4 }]);
  t.mock.method(dns, 'lookup', lookup as never);
  await assert.rejects(createBroker(onLocalhost), {
    code: 'NOT_LOOPBACK',
    message: /^not listening on localhost: localhost is 0\.0\.0\.0 here, .* write 127\.0\.0\.1/,
  });
  t.mock.restoreAll();
  const broker = await createBroker(onLocalhost);
  await broker.close();
});
