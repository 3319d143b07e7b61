import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultLimits, Metrics } from '@cauldron/core';
import {
  IDLE_TIMEOUT,
  KEEP_ALIVE_TIMEOUT,
  MAX_HEADER_BYTES,
  REQUEST_TIMEOUT,
} from '../../packages/broker/src/http/http-host.ts';
import {
  MAX_PAGE_CONNECTIONS,
  MAX_PAGE_CONNECTIONS_PER_ADDRESS,
  MAX_REQUEST_RATE,
  MAX_WAITING_REQUESTS,
} from '../../packages/broker/src/http/page-limits.ts';
import { DEFAULT_MAX_INFLATED_SIZE } from '../../packages/broker/src/transport/websocket/websocket-layer.ts';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';

const page = readFileSync(join(repositoryRoot, 'docs', 'limits.md'), 'utf8');
const rows = page
  .replace(/^## WebSocket and HTTP$.*?(?=^## )/ms, '')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, name, ...cells]) => ({ name: name!.replaceAll('`', ''), cells }));
const limits = rows.filter(({ name }) => name !== 'high' && name !== 'critical');

test('docs/limits.md has every limit once, with its default', () => {
  const written = limits.map(({ name, cells }) => [name, cells[0]]);
  const actual = Object.entries(defaultLimits).map(([name, value]) => [name, value.toLocaleString('en-US')]);
  assert.deepEqual(written.sort(), actual.sort());
});

test('docs/limits.md has the bounds of WebSocket and HTTP as they are', () => {
  const section = page.slice(page.indexOf('## WebSocket and HTTP'));
  const number = (value: number): string => value.toLocaleString('en-US');
  for (const row of [
    `| \`webSocket.maxInflatedSize\` | ${number(DEFAULT_MAX_INFLATED_SIZE)} |`,
    `| headers of a request | ${number(MAX_HEADER_BYTES)} bytes |`,
    `| connections that asked for pages | ${MAX_PAGE_CONNECTIONS}, ${MAX_PAGE_CONNECTIONS_PER_ADDRESS} from one address |`,
    `| requests a second from one address | ${MAX_REQUEST_RATE} |`,
    `| requests of one connection that wait for an answer | ${MAX_WAITING_REQUESTS} |`,
    `| time for a whole request, and between two | ${REQUEST_TIMEOUT} s, ${KEEP_ALIVE_TIMEOUT} s |`,
    `| time without a byte, of a connection that is no WebSocket | ${IDLE_TIMEOUT} s |`,
  ])
    assert.ok(section.includes(row), row);
});

test('every counter that docs/limits.md names is one of the broker’s', () => {
  const metrics = new Metrics();
  const counters = rows.flatMap(({ cells }) => cells.at(-3)!.match(/`\w+`/g) ?? []);
  assert.ok(counters.length > 20);
  for (const counter of counters) assert.ok(counter.replaceAll('`', '') in metrics, counter);
});

test('every topic that docs/limits.md names is published below $SYS/broker/guard', () => {
  const source = readFileSync(join(repositoryRoot, 'packages', 'broker', 'src', 'sys-topics.ts'), 'utf8');
  const published = new Set([...source.matchAll(/'guard\/([\w/]+)', metrics/g)].map(([, topic]) => topic));
  const named = new Set(rows.flatMap(({ cells }) => cells.at(-2)!.match(/[\w/]+/g) ?? []));
  assert.deepEqual([...named].sort(), [...published].sort());
});
