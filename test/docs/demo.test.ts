// docs/demo.md is true: its commands do what is shown to a demo that runs, with mosquitto's tools and with ours, and its table
// has the topics that there are.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from '@cauldron/client';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { until } from '../support/broker.ts';
import { CAULDRON, type ClientTools, cauldron, mosquitto } from '../support/command-line.ts';
import { sectionsOf } from '../support/markdown.ts';
import { type StartedProcess, startProcess } from '../support/process.ts';
import { tempDir } from '../support/temp-dir.ts';

const page = readFileSync(join(repositoryRoot, 'docs', 'demo.md'), 'utf8');
const { blocks } = sectionsOf(page).find(({ title }) => title === 'From a terminal')!;

/** A demo on free ports; its MQTT port. */
async function startDemo(t: TestContext): Promise<number> {
  const args = [CAULDRON, 'demo', '--no-open', '-p', '0', '--ws-port', '0'];
  const demo = startProcess(t, process.execPath, args);
  const [, port] = await demo.waitForLine(/listens on mqtt:\/\/127\.0\.0\.1:(\d+)/, 20_000);
  return Number(port);
}

/** PATH with programs called like mosquitto's that talk to this demo. */
function pathWith(t: TestContext, tools: ClientTools, port: number): string {
  const folder = tempDir(t);
  for (const name of ['pub', 'sub'] as const) {
    const words = [...tools[name], '-h', '127.0.0.1', '-p', `${port}`].map((word) => `'${word}'`);
    const path = join(folder, `mosquitto_${name}`);
    writeFileSync(path, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`);
    chmodSync(path, 0o755);
  }
  return `${folder}:${process.env.PATH}`;
}

for (const tools of [mosquitto, cauldron]) {
  test(`the commands of docs/demo.md do what they say with the tools of ${tools.name}`, async (t) => {
    const PATH = pathWith(t, tools, await startDemo(t));
    const start = (text: string): StartedProcess => startProcess(t, 'bash', ['-c', text], { env: { PATH } });
    const run = async (text: string): Promise<string> => {
      const command = start(text);
      assert.equal((await command.waitForExit()).code, 0, command.stderr);
      return command.stdout.trimEnd();
    };
    let everything: StartedProcess | undefined;
    for (const [index, { language, tags, text, line }] of blocks.entries()) {
      const next = blocks[index + 1];
      if (language !== 'sh') continue;
      if (tags[0] === 'terminal-1') {
        everything = start(`exec ${text}`);
        await everything.waitForLine(/temperature \{"celsius":/);
      } else if (next?.language === 'text') {
        // A device takes a moment, less than a person needs for the next line.
        let shown = '';
        const deadline = Date.now() + 10_000;
        while (!sameLines(shown, next.text) && Date.now() < deadline) shown = await run(text);
        assert.ok(sameLines(shown, next.text), `line ${line}: expected\n${next.text}\nseen\n${shown}`);
      } else await run(text);
    }
    await everything!.waitForLine(/demo\/lamp\/buzzer on/);
    await everything!.waitForLine(/demo\/lamp\/buzzer off/);
  });
}

/** Retained messages of several topics come in any order. */
const sameLines = (a: string, b: string): boolean => `${a.split('\n').sort()}` === `${b.split('\n').sort()}`;

test('the table of docs/demo.md has the topics that there are', async (t) => {
  const port = await startDemo(t);
  const client = await connect(`mqtt://127.0.0.1:${port}`);
  t.after(() => client.end({ timeout: 0 }));
  const seen = new Set<string>();
  await client.on(
    'demo/#',
    ({ topic, retain }) => {
      seen.add(
        `${topic.replace(/\/(thermometer|lamp)\/(status|plug|error)(?=\/|$)/, '/DEVICE/$2')} ${retain ? 'yes' : 'no'}`,
      );
    },
    { retainAsPublished: true },
  );
  const commands = { 'thermometer/target': '20', 'lamp/led': 'on', 'lamp/buzzer': '100', 'lamp/plug': 'sideways' };
  for (const [name, payload] of Object.entries(commands)) {
    await client.publish(`demo/${name}/set`, payload, { qos: 1 });
  }
  const rows = [...page.matchAll(/^\| `(demo\/\S+)` \| .* \| (yes|no|by the \w+) \|/gm)];
  const named = rows.map(([, topic, retained]) => `${topic} ${retained === 'yes' ? 'yes' : 'no'}`).sort();
  await until('every topic of the table is seen', () => named.every((one) => seen.has(one)));
  assert.deepEqual([...seen].sort(), named);
});
