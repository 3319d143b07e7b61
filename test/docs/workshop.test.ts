// docs/workshop.md does what it says: every `sh` block is run as it stands, with mosquitto's tools and with ours, and every
// `text` block is compared. A block tagged `terminal-N` is a subscriber that stays, or what that one shows by then.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { nextEvent, startBroker, until } from '../support/broker.ts';
import { type ClientTools, cauldron, mosquitto } from '../support/command-line.ts';
import { type Section, sectionsOf } from '../support/markdown.ts';
import { type StartedProcess, startProcess } from '../support/process.ts';
import { tempDir } from '../support/temp-dir.ts';

const page = readFileSync(join(repositoryRoot, 'docs', 'workshop.md'), 'utf8');
const exercises = sectionsOf(page).filter(({ title }) => /^\d+\./.test(title));

/** A folder of programs called like mosquitto's that talk to the broker of this test instead of that on port 1883. */
function toolsAt(t: TestContext, tools: ClientTools, port: number): string {
  const folder = tempDir(t);
  for (const name of ['pub', 'sub'] as const) {
    const words = [...tools[name], '-h', '127.0.0.1', '-p', String(port)].map((word) => `'${word}'`);
    const path = join(folder, `mosquitto_${name}`);
    writeFileSync(path, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`);
    chmodSync(path, 0o755);
  }
  return folder;
}

/** `...` in the expectation stands for anything within a line. */
function shows(actual: string, expected: string): boolean {
  const pattern = expected.split('...').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${pattern.join('.+')}$`).test(actual.trimEnd());
}

async function follow(t: TestContext, section: Section, tools: ClientTools): Promise<void> {
  const { broker, port } = await startBroker(t, { sys: { interval: 10 } });
  const env = { PATH: `${toolsAt(t, tools, port)}:${process.env.PATH}` };
  const terminals = new Map<string, StartedProcess>();
  let shown = '';
  for (const { language, tags, text, line } of section.blocks) {
    const [terminal] = tags;
    if (language === 'sh' && terminal !== undefined) {
      const subscribed = nextEvent(broker, 'subscribe');
      terminals.set(terminal, startProcess(t, 'bash', ['-c', `exec ${text}`], { env }));
      await subscribed;
    } else if (language === 'sh') {
      const command = startProcess(t, 'bash', ['-c', text], { env, input: '' });
      await command.waitForExit(20_000);
      shown = command.stdout;
    } else if (terminal !== undefined) {
      const { stdout } = terminals.get(terminal)!;
      const now = (): string => terminals.get(terminal)!.stdout;
      await until(`line ${line}: ${terminal} shows\n${text}\nnot\n${stdout}`, () => shows(now(), text), 5000);
    } else {
      assert.ok(shows(shown, text), `line ${line}: expected\n${text}\nseen\n${shown}`);
    }
  }
}

test('the workshop has an exercise for each thing a newcomer has to meet', () => {
  assert.equal(exercises.length, 8);
  for (const { title, blocks } of exercises) {
    assert.ok(
      blocks.some(({ language }) => language === 'sh') && blocks.some(({ language }) => language === 'text'),
      title,
    );
  }
});

for (const section of exercises) {
  for (const tools of [mosquitto, cauldron]) {
    test(`workshop, exercise ${section.title}: what is shown is what ${tools.name}'s tools print`, (t) => {
      return follow(t, section, tools);
    });
  }
}
