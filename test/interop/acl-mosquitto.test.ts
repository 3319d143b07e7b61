// Our reading of ACL files beside mosquitto's own: the same files, clients and topics, and what each broker lets happen.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectAsync, type MqttClient } from 'mqtt';
import { parseAclFile } from '../../packages/broker/src/access/acl-file.ts';
import { RuleSet } from '../../packages/broker/src/access/rule-set.ts';
import { mosquittoPasswords, startMosquitto } from '../support/mosquitto-broker.ts';

/** Who asks; without a user name it is anonymous. */
interface Who {
  readonly username: string | undefined;
  readonly clientId: string;
}

const CLIENTS: readonly Who[] = [
  { username: 'alice', clientId: 'c1' },
  { username: 'bob smith', clientId: 'alice' },
  { username: undefined, clientId: 'c3' },
  { username: 'x/y', clientId: 'c4' },
  { username: 'a+b', clientId: 'c5' },
  { username: 'alice', clientId: 'c#6' },
  { username: undefined, clientId: '$t' },
];
const USERS = [...new Set(CLIENTS.flatMap(({ username }) => username ?? [])), 'admin'];

const TOPICS: readonly string[] = [
  'a',
  'a/b',
  'a/b/c',
  'a/secret',
  'a/b c',
  '/a',
  'a/',
  'b',
  'Straße/ä',
  'read',
  'deny',
  'x y',
  'x/y/z',
  'home/alice',
  'home/alice/x',
  'home/bob smith/x',
  'home/x/y',
  'home/x/z',
  'home/a+b'.replace('+', '-'),
  'home/%u',
  'home/%u/x',
  'home/c1',
  'dev/c1/in',
  'dev/alice/in',
  'dev/c3/in',
  'dev/%c/in',
  'p-alice-c1/x',
  'p-alice-c1',
  'c1/alice',
  'alice',
  'alice/x',
  'c3/x',
  '$t/a',
  '$t/secret',
  '$t',
  'public/x',
  'public/%u',
];

/** ACL files that mosquitto accepts. */
const FILES: Readonly<Record<string, string>> = {
  empty: '',
  'comments only': '# nothing\n\n   \n',
  'topics before the first user are for anonymous clients only': 'topic read a/#\ntopic write b\ntopic a\n',
  'a topic without access is readwrite': 'user alice\ntopic a/b\ntopic readwrite b\n',
  'access words as topics': 'user alice\ntopic read\ntopic deny\ntopic write read\n',
  'spaces around and inside': '  user   bob smith  \n topic   read    a/b c   \ntopic write  x y\t\r\n',
  'a user named twice': 'user alice\ntopic read a\nuser bob smith\ntopic write b\nuser alice\ntopic write a/#\n',
  'deny wins wherever it stands':
    'user alice\ntopic readwrite a/#\ntopic deny a/secret\ntopic read a/secret\nuser bob smith\ntopic deny a/b/#\ntopic a/#\n',
  'deny alone allows nothing': 'user alice\ntopic deny a\n',
  'user topics before patterns':
    'pattern read home/%u/#\nuser alice\ntopic deny home/alice/x\ntopic read dev/#\npattern deny dev/%c/in\n',
  'a pattern after a user line is for everybody': 'user nobody\npattern readwrite dev/%c/in\npattern read public/#\n',
  'deny in patterns': 'pattern readwrite home/+/#\npattern deny home/%u/x\npattern deny home/%u\n',
  'placeholders inside a level': 'pattern readwrite p-%u-%c/#\npattern write %c/%u\n',
  'leading placeholders': 'pattern readwrite %u/#\npattern readwrite %c/#\n',
  'placeholders mean nothing in topic lines':
    'topic home/%u/#\nuser alice\ntopic readwrite home/%u\ntopic write dev/%c/in\n',
  'a pattern without placeholders': 'pattern read public/#\npattern write a\n',
  'wildcards and levels': 'user alice\ntopic read +\ntopic write +/+\ntopic read /#\nuser bob smith\ntopic #\n',
  'topics that start with $':
    'user alice\ntopic readwrite #\nuser bob smith\ntopic read $t/#\ntopic deny $t/secret\npattern write $t/+\n',
  'a level called $share': 'user alice\ntopic readwrite $share/g/a\n',
  'no line end at the end, and text beyond ASCII': 'user alice\ntopic read Straße/ä',
};

/** Files mosquitto does not start with. */
const REFUSED: Readonly<Record<string, string>> = {
  'an unknown word': 'user alice\nallow a\n',
  'a comment that is indented': '  # hello\n',
  'a tab after the word': 'topic\tread a\n',
  'an empty topic': 'topic\n',
  'a topic of spaces': 'topic   \n',
  'an empty pattern': 'pattern \n',
  'a user without a name': 'user\n',
  'a user of spaces': 'user    \n',
  'an unknown access': 'topic reed a\n',
  'a topic of two words without access': 'topic a b\n',
  'a wildcard inside a level': 'topic read a/b+\n',
  '# before the end': 'topic read a/#/b\n',
  'a wildcard beside a placeholder': 'pattern read home/%u+\n',
  'words in capitals': 'User alice\n',
  'a byte order mark': '\ufeffuser alice\n',
};

interface Difference {
  readonly why: string;
  readonly is: (file: string, who: Who, use: string, topic: string) => boolean;
}

/** Where we decide otherwise on purpose: always the narrower way. */
const DIFFERENCES: readonly Difference[] = [
  {
    why: "a user name with '/' would reach into levels that belong to others: the allowing pattern is not for it",
    is: (file, { username }, _use, topic) =>
      username === 'x/y' &&
      ((file === 'user topics before patterns' && topic === 'home/x/y') ||
        (file === 'leading placeholders' && topic.startsWith('x/y'))),
  },
  {
    why: "a user name with '/' cannot be the level a denying pattern means: it denies whatever stands there, and below",
    is: (file, { username }, _use, topic) =>
      file === 'deny in patterns' && username === 'x/y' && topic.startsWith('home/'),
  },
  {
    why: "a client identifier that begins with '$' would choose topics of the server, which no wildcard at the front matches",
    is: (file, { clientId }, _use, topic) =>
      file === 'leading placeholders' && clientId === '$t' && topic.startsWith('$t'),
  },
];

async function connect(t: TestContext, port: number, { username, clientId }: Who): Promise<MqttClient> {
  const login = username === undefined ? {} : { username, password: username };
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    ...login,
    clientId,
    protocolVersion: 5,
    reconnectPeriod: 0,
  });
  t.after(() => client.end(true));
  return client;
}

async function isTaken(client: MqttClient, topic: string): Promise<boolean> {
  try {
    await client.publishAsync(topic, 'from a client', { qos: 1 });
    return true;
  } catch (error) {
    assert.equal((error as { code?: number }).code, 0x87, String(error));
    return false;
  }
}

/** What reaches each client of what the admin publishes. */
async function receivedBy(clients: readonly MqttClient[], admin: MqttClient): Promise<ReadonlySet<string>[]> {
  const received = clients.map((client) => {
    const topics = new Set<string>();
    client.on('message', (topic, payload) => {
      if (payload.toString() === 'from the admin') topics.add(topic);
    });
    return topics;
  });
  await Promise.all(clients.map((client) => client.subscribeAsync(['#', '$t/#'])));
  for (const topic of TOPICS) await admin.publishAsync(topic, 'from the admin', { qos: 1 });
  // What was sent to a client before stands before this answer on its connection.
  await Promise.all(clients.map((client) => client.subscribeAsync('end')));
  return received;
}

async function decisionsOfMosquitto(t: TestContext, acl: string, passwordFile: string): Promise<Map<string, boolean>> {
  const admin = '\nuser admin\ntopic readwrite #\ntopic readwrite $t/#\n';
  const broker = await startMosquitto(t, { acl: acl + admin, passwordFile });
  assert('port' in broker, `mosquitto did not start: ${JSON.stringify(broker)}`);
  const clients = await Promise.all(CLIENTS.map((who) => connect(t, broker.port, who)));
  const received = await receivedBy(clients, await connect(t, broker.port, { username: 'admin', clientId: 'admin' }));
  const decisions = new Map<string, boolean>();
  const askAll = clients.map(async (client, at) => {
    for (const topic of TOPICS) {
      decisions.set(`${at} read ${topic}`, received[at]!.has(topic));
      decisions.set(`${at} write ${topic}`, await isTaken(client, topic));
    }
  });
  await Promise.all(askAll);
  await Promise.all(clients.map((client) => client.endAsync(true)));
  await broker.stop();
  return decisions;
}

function ourRules(acl: string): RuleSet {
  const { rules, problems } = parseAclFile(acl, 'acl');
  assert.deepEqual(problems, []);
  return new RuleSet({ aclFiles: ['acl'] }, rules);
}

test('ACL files decide here as they do in mosquitto, but for differences that are listed', {
  timeout: 120_000,
}, async (t) => {
  const passwordFile = mosquittoPasswords(t, USERS);
  const used = new Set<Difference>();
  let compared = 0;
  for (const [name, acl] of Object.entries(FILES)) {
    const theirs = await decisionsOfMosquitto(t, acl, passwordFile);
    const rules = ourRules(acl);
    for (const [at, who] of CLIENTS.entries()) {
      const client = { ...who, verified: who.username !== undefined, rights: undefined };
      for (const [use, topic] of TOPICS.flatMap((one) => [['read', one] as const, ['write', one] as const])) {
        compared += 1;
        const theirsIs = theirs.get(`${at} ${use} ${topic}`)!;
        const oursIs = rules.allows(client, use, topic);
        if (oursIs === theirsIs) continue;
        const difference = DIFFERENCES.find(({ is }) => is(name, who, use, topic));
        assert(
          difference !== undefined,
          `${name}: ${JSON.stringify(who)} ${use} ${topic}: mosquitto ${theirsIs}, here ${oursIs}`,
        );
        assert.equal(oursIs, false, 'a difference is never to the wider side');
        used.add(difference);
      }
    }
  }
  assert.deepEqual(
    DIFFERENCES.filter((one) => !used.has(one)).map(({ why }) => why),
    [],
    'a listed difference that is none',
  );
  assert(compared > 9000, String(compared));
});

test('what mosquitto does not start with is refused here with file, line and what to write', {
  timeout: 60_000,
}, async (t) => {
  const passwordFile = mosquittoPasswords(t, ['admin']);
  for (const [name, acl] of Object.entries(REFUSED)) {
    const broker = await startMosquitto(t, { acl, passwordFile });
    assert('refused' in broker, `mosquitto starts with ${name}`);
    const { problems } = parseAclFile(acl, 'acl');
    assert.equal(problems.length, 1, name);
    const { file, line, message } = problems[0]!;
    assert.deepEqual([file, line], ['acl', acl.split('\n').findIndex((one) => !/^user alice$/.test(one)) + 1], name);
    assert.match(message, /write|begins with|remove|separate|save|must be|last level/, name);
  }
});
