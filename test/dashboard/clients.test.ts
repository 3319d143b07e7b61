import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { AuthenticationRequest, AuthenticationResult } from '@cauldron/broker';
import { type Client, connect, type NodeClientOptions } from '@cauldron/client';
import type { Page } from 'playwright-core';
import { type DashboardPage, type Look, useDashboard } from './open-dashboard.ts';
import { type Plant, startPlant } from './plant.ts';
import { send } from './sending.ts';

/** Everybody whose password is their name; who has none is anonymous. */
function authenticate({ username, password }: AuthenticationRequest): AuthenticationResult {
  if (username === undefined) return { outcome: 'accept', anonymous: true };
  if (password !== undefined && password.length > 0 && new TextDecoder().decode(password) !== username) {
    return { outcome: 'refuse', reasonCode: 0x86, reasonString: 'the password is wrong' };
  }
  return { outcome: 'accept', username };
}

let plant: Plant | undefined;
// Before the broker ends, which is told of below.
after(() => plant?.stop());

const setup = useDashboard(
  {
    limits: { maxOutboundBytes: 1_000_000 },
    authorization: {
      default: 'deny',
      roles: [
        { name: 'admin', users: ['ann'] },
        { name: 'viewer', users: ['vic'] },
        { name: 'machine', users: ['sensor', 'camera', 'forklift', 'gateway'] },
      ],
      rules: [
        { role: 'admin', allow: 'readwrite', topic: '#' },
        {
          users: ['historian', 'grafana', 'node', 'alarm', 'panel', 'worker', 'tablet', 'phone'],
          allow: 'readwrite',
          topics: ['plant/#', 'orders/#'],
        },
        { role: 'machine', allow: 'readwrite', topic: 'plant/#' },
        { users: ['guest'], allow: 'read', topic: 'plant/+/+/temperature' },
        { user: 'guest', deny: 'read', topic: 'plant/north/oven/#' },
      ],
    },
  },
  { authenticator: { authenticate } },
);

async function logIn(page: Page, user: string): Promise<void> {
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password').fill(user);
  await page.getByRole('button', { name: 'Log in' }).click();
}

async function open(t: TestContext, hash: string, user = 'ann', look: Look = 'light'): Promise<DashboardPage> {
  const opened = await setup().open(hash, look);
  t.after(() => opened.close());
  await logIn(opened.page, user);
  return opened;
}

const publishing = new Map<Client, NodeJS.Timeout>();

/** A client that is gone when the test ends, its session with it. */
async function join(t: TestContext, options: NodeClientOptions): Promise<Client> {
  const defaults = { reconnect: false, sessionExpiry: 0, username: 'ann', password: 'ann' } as const;
  const client = await connect(setup().mqttUrl, { ...defaults, ...options });
  t.after(() => {
    clearInterval(publishing.get(client));
    return client.end({ abrupt: true });
  });
  return client;
}

/** Fifty messages a second, until the test ends. */
function keepPublishing(client: Client, topic: string): void {
  publishing.set(
    client,
    setInterval(() => send(client, topic, '7'), 20),
  );
}

const row = (page: Page, clientId: string) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name: clientId, exact: true }) });

test('the list shows who comes and goes, and finds clients by part of their name', async (t) => {
  const { page, clean } = await open(t, '#/clients');
  const kettle = await join(t, { clientId: 'kitchen/kettle', sessionExpiry: 600 });
  await join(t, { clientId: 'cellar-pump', username: 'camera', password: 'camera' });
  await kettle.on('kitchen/#', () => {});
  await row(page, 'kitchen/kettle').getByText('ann').waitFor();
  await row(page, 'cellar-pump').getByText('camera').waitFor();
  await page.getByRole('searchbox', { name: 'Search clients' }).fill('KETTLE');
  await row(page, 'cellar-pump').waitFor({ state: 'detached' });
  await row(page, 'kitchen/kettle').waitFor();
  await page.getByRole('searchbox', { name: 'Search clients' }).fill('');
  await page.getByRole('button', { name: 'away', exact: true }).click();
  await page.getByText('No session waits for its client.').waitFor();
  await kettle.end();
  await row(page, 'kitchen/kettle').getByRole('img', { name: 'away' }).waitFor();
  await page.getByRole('searchbox', { name: 'Search clients' }).fill('nobody has this');
  await page.getByText(/No client has “nobody has this”/).waitFor();
  clean();
});

test('the list comes in the order that was asked for, and traffic as messages a second', async (t) => {
  const { page, clean } = await open(t, '#/clients?sort=received');
  await join(t, { clientId: 'a-silent' });
  const busy = await join(t, { clientId: 'z-busy' });
  keepPublishing(busy, 'traffic');
  await row(page, 'z-busy')
    .getByText(/^[1-9][\d.]*\/s$/)
    .waitFor();
  const names = await page.getByRole('row').getByRole('link').allTextContents();
  assert.ok(names.indexOf('z-busy') < names.indexOf('a-silent'), names.join());
  assert.equal(await page.getByRole('columnheader', { name: 'From it' }).getAttribute('aria-sort'), 'descending');
  await page.getByRole('columnheader', { name: 'Client' }).getByRole('button').click();
  await page
    .getByRole('columnheader', { name: 'Client', exact: true })
    .and(page.locator('[aria-sort="ascending"]'))
    .waitFor();
  await page.locator('tr:has-text("a-silent") ~ tr:has-text("z-busy")').waitFor();
  clean();
});

test('more clients than fit a page come page by page', async (t) => {
  const clients = Array.from({ length: 105 }, (_, n) => ({ clientId: `many-${String(n).padStart(3, '0')}` }));
  await Promise.all(clients.map((one) => join(t, one)));
  const { page, clean } = await open(t, '#/clients?q=many-');
  await page.getByText('1 to 100 of 105 clients').waitFor();
  await page.getByRole('button', { name: 'Next' }).click();
  await row(page, 'many-104').waitFor();
  await page.getByText('101 to 105 of 105 clients').waitFor();
  await page.getByRole('button', { name: 'Previous' }).click();
  await row(page, 'many-000').waitFor();
  clean();
});

test('one client shows who it is, what it has and does, and goes on showing it', async (t) => {
  const id = 'line 1/robot?#ä';
  const robot = await join(t, {
    clientId: id,
    username: 'sensor',
    password: 'sensor',
    keepAlive: 45,
    sessionExpiry: 7200,
    will: { topic: 'plant/robot', payload: 'stopped', qos: 1, retain: true, properties: { willDelayInterval: 5 } },
  });
  await robot.on('plant/robot/+', () => {}, { qos: 2 });
  const { page, clean } = await open(t, `#/clients/${encodeURIComponent(id)}`);
  await page.getByRole('heading', { name: id }).waitFor();
  const says = (text: string) => page.getByText(text, { exact: true }).first().waitFor();
  for (const text of ['MQTT 5.0', '45 s', 'machine', '2 h after its connection', 'plant/robot/+', 'stopped']) {
    await says(text);
  }
  await says('5 s after its connection broke');
  await page.getByText(/^Connected through/).waitFor();
  keepPublishing(robot, 'plant/robot/speed');
  await page
    .getByText(/^[1-9]\d* messages, .* in all$/)
    .first()
    .waitFor();
  await robot.on('plant/robot/more', () => {});
  await says('plant/robot/more');
  await page.getByText("Subscribed to 'plant/robot/more' with QoS 0").waitFor();
  clean();
});

test('a client with many subscriptions shows them page by page', async (t) => {
  const client = await join(t, { clientId: 'curious' });
  await Promise.all(Array.from({ length: 120 }, (_, n) => client.on(`many/${String(n).padStart(3, '0')}`, () => {})));
  const { page, clean } = await open(t, '#/clients/curious');
  await page.getByRole('heading', { name: '120 subscriptions' }).waitFor();
  await page.getByText('many/049', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('many/050', { exact: true }).waitFor();
  await page.getByText('51 to 100').waitFor();
  clean();
});

test('disconnecting tells the client why, and shows in its timeline', async (t) => {
  const lost = Promise.withResolvers<Error | undefined>();
  const client = await join(t, { clientId: 'to-kick', sessionExpiry: 600 });
  client.onState((state) => {
    if (state.status === 'ended') lost.resolve(state.reason);
  });
  const { page, clean } = await open(t, '#/clients/to-kick');
  await page.getByRole('button', { name: 'Disconnect…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Disconnect to-kick?' });
  await dialog.getByLabel('Reason').fill('the oven needs your place');
  await dialog.getByRole('button', { name: 'Disconnect', exact: true }).click();
  await page.getByText("Client 'to-kick' was disconnected: the oven needs your place").waitFor();
  assert.match(String((await lost.promise)?.message), /the oven needs your place/);
  await page.getByText(/^Disconnected by 'ann': the oven needs your place/).waitFor();
  assert.ok(await page.getByRole('button', { name: 'Disconnect…' }).isDisabled());
  clean();
});

test('a session is discarded after a question, and the page says that it is gone, and what happened', async (t) => {
  const before = await connect(setup().mqttUrl, {
    clientId: 'leaver',
    username: 'ann',
    password: 'ann',
    sessionExpiry: 900,
  });
  await before.on('plant/for-leaver', () => {}, { qos: 1 });
  await before.end();
  setup().broker.publish('plant/for-leaver', 'soup', { qos: 1 });
  const { page, clean } = await open(t, '#/clients/leaver');
  await page.getByText(/^in 1[45] min, unless its client comes back/).waitFor();
  await page.getByRole('button', { name: 'Discard session…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Discard the session of leaver?' });
  await dialog.getByText(/1 subscription and 1 message that waits for it are gone for good/).waitFor();
  await dialog.getByRole('button', { name: 'Discard session', exact: true }).click();
  await page.getByText('There is no client “leaver” now').waitFor();
  await page.getByText(/^Its session was discarded by 'ann'/).waitFor();
  const again = await join(t, { clientId: 'leaver', sessionExpiry: 900, cleanStart: false });
  assert.equal(again.connected, true);
  await page
    .getByText(/^Connected through [^,]*$/)
    .first()
    .waitFor();
  clean();
});

test('a client that never was is said not to be there', async (t) => {
  const { page, clean } = await open(t, '#/clients/nobody%2Fhere');
  await page.getByText('There is no client “nobody/here”, and nothing happened to one lately.').waitFor();
  clean();
});

test('a viewer sees clients, and reads why it cannot change them', async (t) => {
  await join(t, { clientId: 'looked-at' });
  const { page, clean } = await open(t, '#/clients/looked-at', 'vic');
  await page.getByText('You may look at clients, not change them: log in as an administrator.').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Disconnect…' }).isDisabled());
  assert.ok(await page.getByRole('button', { name: 'Discard session…' }).isDisabled());
  clean();
});

test('who was refused and what was denied is listed, and why: with the rule that says so', async (t) => {
  const guest = await join(t, { clientId: 'visitor-1', username: 'guest', password: 'guest' });
  await assert.rejects(guest.publish('plant/north/oven/temperature', '900', { qos: 1 }));
  await assert.rejects(join(t, { clientId: 'thief', username: 'ann', password: 'guess' }));
  const { page, clean } = await open(t, '#/clients?tab=refusals');
  const item = (clientId: string) => page.getByRole('listitem').filter({ hasText: clientId });
  await item('thief')
    .getByText(/the password is wrong/)
    .waitFor();
  await item('thief')
    .getByText(/Check its user name and password/)
    .waitFor();
  await item('visitor-1').getByRole('link', { name: 'Why?' }).first().click();
  await page.getByText('DENIED', { exact: true }).waitFor();
  assert.equal(await page.getByLabel('Client identifier').inputValue(), 'visitor-1');
  assert.equal(await page.getByLabel('Topic').inputValue(), 'plant/north/oven/temperature');
  await page.getByText(/none of the 2 rules for this client is about write/).waitFor();
  await page.getByLabel('Wants to').selectOption('receive');
  await page.getByRole('button', { name: 'Ask the rules' }).click();
  await page.getByRole('row').filter({ hasText: 'decided' }).getByText(/deny/).waitFor();
  await page.getByLabel('Topic').fill('plant/south/oven/temperature');
  await page.getByRole('button', { name: 'Ask the rules' }).click();
  await page.getByText('ALLOWED', { exact: true }).waitFor();
  assert.ok(setup().broker.core.sessions.get('visitor-1')?.connection != null, 'asking changes nothing');
  clean();
});

test('the reason of a client that is gone is asked with the user it was', async (t) => {
  const guest = await join(t, { clientId: 'visitor-2', username: 'guest', password: 'guest' });
  await assert.rejects(guest.publish('plant/secret', 'x', { qos: 1 }));
  await guest.end();
  const { page, clean } = await open(t, '#/clients/visitor-2');
  await page.getByRole('link', { name: 'Why?' }).click();
  await page.getByText(/^DENIED: user 'guest' with client identifier 'visitor-2'/).waitFor();
  assert.equal(await page.getByLabel('User (optional)').inputValue(), 'guest');
  clean();
});

test('a topic that is none is refused in words', async (t) => {
  const { page, clean } = await open(t, '#/clients?tab=receivers&topic=a%2F%23');
  await page.getByText(/'a\/#' is no topic name/).waitFor();
  // The browser itself reports an answer of 400.
  assert.throws(clean, /400/);
});

test('where a message goes is shown with QoS, state and outcome, as it then comes about', async (t) => {
  const direct = await join(t, { clientId: 'get-direct' });
  const got: string[] = [];
  await direct.on('goes/+', ({ topic, qos }) => void got.push(`${topic} ${qos}`), { qos: 1 });
  for (const member of ['get-a', 'get-b']) {
    const client = await join(t, { clientId: member });
    await client.on('$share/team/goes/#', () => {}, { qos: 2 });
  }
  const gone = await connect(setup().mqttUrl, {
    clientId: 'get-later',
    username: 'ann',
    password: 'ann',
    sessionExpiry: 900,
  });
  await gone.on('goes/here', () => {}, { qos: 1 });
  await gone.end();
  const { page, clean } = await open(t, '#/clients?tab=receivers');
  await page.getByLabel('Topic').fill('goes/here');
  await page.getByLabel('QoS').selectOption('2');
  await page.getByRole('button', { name: 'Show who gets it' }).click();
  await page.getByRole('heading', { name: '4 receivers' }).waitFor();
  await row(page, 'get-direct').getByText('connected, will get it at QoS 1').waitFor();
  await row(page, 'get-a').getByText('shared: team').waitFor();
  await row(page, 'get-later')
    .getByText(/away: it waits/)
    .waitFor();
  await direct.publish('goes/here', 'soup', { qos: 2 });
  await t.waitFor(() => assert.deepEqual(got, ['goes/here 1']));
  assert.equal(setup().broker.core.sessions.get('get-later')?.queuedMessages, 1);
  await page.getByLabel('Topic').fill('goes/nowhere/at/all/x');
  await page.getByLabel('QoS').selectOption('0');
  await page.getByRole('button', { name: 'Show who gets it' }).click();
  await page.getByRole('heading', { name: '2 receivers' }).waitFor();
  await page.getByLabel('Topic').fill('Goes/here');
  await page.getByRole('button', { name: 'Show who gets it' }).click();
  await page.getByRole('heading', { name: 'Nobody would get it' }).waitFor();
  await page.getByText(/Is the topic spelled as the subscriber spells it/).waitFor();
  clean();
});

/** Pages as a person finds them in a plant: what is opened, and when it shows what it should. */
const LOOKED_AT: readonly (readonly [name: string, hash: string, ready: (page: Page) => Promise<unknown>])[] = [
  [
    'clients',
    '#/clients',
    async (page) => {
      await page.getByText('slow', { exact: true }).waitFor();
      await page
        .getByText(/[1-9]\/s/)
        .first()
        .waitFor();
    },
  ],
  ['client', '#/clients/historian%2Finflux', drawnForSeconds],
  [
    'clients-refusals',
    '#/clients?tab=refusals',
    (page) =>
      page
        .getByText(/password is wrong/)
        .first()
        .waitFor(),
  ],
  [
    'clients-explain',
    '#/clients?tab=explain&client=visitor-3&action=receive&topic=plant%2Fnorth%2Foven%2Ftemperature',
    (page) => page.getByText('DENIED', { exact: true }).waitFor(),
  ],
  [
    'clients-receivers',
    '#/clients?tab=receivers&topic=plant%2Fnorth%2Foven%2Ftemperature&qos=1',
    (page) => page.getByText(/receivers$/).waitFor(),
  ],
];

/** Until a chart has a line, not only a point. */
async function drawnForSeconds(page: Page): Promise<void> {
  const newest = page.locator('.u-value').first();
  const times = new Set<string | null>();
  await page.locator('.u-value', { hasText: /\d\/s/ }).first().waitFor();
  while (times.size < 4) {
    const shown = await newest.textContent();
    times.add(shown);
    await newest.filter({ hasNotText: shown ?? '' }).waitFor();
  }
}

for (const [name, hash, ready] of LOOKED_AT) {
  test(`the page of the picture ${name} shows a plant of clients`, async (t) => {
    plant ??= await startPlant(setup().mqttUrl);
    const guest = await join(t, { clientId: 'visitor-3', username: 'guest', password: 'guest' });
    await assert.rejects(guest.on('orders/#', () => {}));
    await assert.rejects(guest.publish('plant/north/oven/setpoint', '300', { qos: 1 }));
    await assert.rejects(join(t, { clientId: 'plc-17', username: 'sensor', password: '12345' }));
    await setup().pictures(
      name,
      hash,
      async (page) => {
        await logIn(page, 'ann');
        await ready(page);
      },
      true,
    );
  });
}
