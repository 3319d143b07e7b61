import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { startBroker, until } from '../support/broker.ts';
import { makeServerCertificate } from '../support/server-certificate.ts';
import { stablePort } from '../support/stable-port.ts';
import { tempDir } from '../support/temp-dir.ts';
import { Tab, useChromium } from './chromium.ts';
import type { ReceivedMessage } from './pages/types.ts';
import { startSite } from './site.ts';

const chromium = useChromium();

async function openTab(t: TestContext, headers?: Readonly<Record<string, string>>): Promise<Tab> {
  const context = await chromium().browser.newContext();
  t.after(() => context.close());
  return Tab.open(context, await startSite(t, headers));
}

/** A page of its own, and the URL of a broker that accepts it. */
async function start(t: TestContext): Promise<{ tab: Tab; url: string }> {
  const { port } = await startBroker(t, { listeners: [{ port: 0, webSocket: {} }] });
  return { tab: await openTab(t), url: `ws://127.0.0.1:${port}/mqtt` };
}

test('a page publishes and subscribes with every QoS', async (t) => {
  const { tab, url } = await start(t);
  await tab.call('open', url);
  for (const qos of [0, 1, 2]) {
    await tab.call('subscribe', `qos/${qos}`, { qos });
    const result = await tab.call('publish', `qos/${qos}`, 'hello', { qos });
    assert.deepEqual(result, { reasonCode: 0, properties: undefined });
  }
  const messages = await tab.call<ReceivedMessage[]>('messages', 3);
  assert.deepEqual(
    messages.map(({ topic, qos, text }) => [topic, qos, text]),
    [0, 1, 2].map((qos) => [`qos/${qos}`, qos, 'hello']),
  );
  await tab.call('end');
  assert.deepEqual(await tab.call('stateHistory'), ['connected', 'ended']);
  assert.deepEqual(tab.errors, []);
});

test('a page sends and gets the properties of MQTT 5.0, and retained messages', async (t) => {
  const { tab, url } = await start(t);
  await tab.call('open', url);
  const properties = {
    payloadFormatIndicator: 1,
    contentType: 'text/plain',
    responseTopic: 'answers',
    correlationData: Uint8Array.of(0, 1, 255),
    userProperties: [
      ['a', '1'],
      ['a', '2'],
    ],
  };
  await tab.call('publish', 'kept/küche', 'suppe', { qos: 1, retain: true, properties });
  await tab.call('subscribe', 'kept/#', { qos: 1, properties: { subscriptionIdentifiers: [7] } });
  const [message] = await tab.call<ReceivedMessage[]>('messages', 1);
  assert.deepEqual(message, {
    topic: 'kept/küche',
    text: 'suppe',
    qos: 1,
    retain: true,
    properties: { ...properties, subscriptionIdentifiers: [7] },
  });
});

test('the one-shot helpers work in a page', async (t) => {
  const { tab, url } = await start(t);
  assert.equal(await tab.call('once', url), 'hello');
});

test('a client runs in a worker of a page', async (t) => {
  const { tab, url } = await start(t);
  assert.equal(await tab.call('onceInWorker', url), 'hello');
});

test('a page that publishes more than the network takes waits, and the browser holds little of it', async (t) => {
  const { tab, url } = await start(t);
  await tab.call('open', url);
  const most = await tab.call<number>('flood', 600, 50_000);
  t.diagnostic(`at most ${most} bytes waited in the browser`);
  assert.ok(most > 0 && most < 1_000_000, `${most} bytes waited in the browser`);
  await tab.call('publish', 'end', '', { qos: 1 });
});

test('a client that publishes in a loop sends few WebSocket messages', async (t) => {
  const { tab, url } = await start(t);
  await tab.call('open', url);
  const before = await tab.call<number>('framesSent');
  await tab.call('flood', 1000, 10);
  await tab.call('publish', 'end', '', { qos: 1 });
  const frames = (await tab.call<number>('framesSent')) - before;
  assert.ok(frames < 50, `${frames} WebSocket messages for 1000 publishes`);
});

test('a URL relative to the page goes to the server of the page', async (t) => {
  const tab = await openTab(t);
  const { host } = new URL(tab.page.url());
  const failure = await tab.call<string>('failure', '/mqtt');
  assert.ok(failure.startsWith(`UnreachableError: cannot reach ws://${host}/mqtt: `), failure);
});

test('what a page cannot connect to is refused with what it can, and without the password', async (t) => {
  const tab = await openTab(t);
  for (const url of ['mqtt://user:secret@broker', 'mqtts://broker', 'tcp://broker:1883', 'ws://', 'unix:///run/mqtt']) {
    const failure = await tab.call<string>('failure', url);
    assert.match(failure, /^MqttError: ".*" is nothing that a page can connect to: .*ws:\/\/HOST:8083\/mqtt/);
    assert.doesNotMatch(failure, /secret/);
  }
});

test('when nothing listens, the error says what to look at, since browsers do not tell', async (t) => {
  const tab = await openTab(t);
  const url = `ws://127.0.0.1:${await stablePort()}/mqtt`;
  const failure = await tab.call<string>('failure', url);
  assert.ok(failure.startsWith(`UnreachableError: cannot reach ${url}: browsers do not tell pages why`), failure);
  assert.match(failure, /is the broker running.*WebSocket listener.*origin/);
});

test('a certificate that the browser does not trust is among what the error names, and with one that it does wss: works', async (t) => {
  const { cert, key } = makeServerCertificate(tempDir(t));
  const { port } = await startBroker(t, { listeners: [{ port: 0, tls: { cert, key }, webSocket: {} }] });
  const url = `wss://127.0.0.1:${port}/mqtt`;
  const site = await startSite(t);
  const [wary, trusting] = await Promise.all(
    [false, true].map(async (ignoreHTTPSErrors) => {
      const context = await chromium().browser.newContext({ ignoreHTTPSErrors });
      t.after(() => context.close());
      return Tab.open(context, site);
    }),
  );
  assert.match(await wary!.call<string>('failure', url), /does the browser trust its certificate\?$/);
  assert.equal(await trusting!.call('once', url), 'hello');
});

test('a port that browsers never connect to is an error, not a wait', async (t) => {
  const tab = await openTab(t);
  assert.match(await tab.call<string>('failure', 'ws://127.0.0.1:25/mqtt'), /^UnreachableError: .*:25\/mqtt: /);
});

test("where the page's security policy forbids the connection, connecting fails", async (t) => {
  const tab = await openTab(t, { 'content-security-policy': "connect-src 'none'" });
  const failure = await tab.call<string>('failure', 'ws://127.0.0.1:8083/mqtt');
  assert.match(failure, /^UnreachableError: cannot reach ws:\/\/127\.0\.0\.1:8083\/mqtt: /);
});

test('an offline browser is named as the reason', async (t) => {
  const tab = await openTab(t);
  await tab.call('failure', '/mqtt'); // what it needs is loaded
  await tab.page.context().setOffline(true);
  assert.match(await tab.call<string>('failure', '/mqtt'), /: the browser is offline$/);
});

test('the server gets path, query and subprotocol; user and password are for MQTT, and errors show none of them', async (t) => {
  const asked: unknown[] = [];
  const server = new WebSocketServer({ port: 0, host: '::1', handleProtocols: () => 'mqtt' });
  t.after(() => server.close());
  await once(server, 'listening');
  server.on('connection', (socket, request) => {
    const { authorization, 'sec-websocket-protocol': protocol } = request.headers;
    asked.push([request.url, authorization, protocol]);
    socket.close(4000);
  });
  const tab = await openTab(t);
  const { port } = server.address() as { port: number };
  const failure = await tab.call<string>('failure', `ws://user:secret@[::1]:${port}/a/b?token=c#d`);
  // Twice: a server that just hangs up may be one of MQTT 3.1.1.
  assert.deepEqual(new Set(asked.map((one) => JSON.stringify(one))), new Set(['["/a/b?token=c",null,"mqtt"]']));
  assert.match(failure, /\[::1\]:\d+\/a\/b was lost/);
});

for (const { name, act, says } of [
  {
    name: 'a server that sends text is left, with words',
    act: (socket: { send(text: string): void }) => socket.send('welcome'),
    says: /text frame; MQTT travels in binary frames/,
  },
  {
    name: 'the code and reason with which a server closes are in the error',
    act: (socket: { close(code: number, reason: string): void }) => socket.close(4001, 'come back tomorrow'),
    says: /closed with code 4001: come back tomorrow/,
  },
] as const) {
  test(name, async (t) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'mqtt' });
    t.after(() => server.close());
    await once(server, 'listening');
    server.on('connection', (socket) => act(socket));
    const tab = await openTab(t);
    const { port } = server.address() as { port: number };
    assert.match(await tab.call<string>('failure', `ws://127.0.0.1:${port}/`), says);
    await until('the socket to be closed', () => server.clients.size === 0);
  });
}

test('a page without a bundler loads the client as one module', async (t) => {
  const { tab, url } = await start(t);
  await tab.page.setContent(`<script type="module">
    import { connect } from '/cauldron.js';
    const client = await connect('${url}');
    await client.on('kitchen/+dish', (message) => {
      document.title = message.params.dish + ': ' + message.text();
    });
    await client.publish('kitchen/soup', 'ready');
  </script>`);
  await tab.page.waitForFunction("document.title === 'soup: ready'");
  assert.deepEqual(tab.errors, []);
});
