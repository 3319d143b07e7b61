// What is said of certificate files that cannot be used: file, problem and way out, and nothing of what is secret.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TlsOptions } from '../../packages/broker/src/transport/listener.ts';
import { Authority } from '../support/certificates.ts';
import { startListener } from '../support/listener.ts';

async function messageOf(t: TestContext, tls: TlsOptions): Promise<string> {
  try {
    await startListener(t, { tls });
  } catch (error) {
    const { message, cause } = error as Error;
    return cause === undefined ? message : `${message} ${String(cause)}`;
  }
  return 'it was opened';
}

test('a file that cannot be used is named with what is wrong and what to do', async (t) => {
  const ca = new Authority(t);
  const at = (name: string): string => join(ca.folder, name);
  const server = ca.issue('server');
  const other = ca.issue('other');
  const locked = ca.issue('locked', { password: 'swordfish' });
  const text = readFileSync(server.cert, 'utf8');
  writeFileSync(at('empty.pem'), 'nothing');
  writeFileSync(at('damaged.pem'), text.replace(/\n[^-]{40}/, '\nAAAA'));
  writeFileSync(at('damaged.key'), readFileSync(server.key, 'utf8').replace(/\n[^-]{20}/, '\nAAAA'));
  writeFileSync(at('damaged.crl'), '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n');
  const asked = { ...server, ca: ca.file, clientCertificate: 'require' } as const;
  const cases: [TlsOptions, RegExp][] = [
    [{ ...server, cert: at('none.pem') }, /^tls\.cert: .*none\.pem: there is no such file; check the path/],
    [{ ...server, cert: ca.folder }, /it is a folder; name the file in it/],
    [{ ...server, cert: at('empty.pem') }, /^tls\.cert: .*there is no certificate in it; it must be PEM/],
    [{ ...server, cert: at('damaged.pem') }, /^tls\.cert: .*its certificate is damaged; copy the file again/],
    [{ ...server, key: server.cert }, /^tls\.key: .*there is no private key in it/],
    [{ ...server, key: at('damaged.key') }, /^tls\.key: .*its private key is damaged/],
    [
      { ...server, key: other.key },
      /^tls\.key: .*other\.key: it does not belong to the first certificate in .*server\.pem/,
    ],
    [locked, /^tls\.key: .*it is encrypted; set keyPassword/],
    [{ ...locked, keyPassword: 'hunter2' }, /^tls\.key: .*keyPassword does not open it/],
    [{ ...asked, ca: at('empty.pem') }, /^tls\.ca: .*there is no certificate in it/],
    [{ ...asked, crl: ca.file }, /^tls\.crl: .*there is no revocation list in it/],
    [{ ...asked, crl: at('damaged.crl') }, /^tls\.crl: .*a revocation list in it is damaged/],
    [{ ...server, sni: [{ host: 'a.example', ...locked }] }, /^tls\.sni a\.example\.key: .*set keyPassword/],
    [{ ...server, ciphers: 'NO-SUCH-CIPHER' }, /check tls\.ciphers/],
  ];
  const secrets = /swordfish|hunter2|AAAA|BEGIN (EC |ENCRYPTED )?PRIVATE/;
  for (const [tls, expected] of cases) {
    const message = await messageOf(t, tls);
    assert.match(message, expected);
    assert.doesNotMatch(message.replaceAll('"-----BEGIN PRIVATE KEY-----"', ''), secrets);
  }
  assert.equal(await messageOf(t, { ...locked, keyPassword: 'swordfish' }), 'it was opened');
});

test('options that do not fit together are an error that says what is missing', async (t) => {
  const ca = new Authority(t);
  const server = ca.issue('server');
  const cases: [TlsOptions, RegExp][] = [
    [{}, /tls needs tls\.cert and tls\.key, or tls\.psk/],
    [{ cert: server.cert }, /tls\.cert and tls\.key belong together/],
    [{ ...server, clientCertificate: 'require' }, /tls\.clientCertificate needs tls\.ca/],
    [{ ...server, crl: ca.file }, /tls\.crl needs tls\.ca/],
    [{ ...server, sni: [{ host: 'a b', ...server }] }, /tls\.sni: 'a b' is no host name/],
    [{ ...server, sni: [{ host: 'a.*.example', ...server }] }, /is no host name/],
    [{ ...server, sni: ['A.example', 'a.example'].map((host) => ({ host, ...server })) }, /is there twice/],
  ];
  for (const [tls, expected] of cases) assert.match(await messageOf(t, tls), expected);
});

test('a reload with a key that does not belong to the new certificate keeps both old ones', async (t) => {
  const ca = new Authority(t);
  const server = ca.issue('server');
  const files = { cert: join(ca.folder, 'c.pem'), key: join(ca.folder, 'c.key') };
  copyFileSync(server.cert, files.cert);
  copyFileSync(server.key, files.key);
  const { listener } = await startListener(t, { tls: files });
  assert.deepEqual(listener.files, [files.cert, files.key]);
  copyFileSync(ca.issue('half').cert, files.cert);
  await assert.rejects(listener.reload(), /it does not belong to the first certificate/);
  copyFileSync(join(ca.folder, 'half.key'), files.key);
  await listener.reload();
});
