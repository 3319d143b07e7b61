// Stores for the tests of the store's tools.
import { hash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ByteWriter, Message, OperationWriter } from '@cauldron/core';
import { SqliteEngine } from '../../packages/broker/src/store/sqlite-engine.ts';
import { exportStore } from '../../packages/broker/src/store-tools/export.ts';
import { importStore } from '../../packages/broker/src/store-tools/import.ts';
import { storedBytes } from '../../packages/broker/src/store-tools/message-json.ts';

export type Json = Record<string, unknown>;

/** When tests import: 2026-01-31 08:00 UTC. */
export const NOW = Date.UTC(2026, 0, 31, 8);

/** A fresh folder that is removed when the test ends. */
export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-store-tools-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Lines as the import takes them: objects as JSON, text as it is. */
export function bytesOf(lines: readonly (Json | string)[]): Uint8Array[] {
  return lines.map((line) => Buffer.from(typeof line === 'string' ? line : JSON.stringify(line)));
}

/** A new store of these lines, in a folder of its own. */
export async function storeOf(t: TestContext, lines: readonly (Json | string)[]): Promise<string> {
  const folder = join(tempFolder(t), 'store');
  await importStore(folder, bytesOf(lines), { now: NOW });
  return folder;
}

/** What a store's export says between its first and its last line. */
export function contentOf(folder: string): Json[] {
  const lines = [...exportStore(folder)].join('').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Json).slice(1, -1);
}

/** The names of everything in a folder, with a digest of its bytes. */
export function filesOf(folder: string): Record<string, string> {
  const digest = (name: string): string => hash('sha256', readFileSync(join(folder, name)));
  return Object.fromEntries(readdirSync(folder).map((name) => [name, digest(name)]));
}

/** A store that is written as the broker does it. */
export function openEngine(t: TestContext, folder: string, foldEntries = 50_000): SqliteEngine {
  const engine = SqliteEngine.open(join(folder, 'cauldron.db'), { foldEntries, synchronous: false });
  t.after(() => engine.close());
  return engine;
}

/** Writes one group. */
export function write(engine: SqliteEngine, work: (writer: OperationWriter) => void): void {
  const out = new ByteWriter();
  work(new OperationWriter(out));
  engine.apply(out.bytes, out.length);
}

/** A session that is away and never ends, for `OperationWriter.session`. */
export const away = (number: number, clientId: string) => ({
  number,
  clientId,
  connected: false,
  expiryInterval: 0xffffffff,
  endsAt: 0,
  willDueAt: 0,
  will: null,
  username: null,
});

/** A message with QoS 1 as stores keep it. */
export function body(topic: string, payload: string): Uint8Array {
  const draft = { topic, payload: Buffer.from(payload), qos: 1, retain: false, properties: undefined } as const;
  return storedBytes(Message.create(draft, NOW));
}
