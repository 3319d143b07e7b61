// TLS with pre-shared keys, as openssl s_client and mosquitto_pub use them.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { nextEvent, startBroker, until } from '../support/broker.ts';
import { Authority } from '../support/certificates.ts';
import { startListener } from '../support/listener.ts';
import { startProcess } from '../support/process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { findTool } from '../support/tools.ts';

const KEY = '00112233445566778899aabbccddeeff';
const OTHER_KEY = 'ffeeddccbbaa99887766554433221100';

function keyFile(t: TestContext, ...lines: readonly string[]): string {
  const file = join(tempDir(t), 'psk');
  writeFileSync(file, `# identity:key\n\n${lines.join('\n')}\n`);
  return file;
}

/** Runs mosquitto_pub; resolves with its exit code. */
async function publish(t: TestContext, port: number, ...args: readonly string[]): Promise<number | null> {
  const to = ['-h', '127.0.0.1', '-p', String(port), '-t', 'a', '-m', 'hello', '-q', '1'];
  return (await startProcess(t, findTool('mosquitto_pub'), [...to, ...args]).waitForExit()).code;
}

const withKey = (identity: string, key: string): string[] => ['--psk-identity', identity, '--psk', key];

/** What s_client printed once it is connected, or has given up; a CONNECT is sent where it is connected. */
async function sClient(t: TestContext, port: number, ...args: readonly string[]): Promise<string> {
  const all = ['s_client', '-connect', `127.0.0.1:${port}`, '-ign_eof', ...args];
  const child = startProcess(t, findTool('openssl'), all);
  const ready = child.waitForLine(/^\s*Verify return code/).then(
    () => child.write('\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01s'),
    () => undefined,
  );
  await Promise.race([ready, child.waitForExit()]);
  return `${child.stdout}\n${child.stderr}`;
}

for (const version of ['tlsv1.2', 'tlsv1.3']) {
  test(`mosquitto_pub with ${version} and a pre-shared key is who its identity says`, async (t) => {
    const psk = { file: keyFile(t, `ann:${KEY}`, `bob:${OTHER_KEY.toUpperCase()}`), hint: 'greenhouse' };
    const { port, logins } = await startListener(t, { tls: { psk } });
    assert.equal(await publish(t, port, ...withKey('ann', KEY), '--tls-version', version), 0);
    assert.equal(await publish(t, port, ...withKey('bob', OTHER_KEY), '--tls-version', version), 0);
    assert.deepEqual(
      logins.map(({ peer }) => peer),
      [
        { by: 'psk', username: 'ann' },
        { by: 'psk', username: 'bob' },
      ],
    );
  });
}

test('an unknown identity and a wrong key end the same way for the client, and the log tells them apart', async (t) => {
  const { port, logins, refusals } = await startListener(t, { tls: { psk: { file: keyFile(t, `ann:${KEY}`) } } });
  for (const version of ['-tls1_2', '-tls1_3']) {
    const alertOf = async (identity: string): Promise<string | undefined> => {
      const output = await sClient(t, port, version, '-psk_identity', identity, '-psk', OTHER_KEY);
      return /:([^:]*alert[^:]*):/.exec(output)?.[1];
    };
    const known = await alertOf('ann');
    assert.match(String(known), /alert (bad record mac|decrypt error|illegal parameter)/);
    assert.equal(await alertOf('nobody'), known);
  }
  await until('the reasons', () => refusals.length === 4);
  const reasons = ['its pre-shared key for "ann" is wrong', 'the pre-shared key identity "nobody" is unknown'];
  assert.deepEqual(refusals, [...reasons, ...reasons]);
  assert.deepEqual(logins, []);
});

test('keys are replaced at a reload', async (t) => {
  const file = keyFile(t, `ann:${KEY}`);
  const { port, listener } = await startListener(t, { tls: { psk: { file } } });
  writeFileSync(file, `ann:${OTHER_KEY}\n`);
  assert.deepEqual(await listener.reload(), ['ann']);
  assert.deepEqual(await listener.reload(), []);
  assert.notEqual(await publish(t, port, ...withKey('ann', KEY)), 0);
  assert.equal(await publish(t, port, ...withKey('ann', OTHER_KEY)), 0);
});

test('a client whose key is taken away or replaced is disconnected, and the others stay', async (t) => {
  const file = keyFile(t, `ann:${KEY}`, `bob:${OTHER_KEY}`, `eve:${KEY}`);
  const { broker, port } = await startBroker(t, { listeners: [{ port: 0, tls: { psk: { file } } }] });
  const joined = async (identity: string, key: string) => {
    const at = ['-h', '127.0.0.1', '-p', String(port), '-t', 'a', '-i', identity, ...withKey(identity, key)];
    const here = nextEvent(broker, 'subscribe', (client) => client.username === identity);
    startProcess(t, findTool('mosquitto_sub'), at);
    await here;
  };
  await joined('ann', KEY);
  await joined('bob', OTHER_KEY);
  await joined('eve', KEY);
  const gone: string[] = [];
  broker.on('disconnect', ({ clientId }, { reason }) => gone.push(`${clientId}: ${reason}`));
  writeFileSync(file, `ann:${OTHER_KEY}\nbob:${OTHER_KEY}\n`);
  assert.deepEqual(await broker.reload(), { failures: [], needsRestart: [] });
  const reason = 'the user was removed or has other credentials; log in again';
  assert.deepEqual(gone, [`ann: ${reason}`, `eve: ${reason}`]);
  assert.equal(broker.core.sessions.get('bob')?.away, false);
});

test('a listener may have both: keys and certificates', async (t) => {
  const ca = new Authority(t);
  const server = ca.issue('server', { san: 'DNS:localhost' });
  const ann = ca.issue('ann');
  const tls = {
    ...server,
    ca: ca.file,
    clientCertificate: 'require',
    psk: { file: keyFile(t, `dev:${KEY}`) },
  } as const;
  const { port, logins, refusals } = await startListener(t, { tls });
  const certificate = ['-h', 'localhost', '--cafile', ca.file, '--cert', ann.cert, '--key', ann.key];
  for (const version of ['tlsv1.2', 'tlsv1.3']) {
    assert.equal(await publish(t, port, ...withKey('dev', KEY), '--tls-version', version), 0, refusals.join('; '));
    assert.equal(await publish(t, port, ...certificate, '--tls-version', version), 0, refusals.join('; '));
  }
  const key = { by: 'psk', username: 'dev' };
  const shown = { by: 'certificate', username: 'ann' };
  assert.deepEqual(
    logins.map(({ peer }) => peer),
    [key, shown, key, shown],
  );
});

test('naming an identity without using its key makes nobody that user', async (t) => {
  const ca = new Authority(t);
  const tls = { ...ca.issue('server'), psk: { file: keyFile(t, `admin:${KEY}`) } } as const;
  // The key's hash does not fit the only suite, so OpenSSL passes over the key and takes the certificate.
  const { port, logins } = await startListener(t, { tls: { ...tls, ciphers: 'TLS_AES_256_GCM_SHA384' } });
  const output = await sClient(
    t,
    port,
    '-tls1_3',
    '-psk_identity',
    'admin',
    '-psk',
    OTHER_KEY,
    '-ciphersuites',
    'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256',
  );
  await until('a login', () => logins.length === 1).catch((error: Error) => {
    throw new Error(output, { cause: error });
  });
  assert.equal(logins[0]?.peer, undefined);
});
