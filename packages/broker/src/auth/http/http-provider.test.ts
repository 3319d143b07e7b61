import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import type { AuthenticationRequest } from '@cauldron/core';
import { loginRequest, providerContract } from '@cauldron/testkit';
import { Authority, type Issued } from '../../../../../test/support/certificates.ts';
import { type Answer, json, silence, WebService } from '../../../../../test/support/web-service.ts';
import type { Verdict } from '../provider.ts';
import { HttpProvider } from './http-provider.ts';
import type { HttpOptions } from './options.ts';

const ann = { username: 'ann', password: 'carrot soup' };

async function open(
  t: TestContext,
  answer: Answer,
  options: Partial<HttpOptions> = {},
): Promise<{ service: WebService; provider: HttpProvider }> {
  const service = await WebService.start(answer);
  const provider = new HttpProvider({ url: service.url, ...options });
  t.after(async () => {
    await provider.close();
    await service.stop();
  });
  return { service, provider };
}

const login = (
  provider: HttpProvider,
  parts: Partial<AuthenticationRequest> = {},
  signal = new AbortController().signal,
): Promise<Verdict> => provider.authenticate(loginRequest(ann, parts), signal);

function assertUnavailable(verdict: Verdict, said: RegExp): void {
  assert.ok(verdict.outcome === 'unavailable', inspect(verdict));
  assert.match(verdict.reason, said);
}

providerContract(
  'http',
  async () => {
    const service = await WebService.start((response, { body }) => {
      const { username, password } = JSON.parse(body) as Record<string, unknown>;
      if (username !== ann.username) response.writeHead(404).end();
      else json({ result: password === ann.password ? 'allow' : 'deny' })(response, service.asked[0]!);
    });
    return {
      provider: new HttpProvider({ url: service.url }),
      right: ann,
      wrong: [{ ...ann, password: 'carrot stew' }],
      stranger: { username: 'zoe', password: 'anything' },
      stall: () => {
        service.answer = silence;
      },
      fail: () => service.stop(),
      dispose: () => service.stop(),
    };
  },
  { remote: true },
);

test('a service is asked with a POST of JSON that says who, from where and how', async (t) => {
  const { service, provider } = await open(t, json({ result: 'allow' }), { headers: { 'X-Key': 'secret' } });
  await login(provider, { peer: { by: 'psk', username: 'ann' }, remoteAddress: '192.0.2.7:50312' });
  const [asked] = service.asked;
  assert.ok(asked !== undefined);
  assert.deepEqual(JSON.parse(asked.body), {
    ...{ username: 'ann', password: 'carrot soup', clientId: 'c1', remoteAddress: '192.0.2.7:50312' },
    ...{ listener: 'default', protocolVersion: 5, identity: { by: 'psk', username: 'ann' } },
  });
  const { 'content-type': type, 'x-key': key } = asked.headers;
  assert.deepEqual([asked.method, asked.url, type, key], ['POST', '/login', 'application/json', 'secret']);
});

test('name and password of the url are sent as Basic authentication, and shown nowhere', async (t) => {
  const { service } = await open(t, json({ result: 'allow' }));
  const provider = new HttpProvider({ url: `${service.url.replace('//', '//broker:hunter2@')}?token=hunter3` });
  t.after(() => provider.close());
  await login(provider);
  assert.equal(service.asked[0]?.headers.authorization, `Basic ${Buffer.from('broker:hunter2').toString('base64')}`);
  assert.equal(service.asked[0]?.url, '/login?token=hunter3');
  assert.equal(provider.name, `http ${service.url}`);
});

test('what an answer says of the user becomes its rights', async (t) => {
  const expiresAt = 1_900_000_000_000;
  const rules = [
    { allow: 'read', topic: 'a/%u/#' },
    { deny: 'write', topic: '+' },
  ];
  const said = { username: 'anna', superuser: true, roles: ['cook'], groups: 'kitchen cellar', rules, expiresAt };
  const { provider } = await open(t, json({ result: 'allow', ...said }));
  const source = '"rules" of the login service';
  assert.deepEqual(await login(provider), {
    ...{ outcome: 'accept', username: 'anna', expiresAt },
    rights: {
      ...{ superuser: true, roles: ['cook'], groups: ['kitchen', 'cellar'] },
      rules: [
        { permission: 'allow', access: 'read', topic: 'a/%u/#', source },
        { permission: 'deny', access: 'write', topic: '+', source },
      ],
    },
  });
});

test('the outcome is the one the answer stands for', async (t) => {
  const { service, provider } = await open(t, silence);
  const outcomes: readonly [Answer, Verdict['outcome']][] = [
    [json({ result: 'allow' }), 'accept'],
    [(response) => response.writeHead(204).end(), 'accept'],
    [json({ result: 'deny' }), 'refuse'],
    [json({ result: 'deny', message: 'more than we know' }), 'refuse'],
    [json({ result: 'allow' }, 401), 'refuse'],
    [json({ result: 'allow' }, 403), 'refuse'],
    [json({ result: 'ignore' }), 'unknown'],
    [json({ result: 'allow' }, 404), 'unknown'],
  ];
  for (const [answer, outcome] of outcomes) {
    service.answer = answer;
    assert.equal((await login(provider)).outcome, outcome);
  }
});

test('an answer that was not understood lets nobody in, and asks nobody else', async (t) => {
  const { service, provider } = await open(t, silence);
  const raw =
    (body: string | Uint8Array): Answer =>
    (response) =>
      response.writeHead(200).end(body);
  const answers: readonly [Answer, RegExp][] = [
    [raw(''), /no JSON object/],
    [raw('<html>allow</html>'), /no JSON object/],
    [raw('"allow"'), /no JSON object/],
    [raw('[{"result":"allow"}]'), /no JSON object/],
    [raw(Uint8Array.of(0x7b, 0xff, 0x7d)), /no JSON object/],
    [json({}), /"result"/],
    [json({ result: 'ALLOW' }), /"result"/],
    [json({ result: true }), /"result"/],
    [json({ result: 'allow', acl: [] }), /"acl", which means nothing/],
    [json({ result: 'allow', is_superuser: true }), /"is_superuser"/],
    [raw('{"result":"allow","__proto__":{"superuser":true}}'), /"__proto__"/],
    [json({ result: 'allow', 'carrot soup': 1 }), /a key, which/],
    [json({ result: 'allow', username: '' }), /"username"/],
    [json({ result: 'allow', username: 7 }), /"username"/],
    [json({ result: 'allow', superuser: 'yes' }), /"superuser"/],
    [json({ result: 'allow', roles: [1] }), /"roles"/],
    [json({ result: 'allow', groups: {} }), /"groups"/],
    [json({ result: 'allow', rules: [{ allow: 'read', topic: 'a#' }] }), /rule 1 .* cannot be used/],
    [json({ result: 'allow', expiresAt: 'tomorrow' }), /"expiresAt"/],
    [json({ result: 'allow', expiresAt: -1 }), /"expiresAt"/],
    [json({ result: 'allow' }, 201), /status 201/],
    [json({ result: 'allow' }, 500), /status 500/],
    [json({ result: 'allow' }, 429), /status 429/],
  ];
  for (const [answer, said] of answers) {
    service.answer = answer;
    assertUnavailable(await login(provider), said);
  }
});

test('a redirect is not followed: the password goes nowhere else', async (t) => {
  const other = await WebService.start(json({ result: 'allow' }));
  t.after(() => other.stop());
  for (const status of [301, 302, 307, 308]) {
    const { provider } = await open(t, (response) => response.writeHead(status, { location: other.url }).end());
    assertUnavailable(await login(provider), /redirects/);
  }
  assert.equal(other.asked.length, 0);
});

test('an answer that is too large is not taken, and not read to its end', async (t) => {
  let sent = 0;
  const { provider } = await open(t, (response) => {
    const block = Buffer.alloc(16_384, 0x20);
    const more = (): void => {
      while (sent < 200_000_000 && !response.destroyed && response.write(block)) sent += block.length;
    };
    response.on('drain', more);
    more();
  });
  assertUnavailable(await login(provider), /larger than 65536 bytes/);
  assert.ok(sent < 50_000_000, `${sent} bytes were sent`);
});

test('an answer whose head is too large, is broken or breaks off is none', async (t) => {
  const { service, provider } = await open(t, silence);
  const raw =
    (text: string): Answer =>
    (response) =>
      response.socket?.end(text);
  const broken = [
    raw(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`),
    raw('garbage\r\n\r\n'),
    raw('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"result":"allow"}'),
    raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"res'),
    raw('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
    raw(''),
  ];
  for (const answer of broken) {
    service.answer = answer;
    assertUnavailable(await login(provider), /did not answer: the connection (failed \([A-Z_]+\)|was closed)/);
  }
});

test('a service that takes too long, at once or drop by drop, is given up', async (t) => {
  const { service, provider } = await open(t, silence, { timeout: 0.1 });
  assertUnavailable(await login(provider), /no answer within 0.1 s/);
  service.answer = (response) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write(' '), 10);
    response.once('close', () => clearInterval(drip));
  };
  assertUnavailable(await login(provider), /no answer within 0.1 s/);
});

test('a slow answer holds up no other login', async (t) => {
  const { provider } = await open(t, (response, { body }) => {
    if (!body.includes('"slow"')) json({ result: 'allow' })(response, { method: '', url: '', headers: {}, body });
  });
  const abort = new AbortController();
  const slow = Array.from({ length: 5 }, () => login(provider, { clientId: 'slow' }, abort.signal));
  for (let count = 0; count < 20; count++) assert.equal((await login(provider)).outcome, 'accept');
  abort.abort();
  for (const verdict of await Promise.all(slow)) assertUnavailable(verdict, /nobody waits/);
});

test('no more connections are made than allowed, and they are used again', async (t) => {
  const { service, provider } = await open(t, json({ result: 'allow' }), { poolSize: 3 });
  for (let round = 0; round < 3; round++) {
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => login(provider)));
    assert.ok(verdicts.every(({ outcome }) => outcome === 'accept'));
  }
  assert.equal(service.asked.length, 60);
  assert.equal(service.connections, 3);
});

test('logins that were given up while they waited leave the place to others', async (t) => {
  const { service, provider } = await open(t, silence, { poolSize: 1, timeout: 0.05 });
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => login(provider)));
  assert.ok(verdicts.every(({ outcome }) => outcome === 'unavailable'));
  service.answer = json({ result: 'allow' });
  assert.equal((await login(provider)).outcome, 'accept');
  assert.ok(service.asked.length <= 3, `${service.asked.length} were asked`);
});

test('a connection that the service closed while nobody used it is no failure', async (t) => {
  const { service, provider } = await open(t, json({ result: 'allow' }), { poolSize: 4 });
  await Promise.all(Array.from({ length: 4 }, () => login(provider)));
  // Without a turn of the loop in between, so that the other side cannot have noticed.
  service.hangUp();
  const verdicts = await Promise.all(Array.from({ length: 4 }, () => login(provider)));
  assert.ok(
    verdicts.every(({ outcome }) => outcome === 'accept'),
    inspect(verdicts),
  );
});

test('a client without a user name is let in only as somebody', async (t) => {
  const { service, provider } = await open(t, json({ result: 'allow' }));
  assertUnavailable(await login(provider, { username: undefined }), /without a user name/);
  assert.equal((JSON.parse(service.asked[0]!.body) as { username: unknown }).username, null);
  service.answer = (response) => response.writeHead(204).end();
  assertUnavailable(await login(provider, { username: undefined }), /without a user name/);
  service.answer = json({ result: 'allow', username: 'ann' });
  const verdict = await login(provider, { username: undefined });
  assert.ok(verdict.outcome === 'accept' && verdict.username === 'ann');
});

test('a password that is no text, or missing, is not asked about', async (t) => {
  const { service, provider } = await open(t, json({ result: 'allow' }));
  for (const password of [undefined, new Uint8Array(), Uint8Array.of(0xff)]) {
    assert.deepEqual(await login(provider, { password }), { outcome: 'unknown' });
  }
  assert.deepEqual(await login(provider, { method: 'SCRAM-SHA-256' }), { outcome: 'unknown' });
  assert.equal(service.asked.length, 0);
});

test('a password arrives to the last character', async (t) => {
  const { service, provider } = await open(t, json({ result: 'allow' }));
  const password = '\ufeff\u0000"\\\u2028😀\n';
  await login(provider, { password: new TextEncoder().encode(password) });
  assert.equal((JSON.parse(service.asked[0]!.body) as { password: unknown }).password, password);
});

async function openTls(t: TestContext, { cert, key }: Issued): Promise<WebService> {
  const service = await WebService.start(json({ result: 'allow' }), {
    cert: readFileSync(cert),
    key: readFileSync(key),
  });
  t.after(() => service.stop());
  return service;
}

test('over TLS the service has to show a certificate of the authority, for its name and of today', async (t) => {
  const authority = new Authority(t);
  const san = 'IP:127.0.0.1';
  const services: readonly [Issued, string | undefined, string][] = [
    [authority.issue('right', { san }), authority.file, 'accept'],
    [authority.issue('right2', { san }), undefined, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [authority.issue('stranger', { san: 'IP:127.0.0.2' }), authority.file, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [authority.issue('old', { san, expired: true }), authority.file, 'CERT_HAS_EXPIRED'],
  ];
  for (const [issued, ca, said] of services) {
    const service = await openTls(t, issued);
    const provider = new HttpProvider({ url: service.url, ca });
    t.after(() => provider.close());
    const verdict = await login(provider);
    assert.ok(inspect(verdict).includes(said), inspect(verdict));
    assert.equal(service.asked.length, verdict.outcome === 'accept' ? 1 : 0);
  }
});

test('a file of certificates is read again, and one that cannot be read changes nothing', async (t) => {
  const authority = new Authority(t);
  const issued = authority.issue('right', { san: 'IP:127.0.0.1' });
  const service = await openTls(t, issued);
  const own = join(authority.folder, 'own.pem');
  writeFileSync(own, readFileSync(issued.cert));
  const provider = new HttpProvider({ url: service.url, ca: own });
  t.after(() => provider.close());
  assertUnavailable(await login(provider), /connection failed/);
  writeFileSync(own, readFileSync(authority.file));
  await provider.reload();
  assert.equal((await login(provider)).outcome, 'accept');
  writeFileSync(own, 'nothing');
  await assert.rejects(provider.reload(), /own\.pem" holds no certificate/);
  assert.equal((await login(provider)).outcome, 'accept');
});

test('options that would give passwords away or make no sense are refused, without showing secrets', () => {
  const url = 'https://users.example.org/login';
  const wrong: readonly [Partial<HttpOptions>, RegExp][] = [
    [{ url: 'http://users.example.org/?hunter2' }, /plain http.*read every password.*allowPlain/],
    [{ url: 'http://127.0.0.1.example.org/' }, /plain http/],
    [{ url: 'http://10.0.0.1/' }, /plain http/],
    [{ url: 'ftp://hunter2@users.example.org' }, /no web address/],
    [{ url: 'hunter2' }, /no web address/],
    [{ url: 'http://localhost/', ca: '/ca.pem' }, /ca is for https/],
    [{ ca: '/no/such/file' }, /cannot read "\/no\/such\/file" \(ENOENT\)/],
    [{ timeout: 0 }, /timeout/],
    [{ timeout: Number.NaN }, /timeout/],
    [{ poolSize: 0 }, /poolSize/],
    [{ headers: { 'a b': 'hunter2' } }, /"a b" cannot be sent/],
    [{ headers: { 'X-Key': 'hunter2\r\nX: y' } }, /"X-Key" cannot be sent/],
    [{ headers: { 'Content-Length': '1' } }, /set by the broker/],
  ];
  for (const [options, said] of wrong) {
    assert.throws(
      () => new HttpProvider({ url, ...options }),
      (error: Error) => said.test(error.message) && !inspect(error).includes('hunter2'),
      inspect(options),
    );
  }
  for (const fine of [url, 'http://localhost:1/', 'http://127.9.9.9/', 'http://[::1]:8080/x']) {
    assert.doesNotThrow(() => new HttpProvider({ url: fine }));
  }
  assert.doesNotThrow(() => new HttpProvider({ url: 'http://users.example.org/', allowPlain: true }));
});

test('an empty user name is none: a service that lets it in has to say who it is', async (t) => {
  for (const answer of [json({ result: 'allow' }), ((response) => response.writeHead(204).end()) as Answer]) {
    const { provider } = await open(t, answer);
    assertUnavailable(await login(provider, { username: '' }), /named no "username"/);
  }
});
