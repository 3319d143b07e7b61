// Against OpenLDAP's server, started for this file.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { loginRequest, providerContract } from '@cauldron/testkit';
import { parse } from 'smol-toml';
import { type LdapOptions, LdapProvider } from '../../packages/broker/src/auth/ldap/index.ts';
import type { Verdict } from '../../packages/broker/src/auth/provider.ts';
import { fileCleanup } from '../support/file-cleanup.ts';
import { localUser, loginChain } from '../support/login-chain.ts';
import { sectionsOf } from '../support/markdown.ts';
import { makeServerCertificate } from '../support/server-certificate.ts';
import { READER, type Slapd, startSlapd } from '../support/slapd.ts';
import { tempDir } from '../support/temp-dir.ts';

const person = (dn: string, uid: string, extra = ''): string => `
dn: ${dn}
objectClass: inetOrgPerson
cn: ${uid}
sn: ${uid}
uid: ${uid}
${extra}`;

const LDIF = `
dn: ou=people,dc=test
objectClass: organizationalUnit
ou: people

dn: ou=others,dc=test
objectClass: organizationalUnit
ou: others

dn: ou=groups,dc=test
objectClass: organizationalUnit
ou: groups
${person('uid=alice,ou=people,dc=test', 'alice', 'mail: alice@example.org\nuserPassword: alice-secret')}
${person('uid=bob,ou=people,dc=test', 'bob', 'userPassword: bob-secret')}
${person('uid=locked,ou=people,dc=test', 'locked')}
${person('uid=jörg,ou=people,dc=test', 'jörg', 'userPassword: pässwörd')}
${person('cn=Smith\\, John,ou=people,dc=test', 'Smith, John', 'userPassword: smith-secret')}
${person('cn=star,ou=people,dc=test', 'a*b(c)\\d', 'userPassword: star-secret')}
${person('uid=twin,ou=people,dc=test', 'twin', 'userPassword: twin-secret')}
${person('uid=twin,ou=others,dc=test', 'twin', 'userPassword: twin-secret')}
${person('uid=two names,ou=people,dc=test', 'two names', 'uid: second\nuserPassword: two-secret')}

dn: cn=operators,ou=groups,dc=test
objectClass: groupOfNames
cn: operators
member: uid=alice,ou=people,dc=test
member: cn=Smith\\, John,ou=people,dc=test

dn: cn=readers,ou=groups,dc=test
objectClass: groupOfNames
cn: readers
member: uid=alice,ou=people,dc=test

dn: cn=unix,ou=groups,dc=test
objectClass: posixGroup
cn: unix
gidNumber: 100
memberUid: bob
`;

const cleanup = fileCleanup();
let slapd: Slapd;
before(async () => {
  slapd = await startSlapd(cleanup, LDIF);
});

const quiet = { warn: (): void => {} };
const search = (more: Partial<LdapOptions> = {}): LdapOptions => ({
  url: slapd.url,
  bindDn: READER.dn,
  bindPassword: READER.password,
  searchBase: 'dc=test',
  ...more,
});
const template = (more: Partial<LdapOptions> = {}): LdapOptions => ({
  url: slapd.url,
  userDn: 'uid=%u,ou=people,dc=test',
  ...more,
});

async function tryLogin(options: LdapOptions, username: string, password: string, within = 5000): Promise<Verdict> {
  const provider = new LdapProvider(options, quiet);
  try {
    return await provider.authenticate(loginRequest({ username, password }), AbortSignal.timeout(within));
  } finally {
    await provider.close();
  }
}

async function assertOutcome(
  verdict: Verdict | Promise<Verdict>,
  outcome: Verdict['outcome'],
  reason = /(?:)/,
): Promise<void> {
  const said = await verdict;
  assert.equal(said.outcome, outcome, inspect(said));
  assert.match('reason' in said ? said.reason : '', reason);
}

for (const [kind, options] of [
  ['search', search],
  ['template', template],
] as const) {
  providerContract(
    `ldap by ${kind}`,
    () => ({
      provider: new LdapProvider(options(), quiet),
      right: { username: 'alice', password: 'alice-secret' },
      wrong: [
        { username: 'alice', password: 'bob-secret' },
        { username: 'locked', password: 'alice-secret' },
      ],
      stranger: { username: 'nobody', password: 'nobody-secret' },
      stall: () => slapd.daemon.pause(),
      fail: () => slapd.daemon.stop(),
      dispose: () => slapd.daemon.restore(),
    }),
    { remote: true },
  );
}

describe('a user is found by search', () => {
  test('a name that is not there is unknown, and a wrong password is refused', async () => {
    await assertOutcome(tryLogin(search(), 'nobody', 'x'), 'unknown');
    await assertOutcome(tryLogin(search(), 'alice', 'x'), 'refuse', /^wrong password$/);
  });

  test('special characters in a name are part of the name', async () => {
    assert.deepEqual(await tryLogin(search(), 'Smith, John', 'smith-secret'), { outcome: 'accept' });
    assert.deepEqual(await tryLogin(search(), 'a*b(c)\\d', 'star-secret'), { outcome: 'accept' });
    assert.deepEqual(await tryLogin(search(), 'jörg', 'pässwörd'), { outcome: 'accept' });
  });

  test('a name that tries to be a filter finds nobody', async () => {
    const names = [
      '*',
      'al*',
      '*)(uid=*',
      'alice)(objectClass=*',
      '*))(|(uid=*',
      'alice\\00',
      'alice\u0000',
      '\\2a',
      '%u',
      '%d',
    ];
    for (const name of names) await assertOutcome(tryLogin(search(), name, 'alice-secret'), 'unknown');
  });

  test('two entries that fit are refused, even with the right password', async () => {
    await assertOutcome(tryLogin(search(), 'twin', 'twin-secret'), 'refuse', /more than one entry/);
    assert.deepEqual(await tryLogin(search({ searchBase: 'ou=people,dc=test' }), 'twin', 'twin-secret'), {
      outcome: 'accept',
    });
  });

  test('who logs in by another spelling or another attribute has the name of the directory', async () => {
    const byMail = search({ searchFilter: '(|(uid=%u)(mail=%u))' });
    for (const [options, name] of [
      [search(), 'ALICE'],
      [search(), ' alice '],
      [search(), 'ａlice'],
      [byMail, 'alice@example.org'],
    ] as const) {
      assert.deepEqual(await tryLogin(options, name, 'alice-secret'), { outcome: 'accept', username: 'alice' }, name);
    }
  });

  test('a name with several spellings in the directory must be given in one of them', async () => {
    assert.deepEqual(await tryLogin(search(), 'second', 'two-secret'), { outcome: 'accept' });
    await assertOutcome(tryLogin(search(), 'SECOND', 'two-secret'), 'refuse', /spelled/);
  });

  test('where the attribute of the name is not shown, only the plain spelling is accepted', async () => {
    const options = search({ usernameAttribute: 'employeeNumber' });
    assert.deepEqual(await tryLogin(options, 'alice', 'alice-secret'), { outcome: 'accept' });
    await assertOutcome(tryLogin(options, 'Alice', 'alice-secret'), 'refuse', /lower case/);
    await assertOutcome(tryLogin(options, 'ａlice', 'alice-secret'), 'refuse', /lower case/);
  });

  test('what is wrong with the search is said, and lets nobody in', async () => {
    const right = ['alice', 'alice-secret'] as const;
    await assertOutcome(
      tryLogin(search({ bindPassword: 'other' }), ...right),
      'unavailable',
      /bindDn cannot log in.*InvalidCredentials \(49\)/,
    );
    await assertOutcome(
      tryLogin(search({ searchBase: 'dc=elsewhere' }), ...right),
      'unavailable',
      /searchBase "dc=elsewhere"/,
    );
    const anonymous = { url: slapd.url, searchBase: 'dc=test' };
    await assertOutcome(tryLogin(anonymous, ...right), 'unavailable', /searchBase "dc=test"/);
  });
});

describe('a user is named by a template', () => {
  test('the right password is accepted and a wrong one is not', async () => {
    assert.deepEqual(await tryLogin(template(), 'alice', 'alice-secret'), { outcome: 'accept' });
    await assertOutcome(tryLogin(template(), 'alice', 'bob-secret'), 'refuse', /^wrong password$/);
  });

  test('a name that tries to be another entry is not let in', async () => {
    const byCn = template({ userDn: 'cn=%u,ou=people,dc=test', usernameAttribute: 'cn' });
    assert.deepEqual(await tryLogin(byCn, 'Smith, John', 'smith-secret'), { outcome: 'accept' });
    for (const name of ['alice,ou=people,dc=test', 'x+uid=alice', 'alice\\00', 'alice,dc=test#', '"alice"']) {
      await assertOutcome(tryLogin(template(), name, 'alice-secret'), 'refuse', /wrong password/);
    }
    const everything = template({ userDn: '%u', usernameAttribute: 'uid' });
    for (const name of [READER.dn, 'EXTERNAL', 'PLAIN', 'SCRAM-SHA-1']) {
      await assertOutcome(tryLogin(everything, name, READER.password), 'unknown');
    }
  });

  test('another spelling is known by the name of the directory', async () => {
    assert.deepEqual(await tryLogin(template(), 'ALICE', 'alice-secret'), { outcome: 'accept', username: 'alice' });
  });
});

describe('groups', () => {
  const byName = { groupBase: 'ou=groups,dc=test' };

  test('the groups of a user come with the login', async () => {
    for (const options of [search(byName), template({ ...byName, bindDn: READER.dn, bindPassword: READER.password })]) {
      const verdict = await tryLogin(options, 'alice', 'alice-secret');
      assert.ok(verdict.outcome === 'accept', inspect(verdict));
      assert.deepEqual(verdict.rights?.groups?.toSorted(), ['operators', 'readers']);
    }
  });

  test('an entry with special characters in its name has its groups, and one without groups has none', async () => {
    const smith = await tryLogin(search(byName), 'Smith, John', 'smith-secret');
    assert.deepEqual(smith, { outcome: 'accept', rights: { groups: ['operators'] } });
    assert.deepEqual(await tryLogin(search(byName), 'bob', 'bob-secret'), {
      outcome: 'accept',
      rights: { groups: [] },
    });
  });

  test('groups that list user names, and another attribute for their names, can be asked for', async () => {
    const options = search({ ...byName, groupFilter: '(memberUid=%u)', groupAttribute: 'gidNumber' });
    assert.deepEqual(await tryLogin(options, 'bob', 'bob-secret'), { outcome: 'accept', rights: { groups: ['100'] } });
  });

  test('groups that cannot be read keep the user out: one of them might have denied something', async () => {
    await assertOutcome(
      tryLogin(template(byName), 'alice', 'alice-secret'),
      'unavailable',
      /groupBase "ou=groups,dc=test"/,
    );
  });
});

test('the providers of docs/users-elsewhere.md let users in, with the test server in the place of theirs', async () => {
  const page = readFileSync(new URL('../../docs/users-elsewhere.md', import.meta.url), 'utf8');
  const blocks = sectionsOf(page).find(({ title }) => title === 'LDAP')!.blocks;
  assert.equal(blocks.length, 2);
  for (const { text } of blocks) {
    const here = text.replaceAll('dc=example,dc=org', 'dc=test').replace('cn=broker,', 'cn=reader,');
    const documented = parse(here) as unknown as { authentication: { providers: [LdapOptions] } };
    const [options] = documented.authentication.providers;
    const url = options.url.startsWith('ldaps:') ? slapd.secureUrl : slapd.url;
    const secret = options.bindDn === undefined ? {} : { bindPassword: READER.password };
    await assertOutcome(tryLogin({ ...options, ...secret, url, ca: slapd.ca }, 'alice', 'alice-secret'), 'accept');
  }
});

describe('encryption', () => {
  test('ldaps and StartTLS are used where the certificate leads to the given authority', async () => {
    for (const options of [search({ url: slapd.secureUrl }), search({ startTls: true })]) {
      const verdict = await tryLogin(
        { ...options, ca: slapd.ca, groupBase: 'ou=groups,dc=test' },
        'alice',
        'alice-secret',
      );
      assert.equal(verdict.outcome, 'accept', inspect(verdict));
    }
  });

  test('a certificate of somebody unknown, or for another host, ends the login before any password is sent', async () => {
    for (const options of [search({ url: slapd.secureUrl }), search({ startTls: true })]) {
      await assertOutcome(tryLogin(options, 'alice', 'alice-secret'), 'unavailable', /no connection.*[A-Z_]{6}/);
    }
    const otherName = search({ url: slapd.url.replace('127.0.0.1', 'localhost'), startTls: true, ca: slapd.ca });
    await assertOutcome(tryLogin(otherName, 'alice', 'alice-secret'), 'unavailable', /ERR_TLS_CERT_ALTNAME_INVALID/);
  });

  test('a directory that does not do StartTLS gets no password', async (t) => {
    const heard: string[] = [];
    const plain = await listen(t, (socket) =>
      socket.on('data', (data) => {
        heard.push(data.toString('latin1'));
        // ExtendedResponse, message 2, result 2 (protocolError).
        socket.write(Buffer.from('300c02010278070a010204000400', 'hex'));
      }),
    );
    const url = `ldap://127.0.0.1:${plain}`;
    await assertOutcome(tryLogin(search({ url, startTls: true }), 'alice', 'alice-secret'), 'unavailable', /StartTLS/);
    assert.equal(heard.length, 1);
    assert.doesNotMatch(heard.join(), /secret/);
  });

  test('the authority is read again at a reload, and a file that is gone leaves the one before', async (t) => {
    const ca = `${tempDir(t)}/ca.pem`;
    copyFileSync(makeServerCertificate(tempDir(t)).ca, ca);
    const provider = new LdapProvider(template({ startTls: true, ca }), quiet);
    t.after(() => provider.close());
    const login = (): Promise<Verdict> =>
      provider.authenticate(loginRequest({ username: 'alice', password: 'alice-secret' }), AbortSignal.timeout(5000));
    await assertOutcome(login(), 'unavailable', /no connection/);
    copyFileSync(slapd.ca, ca);
    await provider.reload();
    await assertOutcome(login(), 'accept');
    rmSync(ca);
    await assert.rejects(provider.reload(), /cannot read ca .*ENOENT/);
    await assertOutcome(login(), 'accept');
    writeFileSync(ca, 'no certificate');
    await assert.rejects(provider.reload(), /holds no certificate/);
    await assertOutcome(login(), 'accept');
  });
});

describe('a directory in trouble', () => {
  test('a password that is empty is refused without a connection', async (t) => {
    let connections = 0;
    const port = await listen(t, () => connections++);
    for (const options of [search(), template()]) {
      await assertOutcome(
        tryLogin({ ...options, url: `ldap://127.0.0.1:${port}` }, 'alice', ''),
        'refuse',
        /empty password/,
      );
    }
    assert.equal(connections, 0);
  });

  test('one that does not answer is given up in time, and connected to again when it answers', async (t) => {
    const provider = new LdapProvider(search({ poolSize: 2 }), quiet);
    t.after(() => provider.close());
    t.after(() => slapd.daemon.restore());
    const login = (within: number): Promise<Verdict> =>
      provider.authenticate(loginRequest({ username: 'alice', password: 'alice-secret' }), AbortSignal.timeout(within));
    slapd.daemon.pause();
    const begun = performance.now();
    // More than there are connections: those that wait for one are given up as well.
    const verdicts = await Promise.all(Array.from({ length: 6 }, () => login(200)));
    assert.ok(performance.now() - begun < 1500, `${performance.now() - begun} ms`);
    for (const verdict of verdicts) await assertOutcome(verdict, 'unavailable', /did not answer in time/);
    slapd.daemon.resume();
    await assertOutcome(login(5000), 'accept');
    await slapd.daemon.stop();
    await assertOutcome(login(5000), 'unavailable', /ECONNREFUSED/);
    await slapd.daemon.start();
    await assertOutcome(login(5000), 'accept');
  });

  test('one that is killed while a login waits for it ends that login', async (t) => {
    t.after(() => slapd.daemon.restore());
    slapd.daemon.pause();
    const verdict = tryLogin(search(), 'alice', 'alice-secret', 10_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await slapd.daemon.stop();
    await assertOutcome(verdict, 'unavailable');
  });

  test('a login that is stuck in the encryption of its connection is given up in time', async (t) => {
    // Says yes to StartTLS (message 2, success), then nothing.
    const port = await listen(t, (socket) =>
      socket.once('data', (data) => {
        if (data[0] === 0x30) socket.write(Buffer.from('300c02010278070a010004000400', 'hex'));
      }),
    );
    for (const url of [`ldap://127.0.0.1:${port}`, `ldaps://127.0.0.1:${port}`]) {
      const options = search({ url, startTls: url.startsWith('ldap:') });
      await assertOutcome(tryLogin(options, 'alice', 'alice-secret', 200), 'unavailable', /in time/);
    }
  });

  test('what is no LDAP is given up in time', async (t) => {
    const port = await listen(t, (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await assertOutcome(
      tryLogin(search({ url: `ldap://127.0.0.1:${port}` }), 'alice', 'alice-secret', 200),
      'unavailable',
    );
  });

  test('half an answer that somebody put behind that to StartTLS does not become a yes', async (t) => {
    for (const message of ['02', '03']) {
      // The head of "bind succeeded", whose text the true answer (14 bytes) would be.
      const head = Buffer.from(`301a0201${message}61150a01000400040e`, 'hex');
      const port = await listen(t, (socket) => {
        const server = connect(slapd.port, '127.0.0.1');
        // Either side may be gone first.
        server.on('error', () => {}).on('close', () => socket.destroy());
        socket.on('close', () => server.destroy()).pipe(server);
        server.once('data', (answer: Buffer) => {
          socket.write(Buffer.concat([answer, head]));
          server.pipe(socket);
        });
      });
      const options = template({ url: `ldap://127.0.0.1:${port}`, startTls: true, ca: slapd.ca });
      await assertOutcome(tryLogin(options, 'alice', 'wrong'), 'refuse', /wrong password/);
      await assertOutcome(tryLogin(options, 'alice', 'alice-secret'), 'accept');
    }
  });

  test('while it does not answer, and when it is gone, users of another provider log in at once', async (t) => {
    const chain = loginChain(
      t,
      [localUser('carol', 'carol-secret'), new LdapProvider(search({ poolSize: 2 }), quiet)],
      0.5,
    );
    t.after(() => slapd.daemon.restore());
    const remote = (): Promise<number> => chain.login('alice', 'alice-secret');
    const local = (): Promise<number> => chain.login('carol', 'carol-secret');
    assert.equal(await remote(), 0);
    slapd.daemon.pause();
    let answers = 0;
    const waiting = Array.from({ length: 10 }, () => remote().finally(() => answers++));
    for (let times = 0; times < 20; times++) assert.equal(await local(), 0);
    assert.equal(answers, 0);
    // 0x88: server unavailable, within the time the chain allows.
    assert.deepEqual(await Promise.all(waiting), Array(10).fill(0x88));
    await slapd.daemon.stop();
    assert.deepEqual(await Promise.all([remote(), remote()]), [0x88, 0x88]);
    assert.equal(await local(), 0);
    await slapd.daemon.restore();
    assert.equal(await remote(), 0);
  });

  test('closing the provider ends what it waits for', async (t) => {
    t.after(() => slapd.daemon.restore());
    slapd.daemon.pause();
    const provider = new LdapProvider(search(), quiet);
    const verdict = provider.authenticate(
      loginRequest({ username: 'alice', password: 'alice-secret' }),
      new AbortController().signal,
    );
    await provider.close();
    await assertOutcome(verdict, 'unavailable');
  });
});

/** A server of a test's own on 127.0.0.1, closed with its connections when the test ends. */
async function listen(t: { after(clean: () => unknown): void }, accept: (socket: Socket) => unknown): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    // The other side may be gone without a word, which is what these tests are about.
    socket.on('error', () => {});
    accept(socket);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}
