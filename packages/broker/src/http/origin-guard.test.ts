import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { checkHostAndOrigin, type OriginGuardOptions, originGuardProblem } from './origin-guard.ts';

type Headers = Record<string, string | string[]>;

interface Case {
  readonly options?: Partial<OriginGuardOptions>;
  readonly localAddress?: string;
  readonly method?: string;
}

const lan: OriginGuardOptions = { listener: { host: '0.0.0.0', port: 8080 }, secure: false };

function check(headers: Headers, { options = {}, localAddress = '192.0.2.7', method = 'GET' }: Case = {}) {
  const headersDistinct = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? [value] : value]),
  );
  return checkHostAndOrigin({ method, headersDistinct, socket: { localAddress } }, { ...lan, ...options });
}

function assertRefused(outcome: ReturnType<typeof check>, status: number, said?: RegExp): void {
  assert.ok(outcome !== true, 'it was let through');
  assert.equal(outcome.status, status, outcome.reason);
  // What happened, why, what to do: at least two sentences.
  assert.match(outcome.reason, /\. .+\.$/);
  if (said !== undefined) assert.match(outcome.reason, said);
}

const accepted = (name: string, headers: Headers, parts?: Case): void => {
  test(name, () => assert.equal(check(headers, parts), true));
};
const refused = (name: string, status: number, headers: Headers, parts?: Case, said?: RegExp): void => {
  test(name, () => assertRefused(check(headers, parts), status, said));
};

describe('pages of this machine, where they may', () => {
  const local: Case = { options: { listener: { host: '127.0.0.1', port: 8083 }, localPages: true } };
  for (const origin of ['http://localhost:5173', 'https://127.0.0.1', 'http://[::1]:3000']) {
    accepted(`${origin} is let in`, { host: 'localhost:8083', origin }, local);
    refused(
      `${origin} is not where they may not`,
      403,
      { host: 'localhost:8083', origin },
      {
        options: { listener: { host: '127.0.0.1', port: 8083 } },
      },
    );
  }
  const named: Case = { options: { ...local.options, names: ['broker.example.org'] } };
  const visitor = { host: 'broker.example.org', origin: 'http://localhost:5173' };
  refused('through another name, this machine is the machine of a visitor', 403, visitor, named);
  refused(
    'a name that begins like one is none',
    403,
    { host: 'localhost:8083', origin: 'http://localhost.x:1' },
    local,
  );
  const app = { host: 'localhost:8083', origin: 'capacitor://localhost' };
  refused('an app or an extension that calls itself local is not local', 403, app, local);
  accepted('it is let in where it is named', app, {
    options: { ...local.options, origins: ['Capacitor://localhost'] },
  });
  refused('null is from nowhere', 403, { host: 'localhost:8083', origin: 'null' }, local);
});

describe('Host', () => {
  for (const host of ['localhost:8080', '127.0.0.1:8080', '[::1]:8080', 'LocalHost:8080', 'localhost.:8080']) {
    accepted(`${host} is this machine`, { host });
  }
  accepted('an IPv6 address counts in any spelling', { host: '[0:0:0:0:0:0:0:1]:8080' });
  accepted('the address the client connected to is one of the listener', { host: '192.0.2.7:8080' });
  accepted(
    'so it is where the socket takes both kinds of addresses',
    { host: '192.0.2.7:8080' },
    {
      localAddress: '::ffff:192.0.2.7',
    },
  );
  accepted('so it is in IPv6, with a zone', { host: '[fe80::1]:8080' }, { localAddress: 'fe80::1%eth0' });
  accepted(
    'the name the listener is configured with is one',
    { host: 'broker.lan:8080' },
    {
      options: { listener: { host: 'Broker.lan', port: 8080 } },
    },
  );
  accepted(
    'a configured name holds on any port',
    { host: 'mqtt.example.org' },
    { options: { names: ['mqtt.example.org'] } },
  );
  accepted(
    'a configured name with a port holds on this one',
    { host: 'mqtt.example.org:8443' },
    {
      options: { names: ['mqtt.example.org:8443'] },
    },
  );
  accepted(
    'a configured name is compared without case and last dot',
    { host: 'MQTT.example.org.' },
    {
      options: { names: ['mqtt.Example.org'] },
    },
  );
  accepted(
    'the usual port of http need not be said',
    { host: 'localhost' },
    {
      options: { listener: { host: '::', port: 80 } },
    },
  );
  accepted(
    'nor that of https',
    { host: 'localhost' },
    { options: { listener: { host: '::', port: 443 }, secure: true } },
  );
  accepted(
    'an empty port is the usual one',
    { host: 'localhost:' },
    { options: { listener: { host: '::', port: 80 } } },
  );

  refused(
    'a name that somebody else made point here is refused',
    421,
    { host: 'evil.example:8080' },
    {},
    /DNS rebinding/,
  );
  refused('a name that only begins like one of ours is refused', 421, { host: 'localhost.evil.example:8080' });
  refused('a name that only ends like one of ours is refused', 421, { host: 'evil-localhost:8080' });
  refused('a loopback name with another port is refused', 421, { host: 'localhost:8081' }, {}, /localhost:8080/);
  refused('a loopback name without the port is refused', 421, { host: 'localhost' });
  refused(
    'a configured name with a port does not hold on others',
    421,
    { host: 'mqtt.example.org' },
    {
      options: { names: ['mqtt.example.org:8443'] },
    },
  );
  refused(
    'the address that means every interface is no name',
    421,
    { host: '0.0.0.0:8080' },
    { localAddress: '0.0.0.0' },
  );
  refused('neither is it in IPv6', 421, { host: '[::]:8080' }, { options: { listener: { host: '::', port: 8080 } } });
  refused('an address of another machine is refused', 421, { host: '192.0.2.8:8080' });
  for (const host of ['127.1:8080', '2130706433:8080', '0x7f000001:8080', '127.0.0.1.:80801']) {
    test(`${host} is no spelling of this machine`, () => assert.notEqual(check({ host }), true));
  }
  refused('a request without Host is refused', 400, {}, {}, /no Host header/);
  refused('a request with two is refused', 400, { host: ['localhost:8080', 'evil.example'] }, {}, /2 Host headers/);
  refused('even where they are the same', 400, { host: ['localhost:8080', 'localhost:8080'] });
  const malformed = [
    '',
    ' ',
    'a b',
    'localhost:8080, evil',
    'user@localhost:8080',
    'localhost:8080/x',
    '[::1',
    '::1',
    '[1.2.3.4]',
  ];
  for (const host of [
    ...malformed,
    '[::1%eth0]:8080',
    'localhost:0',
    'localhost:65536',
    'localhost:80a',
    'a..',
    '.',
    '-',
    'ä',
  ]) {
    refused(`${JSON.stringify(host)} is no host`, 400, { host });
  }
  refused('a long one is not repeated whole', 421, { host: `${'a'.repeat(5000)}:8080` }, {}, /^.{0,800}$/);
});

describe('Origin', () => {
  const host = 'localhost:8080';
  accepted('a program that is no browser sends none', { host }, { method: 'POST' });
  accepted('a page of the listener itself may ask', { host, origin: 'http://localhost:8080' }, { method: 'POST' });
  accepted('case does not matter', { host, origin: 'HTTP://LOCALHOST:8080' });
  accepted('an IPv6 address is compared as an address', { host: '[::1]:8080', origin: 'http://[0:0::1]:8080' });
  accepted(
    'the usual port may be said or not',
    { host: 'a.example', origin: 'http://a.example:80' },
    {
      options: { names: ['a.example'] },
    },
  );
  accepted('over TLS the scheme is https', { host, origin: 'https://localhost:8080' }, { options: { secure: true } });
  const app = { options: { origins: ['https://app.example:443', 'http://10.0.0.1:3000'] } };
  accepted('a configured origin may ask', { host, origin: 'https://app.example' }, app);
  accepted('every configured origin may', { host, origin: 'http://10.0.0.1:3000' }, app);
  accepted(
    'the star lets pages of every site ask',
    { host, origin: 'https://any.example' },
    { options: { origins: ['*'] } },
  );
  accepted('and pages that hide where they are from', { host, origin: 'null' }, { options: { origins: ['*'] } });

  refused(
    'a page of another site is refused',
    403,
    { host, origin: 'https://evil.example' },
    { method: 'POST' },
    /another site/,
  );
  refused('so it is for an upgrade, which is a GET', 403, {
    host,
    origin: 'https://evil.example',
    upgrade: 'websocket',
  });
  refused('the same name on another port is another site', 403, { host, origin: 'http://localhost:3000' });
  refused('another loopback name is another site', 403, { host, origin: 'http://127.0.0.1:8080' });
  refused('another scheme is another site', 403, { host, origin: 'https://localhost:8080' });
  refused(
    'an unprotected page is none of a protected listener',
    403,
    { host, origin: 'http://localhost:8080' },
    {
      options: { secure: true },
    },
  );
  refused('a configured origin on another port is refused', 403, { host, origin: 'https://app.example:444' }, app);
  refused('a configured origin with another scheme is refused', 403, { host, origin: 'http://app.example' }, app);
  refused('a name below a configured one is refused', 403, { host, origin: 'https://x.app.example' }, app);
  refused('a page that hides where it is from is refused', 403, { host, origin: 'null' }, {}, /hides/);
  for (const origin of ['', 'localhost:8080', 'file://', 'http://localhost:8080/', 'chrome-extension://abc']) {
    refused(`${JSON.stringify(origin)} is no origin of ours`, 403, { host, origin });
  }
  refused('two origins are refused', 400, { host, origin: ['http://localhost:8080', 'https://evil.example'] });
  refused(
    'the star does not open the door to other Hosts',
    421,
    { host: 'evil.example', origin: 'http://evil.example' },
    {
      options: { origins: ['*'] },
    },
  );
  refused('a rebound name is not saved by an origin that fits it', 421, {
    host: 'evil.example:8080',
    origin: 'http://evil.example:8080',
  });
});

describe('Sec-Fetch-Site, where a browser sends no Origin', () => {
  const host = 'localhost:8080';
  const from = (site: string, mode = 'no-cors'): Headers => ({ host, 'sec-fetch-site': site, 'sec-fetch-mode': mode });
  accepted('a page of our own may load its parts', from('same-origin'));
  accepted('an address typed by hand is fine', from('none', 'navigate'));
  accepted('a link from another site may be followed', from('cross-site', 'navigate'));
  refused('an image of another site is refused', 403, from('cross-site'), {}, /another site/);
  refused('a neighbour under the same domain is another site', 403, from('same-site', 'cors'));
  refused('a form of another site is refused', 403, from('cross-site', 'navigate'), { method: 'POST' });
  refused('a WebSocket of another site is refused', 403, from('cross-site', 'websocket'));
});

describe('the options', () => {
  const problem = (parts: Partial<OriginGuardOptions>) => originGuardProblem({ ...lan, ...parts });
  test('names and origins as they should be are fine', () => {
    assert.equal(
      problem({ names: ['a.example', 'a.example:1', '[::1]:2'], origins: ['*', 'https://a.example'] }),
      undefined,
    );
  });
  test('a name that is an address of a page is refused', () => {
    assert.match(problem({ names: ['https://a.example'] }) ?? '', /no host name/);
  });
  test('an origin with a path, or without a scheme, is refused', () => {
    for (const origin of ['https://a.example/x', 'a.example', 'wss://a.example', 'file://'])
      assert.match(problem({ origins: [origin] }) ?? '', /no origin/);
  });
});

test('a request of Node is checked as it is, and a second Host header is seen', async () => {
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    const outcome = checkHostAndOrigin(request, { listener: { host: '127.0.0.1', port }, secure: false });
    response.writeHead(outcome === true ? 200 : outcome.status, { connection: 'close' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const statusFor = async (...lines: string[]): Promise<string> => {
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET / HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`);
    return (await text(socket)).slice(9, 12);
  };
  try {
    assert.equal(await statusFor(`Host: 127.0.0.1:${port}`), '200');
    assert.equal(await statusFor(`Host: 127.0.0.1:${port}`, 'Host: evil.example'), '400');
    assert.equal(await statusFor('Host: evil.example'), '421');
    assert.equal(await statusFor(`Host: 127.0.0.1:${port}`, 'Origin: http://evil.example'), '403');
  } finally {
    server.close();
  }
});
