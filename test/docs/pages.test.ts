// docs/users.md, rules.md, tls.md and websocket.md do what they say: each section is followed block by block, as test/support/run-page.ts
// says. Blocks of TOML are configurations that the broker would start with, as they stand.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ConfigInput, checkExposure, parseConfig } from '@cauldron/broker';
import { parse } from 'smol-toml';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { startBroker } from '../support/broker.ts';
import { sectionsOf } from '../support/markdown.ts';
import { followSection, runnable } from '../support/run-page.ts';

const docs = join(repositoryRoot, 'docs');
/** Pages and how many of their sections there are to follow. */
const PAGES = { 'users.md': 4, 'rules.md': 3, 'tls.md': 4, 'websocket.md': 0 } as const;

for (const [name, atLeast] of Object.entries(PAGES)) {
  const page = readFileSync(join(docs, name), 'utf8');
  const sections = sectionsOf(page);
  const followed = sections.filter((section) => runnable(section).some(({ language }) => language === 'sh'));

  if (atLeast > 0)
    test(`docs/${name} has sections to follow`, () => assert.ok(followed.length >= atLeast, `${followed.length}`));

  for (const section of followed) {
    test(`docs/${name}, ${section.title}: every command does what is shown`, (t) => followSection(t, section));
  }

  for (const { language, line, text } of sections.flatMap(({ blocks }) => blocks)) {
    if (language !== 'toml') continue;
    test(`docs/${name}: the broker would start with the configuration of line ${line}`, () => {
      checkExposure(parseConfig(parse(text) as ConfigInput, {}));
    });
  }
}

test('the topics that docs/users.md names are those that the broker publishes about logins and rules', async (t) => {
  const { broker } = await startBroker(t, { sys: { interval: 10 } });
  const published: string[] = [];
  broker.core.retained.match('$SYS/broker/#', broker.core.now, ({ topic }) => {
    if (/^\$SYS\/broker\/(?:logins|denied)\//.test(topic)) published.push(topic.replace('$SYS/broker/', ''));
  });
  const page = readFileSync(join(docs, 'users.md'), 'utf8');
  const named = [...page.matchAll(/`((?:logins|denied)\/[\w/]+)`/g)].map(([, topic]) => topic!);
  assert.deepEqual(named.sort(), published.sort());
});
