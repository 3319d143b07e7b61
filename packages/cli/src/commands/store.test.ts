import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PassThrough, Readable } from 'node:stream';
import { after, test } from 'node:test';
import { run } from '../main.ts';

const root = mkdtempSync(join(tmpdir(), 'cauldron-store-command-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, `${++folders}`);

/** `cauldron store ...` with this standard input. */
async function store(args: readonly string[], input = '') {
  const output = { stdout: '', stderr: '' };
  const code = await run(['store', ...args], {
    stdout: new PassThrough().on('data', (chunk) => (output.stdout += chunk)),
    stderr: new PassThrough().on('data', (chunk) => (output.stderr += chunk)),
    stdin: Readable.from([Buffer.from(input)]),
    env: {},
    onSignal: () => () => {},
  });
  await new Promise(setImmediate);
  return { code, ...output };
}

/** A store with a queue and a retained message. */
async function newStore(): Promise<string> {
  const folder = newFolder();
  const lines = [
    '{"type":"session","clientId":"pump"}',
    '{"type":"message","id":1,"topic":"t","payload":"x","qos":1}',
    '{"type":"queued","clientId":"pump","message":1}',
    '{"type":"retained","topic":"a/b","payload":"21.5","qos":1}',
  ];
  const { code, stdout } = await store(['import', folder], lines.join('\n'));
  assert.deepEqual(
    [code, stdout],
    [0, `${folder}: imported 1 session, 0 subscriptions, 1 message in 1 place of queues, 1 retained message\n`],
  );
  return folder;
}

function damage(folder: string): void {
  const db = new DatabaseSync(join(folder, 'cauldron.db'));
  db.exec('DELETE FROM message WHERE id = 1');
  db.close();
}

test('check ends with 0 for a sound store', async () => {
  const folder = await newStore();
  assert.deepEqual(await store(['check', folder]), { code: 0, stdout: `${folder}: the store is sound\n`, stderr: '' });
  const { stdout } = await store(['check', folder, '--json']);
  assert.deepEqual(JSON.parse(stdout), { folder, sound: true, findings: [] });
});

test('check ends with 1 for a damaged store, and says what is wrong and what to do', async () => {
  const folder = await newStore();
  damage(folder);
  const { code, stdout, stderr } = await store(['check', folder]);
  assert.deepEqual([code, stderr], [1, '']);
  assert.match(stdout, /: the store is damaged\n- a message is lost: .*\n\nWhat to do: .*\n {2}cauldron store export /);
  const { sound, findings } = JSON.parse((await store(['check', folder, '--json'])).stdout);
  assert.deepEqual([sound, findings.length], [false, 1]);
});

test('check ends with 1 for a file that SQLite cannot open for damage', async () => {
  const folder = await newStore();
  const path = join(folder, 'cauldron.db');
  writeFileSync(path, readFileSync(path).fill(0xff, 100, 4096));
  const { code, stdout } = await store(['check', folder]);
  assert.equal(code, 1);
  assert.match(stdout, /: the store is damaged\n- .*\n\nWhat to do/);
});

test('check ends with 2 where nothing can be opened', async () => {
  const { code, stderr } = await store(['check', join(root, 'none')]);
  assert.equal(code, 2);
  assert.match(stderr, /^cauldron store check: there is no store in .*: name the data folder of a broker/);
  assert.equal(existsSync(join(root, 'none')), false);
});

test('stats are for people, or with --json for programs', async () => {
  const folder = await newStore();
  const { stdout } = await store(['stats', folder]);
  assert.match(stdout, /^ {2}queued +1 message, 5 bytes$/m);
  assert.match(stdout, /^ {2}longest queues\n {4}1 {2}5 bytes {2}away {2}pump$/m);
  const { queued, longestQueues } = JSON.parse((await store(['stats', folder, '--json'])).stdout);
  assert.deepEqual(queued, { messages: 1, bytes: 5 });
  assert.equal(longestQueues[0].clientId, 'pump');
});

test('export prints lines that import takes, or writes them into a file that only its owner can read', async () => {
  const folder = await newStore();
  const { code, stdout, stderr } = await store(['export', folder]);
  assert.deepEqual([code, stderr, stdout.split('\n').length], [0, '', 7]);
  const file = join(root, 'store.jsonl');
  assert.equal((await store(['export', folder, '-o', file])).code, 0);
  assert.equal(readFileSync(file, 'utf8'), stdout);
  assert.equal(statSync(file).mode & 0o077, 0);
  assert.equal((await store(['import', newFolder(), file])).code, 0);
  assert.equal((await store(['import', newFolder(), '-'], stdout)).code, 0);
});

test('export ends with 1 and tells what it had to leave out', async () => {
  const folder = await newStore();
  damage(folder);
  const { code, stdout, stderr } = await store(['export', folder]);
  assert.equal(code, 1);
  assert.match(stdout, /"retained"/);
  assert.match(stderr, /the store is damaged.*\n- 1 messages are missing or damaged/);
});

test('an export that cannot be written leaves no file behind', async () => {
  const folder = await newStore();
  const { code, stderr } = await store(['export', folder, '-o', join(root, 'no', 'file')]);
  assert.deepEqual([code, /cannot write .*ENOENT.* name a file in another place with -o/.test(stderr)], [1, true]);
});

test('import ends with 1 and names the lines that are wrong', async () => {
  const folder = newFolder();
  const { code, stderr } = await store(['import', folder], '{"type":"retained","topic":"a"}\n?\n');
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^cauldron store import: nothing was imported:\n {2}line 1: the payload is empty.*\n {2}line 2: /,
  );
});

test('import of a file that is not there makes no folder', async () => {
  const folder = newFolder();
  const { code, stderr } = await store(['import', folder, join(root, 'none.jsonl')]);
  assert.deepEqual([code, existsSync(folder)], [1, false]);
  assert.match(stderr, /cannot read .*none\.jsonl.*nothing was imported/);
});

test('compact and backup say what they did', async () => {
  const folder = await newStore();
  assert.match((await store(['compact', folder])).stdout, /: 40\.0 KiB before, 40\.0 KiB now\n$/);
  const to = newFolder();
  const { code, stdout } = await store(['backup', folder, '--to', to]);
  assert.deepEqual([code, stdout], [0, `${to}: 40.0 KiB, as ${folder} was when the copy began\n`]);
  assert.ok(readdirSync(to).includes('cauldron.db'));
  assert.equal((await store(['backup', folder, '--to', to])).code, 1);
});

const usage: [args: string[], problem: RegExp][] = [
  [[], /say what to do: check, stats, export, import, compact or backup/],
  [['chekc'], /did you mean check/],
  [['check'], /name the data folder of a broker, for example cauldron-data/],
  [['check', 'a', 'b'], /"b" is one argument too many/],
  [['import', 'a', 'b', 'c'], /"c" is one argument too many/],
  [['backup', 'a'], /say with --to which folder the copy goes to/],
];

for (const [args, problem] of usage) {
  test(`wrong use ends with 2: cauldron store ${args.join(' ')}`, async () => {
    const { code, stderr } = await store(args);
    assert.equal(code, 2);
    assert.match(stderr, problem);
  });
}

for (const name of ['check', 'stats', 'export', 'import', 'compact', 'backup']) {
  test(`cauldron store ${name} --help shows how it is used, with examples`, async () => {
    const { code, stdout } = await store([name, '--help']);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^cauldron store ${name}: .*\n\nUsage\n.*\n\nExamples\n`));
  });
}
