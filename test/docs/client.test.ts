// docs/client.md is true: its programs compile, run against a broker and print the `text` block behind them; its tables of
// errors and options are those of the code.
import assert from 'node:assert/strict';
import { globSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createScramVerifier, nodeHashFunctions } from '@cauldron/broker/passwords';
import * as client from '@cauldron/client';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { startBroker, until } from '../support/broker.ts';
import { type CodeBlock, sectionsOf } from '../support/markdown.ts';
import { startProcess } from '../support/process.ts';
import { runTypeScript } from '../support/run-typescript.ts';
import { makeServerCertificate } from '../support/server-certificate.ts';
import { tempDir } from '../support/temp-dir.ts';

const page = readFileSync(join(repositoryRoot, 'docs', 'client.md'), 'utf8');
const sections = sectionsOf(page);
const blocks = sections.flatMap((section) => section.blocks);
const { text: prelude } = blocks.find(({ tags }) => tags[0] === 'prelude')!;

interface Program extends CodeBlock {
  /** It is ended by the test once it printed what is shown. */
  readonly stays: boolean;
  readonly expected: string;
}

const isProgram = ({ language, tags }: CodeBlock): boolean => language === 'ts' && tags[0] !== 'prelude';

/** A program as it stands, or going on from the prelude. */
function whole(text: string): string {
  if (text.startsWith('import')) return text;
  return `${prelude}
${text}
await client.end();`;
}

const programs = sections.map(({ title, blocks: own }) => ({
  title,
  programs: own.flatMap((block, i): Program[] => {
    if (!isProgram(block)) return [];
    const next = own[i + 1];
    const stays = block.tags[0] === 'stays';
    return [{ ...block, text: whole(block.text), stays, expected: next?.language === 'text' ? next.text : '' }];
  }),
}));

/** The page's addresses and files become those of a broker on free ports, which knows ann. */
async function placeOf(t: TestContext): Promise<(text: string) => string> {
  const folder = tempDir(t);
  const { ca, cert, key } = makeServerCertificate(folder);
  const users = join(folder, 'passwords');
  const verifier = await createScramVerifier(Buffer.from('pencil'), nodeHashFunctions);
  writeFileSync(users, `ann:${verifier.text}\n`, { mode: 0o600 });
  const { broker, port } = await startBroker(t, {
    listeners: [{ port: 0 }, { port: 0, tls: { cert, key } }],
    authentication: { allowAnonymous: true, providers: [{ type: 'password-file', file: users }] },
  });
  const here: Readonly<Record<string, string>> = {
    "'mqtt://localhost'": `'mqtt://127.0.0.1:${port}'`,
    "'mqtts://localhost'": `'mqtts://localhost:${broker.addresses[1]!.port}'`,
    "'ca.pem'": `'${ca}'`,
    "'outbox.db'": `'${join(folder, 'outbox.db')}'`,
  };
  return (text) => Object.entries(here).reduce((all, [shown, own]) => all.replaceAll(shown, own), text);
}

test('the page begins with publishing and subscribing in under five lines each, and has a program for most sections', () => {
  const [publish, subscribe] = programs[0]!.programs;
  for (const block of [publish!, subscribe!]) assert.ok(block.text.split('\n').length < 5);
  assert.match(publish!.text, /publish\(/);
  assert.match(subscribe!.text, /\.on\(/);
  assert.ok(programs.flatMap((section) => section.programs).length >= 18);
});

for (const { title, programs: own } of programs) {
  if (own.length === 0) continue;
  test(`client, ${title}: every program prints what is shown`, async (t) => {
    const here = await placeOf(t);
    for (const { text, line, stays, expected } of own) {
      const started = runTypeScript(t, here(text));
      if (stays) {
        await until(`line ${line} prints\n${expected}`, () => started.stdout.trimEnd() === expected, 30_000);
        started.kill('SIGKILL');
      } else {
        const { code } = await started.waitForExit(30_000);
        assert.equal(code, 0, `line ${line}: ${started.stderr}`);
        assert.equal(started.stdout.trimEnd(), expected, `line ${line}`);
      }
    }
  });
}

test('the README publishes and subscribes in under five lines each', async (t) => {
  const readme = readFileSync(join(repositoryRoot, 'README.md'), 'utf8');
  const { blocks: shown } = sectionsOf(readme).find(({ title }) => title === 'The client')!;
  assert.deepEqual(
    shown.map(({ text }) => text.split('\n').length < 5),
    [true, true],
  );
  const here = await placeOf(t);
  const subscriber = runTypeScript(t, here(shown[1]!.text));
  const publisher = runTypeScript(t, here(shown[0]!.text));
  assert.equal((await publisher.waitForExit()).code, 0, publisher.stderr);
  await subscriber.waitForLine(/^soup ready$/);
  subscriber.kill('SIGKILL');
});

test('every program of the page compiles, and a parameter that the filter does not name does not', async (t) => {
  const folder = tempDir(t);
  symlinkSync(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'));
  for (const { text, line } of programs.flatMap((section) => section.programs)) {
    writeFileSync(join(folder, `line-${line}.ts`), text);
  }
  const wrong = "// @ts-expect-error\nawait client.on('rooms/+room/#what', ({ params }) => console.log(params.place));";
  writeFileSync(join(folder, 'wrong.ts'), whole(wrong));
  const compilerOptions = { types: ['node'], noEmit: true, noUnusedLocals: false };
  const config = { extends: join(repositoryRoot, 'tsconfig.base.json'), compilerOptions, include: ['*.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compiler = join(repositoryRoot, 'node_modules', '.bin', 'tsc');
  const checked = startProcess(t, process.execPath, [compiler, '-p', folder], { cwd: folder });
  const { code } = await checked.waitForExit(60_000);
  assert.equal(code, 0, checked.stdout);
});

// ---- tables

/** Cells of the rows of a table that begins with this head. */
function tableOf(head: string): string[][] {
  const from = page.indexOf(head);
  assert.notEqual(from, -1, head);
  const rows = page.slice(from).split('\n\n', 1)[0]!.split('\n').slice(2);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const named = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);

const sources = globSync('packages/client/src/**/*.ts', { cwd: repositoryRoot })
  .filter((path) => !/\.test\.ts$|\/testing\//.test(path))
  .map((path) => readFileSync(join(repositoryRoot, path), 'utf8'))
  .join('\n');

test('the table of errors has exactly the codes that the client gives', () => {
  const known = readFileSync(join(repositoryRoot, 'packages/protocol/src/error.ts'), 'utf8');
  const codes = new Set([...known.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code!));
  const given = new Set([...sources.matchAll(/'([A-Z]+(?:_[A-Z]+)*)'/g)].map(([, code]) => code!));
  // Made by functions of the protocol package, which the client calls, as its decoder does.
  const made = {
    MALFORMED_PACKET: 'FrameDecoder',
    PROTOCOL_ERROR: 'protocolError',
    PACKET_TOO_LARGE: 'packetTooLarge',
  };
  for (const [code, by] of Object.entries(made)) if (sources.includes(by)) given.add(code);
  const expected = [...given].filter((code) => codes.has(code) || code === 'UNREACHABLE');
  const table = tableOf('| code | when |').map(([code]) => named(code!)[0]);
  assert.deepEqual(table.sort(), expected.sort());
});

const optionsFile = readFileSync(join(repositoryRoot, 'packages/client/src/options.ts'), 'utf8');

/** Names of the properties of an interface. */
function propertiesOf(text: string, name: string): readonly string[] {
  const from = text.indexOf(`interface ${name} `);
  const body = text.slice(from, text.indexOf('\n}', from));
  return [...body.matchAll(/^ {2}readonly (\w+)\?/gm)].map(([, property]) => property!);
}

const clientOptions = propertiesOf(optionsFile, 'ClientOptions');
const nodeOptions = propertiesOf(
  readFileSync(join(repositoryRoot, 'packages/client/src/node/options.ts'), 'utf8'),
  'NodeClientOptions',
);

test('the table of options has exactly the options there are', () => {
  const table = tableOf('| option | default |').flatMap(([option]) => named(option!));
  assert.deepEqual(table.sort(), [...clientOptions, ...nodeOptions].sort());
});

/** Defaults that are numbers, as they stand in code: `keepAlive = 60`. */
function numberInCode(option: string): number | undefined {
  const found = new RegExp(`\\b${option}(?: =|,? \\?\\?| \\?\\?=) ([\\d_]+)`).exec(sources);
  return found === null ? undefined : Number(found[1]!.replaceAll('_', ''));
}

/** What the types say about an option, in one line. */
function commentOf(option: string): string {
  const before = optionsFile.split(`\n  readonly ${option}?`).slice(0, -1);
  return before.map((text) => text.slice(text.lastIndexOf('/**')).replaceAll(/\s+\*?\s*/g, ' ')).join(' ');
}

test('the defaults of the page are those of the types, and of the code', () => {
  const number = (text: string): number => Number(text.replaceAll(',', ''));
  const stated = new Map<string, string>();
  for (const [option = '', given = '', what = ''] of tableOf('| option | default |')) {
    if (named(option).length === 1 && given !== '') stated.set(named(option)[0]!, given);
    for (const [, inner, value] of what.matchAll(/`(\w+)` \(([^)]+)\)/g)) stated.set(inner!, value!);
  }
  const below = page.slice(page.indexOf('`publish` and `enqueue` take'));
  for (const [, inner, value] of below.split('\n\n', 1)[0]!.matchAll(/`(\w+)` \(([^)]+)\)/g)) {
    if (inner !== 'timeout') stated.set(inner!, value!);
  }
  assert.ok(stated.size >= 20, `${stated.size}`);
  let checked = 0;
  for (const [option, value] of stated) {
    const comment = commentOf(option);
    const plain = value.replaceAll('`', '').replace(/:.*/, '');
    assert.match(comment, new RegExp(`Default\\b[^.]*${plain}|\`${plain}\` \\(default\\)`), option);
    const inCode = numberInCode(option);
    if (inCode === undefined || !/^[\d,]+$/.test(plain)) continue;
    assert.equal(number(plain), inCode, option);
    checked += 1;
  }
  assert.ok(checked >= 8, `${checked} numbers found in the code`);
});

test('what the page tells users of MQTT.js is there', () => {
  const cells = tableOf('| MQTT.js | here |')
    .map(([, cell]) => cell!)
    .join(' ');
  const members = [...cells.matchAll(/client\.(\w+)/g)].map(([, name]) => name!);
  const known = client.createClient('mqtt://localhost:1');
  void known.end({ timeout: 0 });
  assert.ok(members.length >= 8);
  for (const member of members) assert.ok(member in known, member);
  const options = [...cells.matchAll(/`(\w+)(?::[^`]*)?`/g)].map(([, name]) => name!);
  assert.ok(options.length >= 10);
  for (const option of options) assert.ok(clientOptions.includes(option) || nodeOptions.includes(option), option);
});
