import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { parseArgs } from '../args.ts';
import { UsageError } from '../command.ts';
import { explain } from './explain.ts';

const folder = mkdtempSync(join(tmpdir(), 'cauldron-explain-command-'));
after(() => rmSync(folder, { recursive: true }));

const acl = join(folder, 'acl');
writeFileSync(
  acl,
  'topic read news/#\nuser ann\ntopic write plant/1\ntopic deny plant/2\npattern readwrite home/%u/#\n',
);
const config = join(folder, 'cauldron.toml');
writeFileSync(
  config,
  `[authorization]
aclFiles = ["${acl}"]
superusers = ["root"]

[[authorization.rules]]
role = "operator"
allow = "read"
topic = "plant/#"

[[authorization.rules]]
deny = "read"
topics = ["plant/secret/#", "vault/#"]

[[authorization.roles]]
name = "operator"
users = ["bob"]
`,
);

async function run(...args: readonly string[]) {
  const output = { stdout: '', stderr: '' };
  const code = await explain.run(parseArgs(args, explain.flags), {
    stdout: new PassThrough().on('data', (chunk) => (output.stdout += chunk)),
    stderr: new PassThrough().on('data', (chunk) => (output.stderr += chunk)),
    stdin: new PassThrough(),
    env: {},
    onSignal: () => () => {},
  });
  await new Promise(setImmediate);
  return { code, ...output };
}

const ask = (...args: readonly string[]) => run('-c', config, ...args);

test('what is allowed ends with 0 and names the rule and its line in the configuration', async () => {
  const { code, stdout } = await ask('--user', 'bob', '--client', 'c1', '--receive', 'plant/1');
  assert.equal(code, 0);
  assert.equal(
    stdout,
    `ALLOWED: user 'bob' with client identifier 'c1' (roles operator) may receive messages of 'plant/1'
  because of the rule: allow read on 'plant/#' for role operator
  written in ${config}:8 (authorization.rules[0])
`,
  );
});

test('a line of an ACL file is named by its number', async () => {
  const { code, stdout } = await ask('--user', 'ann', '--publish', 'plant/1');
  assert.equal(code, 0);
  assert(stdout.includes(`written in ${acl}:3 (topic write plant/1)`), stdout);
});

test('what no rule allows ends with 1 and shows the lines that would allow it', async () => {
  const { code, stdout } = await ask('--user', 'eve', '--publish', 'plant/1');
  assert.equal(code, 1);
  const lines = stdout.split('\n');
  assert.match(
    lines[0]!,
    /^DENIED: user 'eve' with client identifier 'explained-client' may not publish to 'plant\/1'$/,
  );
  assert.match(
    lines[1]!,
    /none of the 3 rules for this client is about write on it, and what no rule allows is denied/,
  );
  assert.deepEqual(lines.slice(3), [
    'To allow it, write in the configuration:',
    '  [[authorization.rules]]',
    '  user = "eve"',
    '  allow = "write"',
    '  topic = "plant/1"',
    'or in an ACL file:',
    '  user eve',
    '  topic write plant/1',
    '',
  ]);
});

test('following the advice allows it', async () => {
  const { stdout } = await ask('--user', 'eve', '--publish', 'plant/1');
  const advised = /(\[\[authorization\.rules\]\].*?)or in an ACL file:\n(.*)/s.exec(stdout)!;
  const withRule = join(folder, 'with-rule.toml');
  writeFileSync(withRule, advised[1]!);
  assert.equal((await run('-c', withRule, '--user', 'eve', '--publish', 'plant/1')).code, 0);
  assert.equal((await run('-c', withRule, '--user', 'bob', '--publish', 'plant/1')).code, 1);
  const aclFile = join(folder, 'advised-acl');
  writeFileSync(aclFile, advised[2]!.replaceAll(/^ +/gm, ''));
  const withFile = join(folder, 'with-file.toml');
  writeFileSync(withFile, `[authorization]\naclFiles = ["${aclFile}"]\n`);
  assert.equal((await run('-c', withFile, '--user', 'eve', '--publish', 'plant/1')).code, 0);
});

test('a rule that denies is named, with what has to change', async () => {
  const configured = await ask('--user', 'bob', '--subscribe', '$share/g/plant/secret/1');
  assert.equal(configured.code, 1);
  assert.match(configured.stdout, /because of the rule: deny read on 'plant\/secret\/#' for everybody/);
  assert.match(configured.stdout, /also matches: allow read on 'plant\/#' for role operator/);
  assert(
    configured.stdout.includes(`remove the denying rule, ${config}:12 (authorization.rules[1])`),
    configured.stdout,
  );
  const inFile = await ask('--user', 'ann', '--publish', 'plant/2');
  assert.match(
    inFile.stdout,
    /remove the denying line, .*acl:4 .*, or write in the configuration, which comes before ACL files:/,
  );
});

test('a subscription that stands for more than may be read says that the rest is kept back', async () => {
  const { code, stdout } = await ask('--user', 'bob', '--subscribe', '#');
  assert.equal(code, 0);
  assert.match(stdout, /for some of its topics/);
  assert.match(stdout, /Messages of topics it may not read are kept back/);
});

test('anonymous clients, roles and groups of a login, and superusers are who they are', async () => {
  assert.equal((await ask('--anonymous', '--receive', 'news/1')).code, 0);
  assert.equal((await ask('--user', 'eve', '--receive', 'news/1')).code, 1);
  assert.equal((await ask('--user', 'eve', '--role', 'x', '--role', 'operator', '--receive', 'plant/1')).code, 0);
  assert.match((await ask('--user', 'eve', '--group', 'g', '--receive', 'plant/1')).stdout, /\(groups g\)/);
  const root = await ask('--user', 'root', '--receive', 'vault/1');
  assert.equal(root.code, 0);
  assert.match(
    root.stdout,
    /because it is a superuser, whom no rule limits\n {2}without that: deny read on 'vault\/#'/,
  );
});

test('--json gives the same as one object', async () => {
  const { code, stdout } = await ask('--user', 'ann', '--publish', 'plant/2', '--json');
  assert.equal(code, 1);
  const rule = {
    permission: 'deny',
    access: 'readwrite',
    topic: 'plant/2',
    tier: 1,
    name: 'topic deny plant/2',
    file: acl,
    line: 4,
  };
  assert.deepEqual(JSON.parse(stdout), {
    allowed: false,
    action: 'publish',
    topic: 'plant/2',
    decidedBy: 'rule',
    rule,
    roles: [],
    groups: [],
    considered: [{ relation: 'covers', ...rule }],
  });
});

test('an ACL file with a mistake ends with 2 and its place', async () => {
  const broken = join(folder, 'broken-acl');
  writeFileSync(broken, 'user ann\ntopic reed a\n');
  const path = join(folder, 'broken.toml');
  writeFileSync(path, `[authorization]\naclFiles = ["${broken}"]\n`);
  const { code, stdout, stderr } = await run('-c', path, '--user', 'ann', '--publish', 'a');
  assert.deepEqual([code, stdout], [2, '']);
  assert(stderr.startsWith(`${broken}:2: 'reed' is no access; write read, write`), stderr);
});

test('arguments that ask for nothing, or for two things, are refused', async () => {
  for (const args of [
    [],
    ['--publish', 'a', '--receive', 'a'],
    ['--publish', 'a/#'],
    ['--subscribe', 'a/#/b'],
    ['--user', 'u', '--anonymous', '--publish', 'a'],
    ['--publish', 'a', 'b'],
  ]) {
    await assert.rejects(() => ask(...args), UsageError, args.join(' '));
  }
});
