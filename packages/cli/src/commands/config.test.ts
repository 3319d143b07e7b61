import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { configurationDocument, exampleConfig } from '@cauldron/broker/config';
import { parseArgs } from '../args.ts';
import { UsageError } from '../command.ts';
import { config } from './config.ts';
import { chooseConfigFile } from './config-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'cauldron-config-command-'));
after(() => rmSync(folder, { recursive: true }));

async function run(name: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const command = config.subcommands?.find((subcommand) => subcommand.name === name);
  assert.ok(command !== undefined);
  const output = { stdout: '', stderr: '' };
  const code = await command.run(parseArgs(args, command.flags), {
    stdout: new PassThrough().on('data', (chunk) => (output.stdout += chunk)),
    stderr: new PassThrough().on('data', (chunk) => (output.stderr += chunk)),
    stdin: new PassThrough(),
    env,
    onSignal: () => () => {},
  });
  await new Promise(setImmediate);
  return { code, ...output };
}

function file(name: string, toml: string): string {
  const path = join(folder, name);
  writeFileSync(path, toml);
  return path;
}

test('check ends with 0 for a right file and names it', async () => {
  const path = file('right.toml', exampleConfig());
  assert.deepEqual(await run('check', ['-c', path]), { code: 0, stdout: `${path}: no problems found\n`, stderr: '' });
});

test('check ends with 2 and one line a problem, with the place and the likely spelling', async () => {
  const path = file('wrong.toml', '[limits]\nmaxInflihgt = 5\n[sys]\ninterval = "soon"\n');
  const { code, stdout, stderr } = await run('check', ['-c', path], { CAULDRON_LOG_LEVLE: 'info' });
  assert.deepEqual([code, stdout], [2, '']);
  assert.deepEqual(stderr.trimEnd().split('\n'), [
    'CAULDRON_LOG_LEVLE: unknown environment variable; did you mean CAULDRON_LOG_LEVEL?',
    `${path}:2: limits.maxInflihgt: unknown key; did you mean maxInflight?`,
    `${path}:4: sys.interval: "soon" is not accepted; it takes a number of seconds from 0 to 86400 (1 d), or text such as "10 s"`,
  ]);
});

test('check refuses what the broker would not start with, and warns of what it would warn of', async () => {
  const closed = await run('check', ['-c', file('open.toml', '[[listeners]]\nhost = "::"\n')]);
  assert.deepEqual([closed.code, closed.stdout], [2, '']);
  assert.match(closed.stderr, /open\.toml:2: listeners\[0\]: mqtt:\/\/\[::\]:1883 can be reached from other machines/);
  const open = await run('check', ['-c', file('aloud.toml', '[[listeners]]\nhost = "::"\nallowAnonymous = true\n')]);
  assert.deepEqual([open.code, open.stderr], [0, '']);
  assert.match(
    open.stdout,
    /aloud\.toml: no problems found\nWARNING: anyone who reaches mqtt:\/\/\[::\]:1883 may read/,
  );
});

test('check ends with 1 for a file that is not there', async () => {
  assert.equal((await run('check', ['-c', join(folder, 'none.toml')])).code, 1);
});

test('show prints what is in force and where each value came from, as TOML comments', async () => {
  const path = file('show.toml', '[limits]\nmaxPacketSize = "1 MiB"\n');
  const { code, stdout } = await run('show', ['-c', path], { CAULDRON_SYS_INTERVAL: '0' });
  assert.equal(code, 0);
  assert.ok(stdout.startsWith(`# ${path}\n`));
  assert.match(stdout, new RegExp(`^limits\\.maxPacketSize = 1048576 +# ${path}:2$`, 'm'));
  assert.match(stdout, /^sys\.interval = 0 +# CAULDRON_SYS_INTERVAL$/m);
  assert.match(stdout, /^data\.directory = "cauldron-data" +# default$/m);
  assert.match(stdout, /^listeners\[1\]\.host = "::1" +# default$/m);
});

test('show has stars for secrets and for passwords in URLs, wherever they come from', async () => {
  const path = file(
    'secrets.toml',
    '[[authentication.providers]]\ntype = "ldap"\nurl = "ldap://d"\nuserDn = "uid=%u"\nbindDn = "x"\nbindPassword = { env = "LDAP_PW" }\n' +
      '[[authentication.providers]]\ntype = "postgresql"\nurl = "postgres://u:peas@h/d"\npasswordQuery = "SELECT"\n',
  );
  const { code, stdout } = await run('show', ['-c', path], { LDAP_PW: 'beans' });
  assert.equal(code, 0);
  assert.match(
    stdout,
    new RegExp(`^authentication\\.providers\\[0\\]\\.bindPassword = "\\*\\*\\*" +# ${path}:6$`, 'm'),
  );
  assert.match(stdout, /^authentication\.providers\[1\]\.url = "postgres:\/\/u:\*\*\*@h\/d" /m);
  assert.doesNotMatch(stdout, /beans|peas/);
  const missing = await run('check', ['-c', path]);
  assert.deepEqual(
    [missing.code, missing.stderr],
    [
      2,
      `${path}:6: authentication.providers[0].bindPassword: the environment variable LDAP_PW is not set; set it to the secret, or write it another way\n`,
    ],
  );
});

test('example and docs print what the schema generates', async () => {
  assert.equal((await run('example')).stdout, exampleConfig());
  assert.equal((await run('docs')).stdout, configurationDocument());
});

test('config alone asks what to do', async () => {
  const io = {
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    stdin: new PassThrough(),
    env: {},
    onSignal: () => () => {},
  };
  await assert.rejects(config.run({ values: {}, positionals: [] }, io), UsageError);
});

test('-c names the file; without it the first of the known places that exists is read, else none', () => {
  const here = file('here.toml', '');
  const there = file('there.toml', '');
  const none = { values: {}, positionals: [] };
  assert.equal(chooseConfigFile({ ...none, values: { config: 'any.toml' } }, [here]), 'any.toml');
  assert.equal(chooseConfigFile(none, [join(folder, 'missing.toml'), there, here]), there);
  assert.equal(chooseConfigFile(none, [join(folder, 'missing.toml')]), undefined);
});
