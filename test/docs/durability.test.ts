// docs/durability.md names what there is: topics, limits and their defaults, findings, files.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { startBroker } from '../support/broker.ts';
import { tempDir } from '../support/temp-dir.ts';

const page = readFileSync(join(repositoryRoot, 'docs', 'durability.md'), 'utf8');

/** The code spans of the first cells of the table rows between two texts. */
function firstCells(from: string, to: string): string[] {
  const part = page.slice(page.indexOf(from), page.indexOf(to));
  const cells = [...part.matchAll(/^\| (`[^|]+) \|/gm)].map(([, cell]) => cell!);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
}

test('the table of $SYS topics has exactly those below store/ that a broker with a folder publishes', async (t) => {
  const { broker } = await startBroker(t, { sys: { interval: 10 }, data: { directory: tempDir(t) } });
  const published: string[] = [];
  broker.core.retained.match('$SYS/broker/store/#', broker.core.now, ({ topic }) => {
    published.push(topic.replace('$SYS/broker/', ''));
  });
  assert.deepEqual(firstCells('| topic | value |', 'In a program the same').sort(), published.sort());
});

test('the table of the folder has exactly the files a running broker keeps there', async (t) => {
  const directory = tempDir(t);
  await startBroker(t, { data: { directory } });
  assert.deepEqual(
    firstCells('| file | what it is |', 'Once there are dashboards').sort(),
    readdirSync(directory).sort(),
  );
});

test('the defaults of the limits are those in force', async (t) => {
  const { broker } = await startBroker(t, { data: { directory: tempDir(t) } });
  const { maxQueuedMessages, maxQueuedBytes, maxQueuedAge, queueFull } = broker.core.options.limits;
  assert.ok(
    page.includes(`| \`limits.maxQueuedMessages\` | ${maxQueuedMessages.toLocaleString('en')} (in memory: 10,000) |`),
  );
  assert.ok(page.includes(`| \`limits.maxQueuedBytes\` | ${maxQueuedBytes / 2 ** 20} MiB (in memory: 64 MiB) |`));
  assert.ok(page.includes(`| \`limits.maxQueuedAge\` | ${maxQueuedAge} = none |`));
  assert.ok(page.includes(`| \`${queueFull}\` (default) |`));
});
