// A disk that really is full, and a process that really may not write more: this file is also the process that writes.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  ByteWriter,
  decodeOperations,
  OperationIgnorer,
  OperationWriter,
  readEntries,
  type StoredEntry,
  type StoreFailure,
} from '@cauldron/core';
import { type OpenedStore, openStore } from './open-store.ts';

const MEBIBYTE = 1024 * 1024;
/** Messages in a group: all of them are stored, or none. */
const PER_GROUP = 3;
const BODY = 10_000;
/** Refusals in a row after which the writer takes the disk for full. */
const REFUSALS = 3;

/** What the writer says, a line of JSON each time. */
interface Report {
  /** Groups acknowledged so far. */
  readonly groups: number;
  /** What the last refusals said. */
  readonly failures: readonly StoreFailure[];
}

if (process.argv[2] === 'writer') await runWriter(process.argv[3]!);
else defineTests();

/** Writes until it is refused, reports, waits for a line, writes ten groups more, reports, and closes. */
async function runWriter(folder: string): Promise<void> {
  const opened = await openStore(folder);
  const input = createInterface({ input: process.stdin });
  const report = (value: Report): boolean => process.stdout.write(`${JSON.stringify(value)}\n`);
  let groups = 0;
  report({ groups, failures: [] });
  await once(input, 'line');
  let failures: StoreFailure[] = [];
  while (failures.length < REFUSALS) {
    const failure = await writeGroup(opened, groups);
    if (failure === null) {
      groups++;
      failures = [];
    } else {
      failures.push(failure);
      await delay(10);
    }
  }
  report({ groups, failures });
  await once(input, 'line');
  for (const end = groups + 10; groups < end; groups++) {
    const failure = await writeGroup(opened, groups);
    assert.equal(failure, null);
  }
  report({ groups, failures: [] });
  input.close();
  await opened.close();
}

function writeGroup(opened: OpenedStore, group: number): Promise<StoreFailure | null> {
  const bytes = new ByteWriter(opened.store.take(PER_GROUP * BODY));
  const out = new OperationWriter(bytes);
  const [connected, expiryInterval, endsAt, willDueAt] = [false, 3600, 9_000_000_000_000, 0];
  out.session({ number: 1, clientId: 'c', connected, expiryInterval, endsAt, willDueAt, will: null, username: null });
  for (let i = 1; i <= PER_GROUP; i++) {
    const id = group * PER_GROUP + i;
    out.message(id, 1, 1_700_000_000_000, new Uint8Array(BODY).fill(id));
    out.entry({ session: 1, position: id, messageId: id, flags: 1, identifiers: null, size: BODY });
  }
  out.sequence((group + 1) * PER_GROUP, 1);
  return new Promise((resolve) => {
    opened.store.connect({
      written: () => resolve(null),
      writeFailed: resolve,
      entriesRead: () => {},
      readFailed: () => {},
    });
    opened.store.write(bytes.bytes, bytes.length);
  });
}

/** A place that takes only so much, until it is widened. */
interface SmallPlace {
  /** Comes into force for a writer that has started. */
  narrow(writer: ChildProcess): void;
  widen(writer: ChildProcess): void;
}

function defineTests(): void {
  test('a store that reaches the file size limit of its process fails as full, half-writes nothing, and goes on when it is lifted', async (context) => {
    await fillAndFree(context, temporaryFolder(context), fileSizeLimit);
  });

  test('a store on a disk that is full fails as full, half-writes nothing, and goes on when there is room', async (context) => {
    let mounted = false;
    let folder = '';
    // Before the folder is removed: what is to happen afterwards happens in the order it was said.
    context.after(() => mounted && execFileSync('umount', ['--lazy', folder]));
    folder = temporaryFolder(context);
    mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]).status === 0;
    if (!mounted) context.diagnostic('this user may not mount a small disk: the file size limit stands in for it');
    const place = mounted ? smallDisk(folder) : fileSizeLimit;
    await fillAndFree(context, join(folder, 'data'), place);
  });
}

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-full-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** RLIMIT_FSIZE: a process gets EFBIG (and SIGXFSZ, which Node ignores) where a file would grow beyond it. */
const fileSizeLimit: SmallPlace = {
  narrow: ({ pid }) => void execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${2 * MEBIBYTE}:unlimited`]),
  widen: ({ pid }) => void execFileSync('prlimit', [`--pid=${pid}`, '--fsize=unlimited:unlimited']),
};

function smallDisk(folder: string): SmallPlace {
  const ballast = join(folder, 'ballast');
  return {
    narrow: () => writeFileSync(ballast, new Uint8Array(2 * MEBIBYTE)),
    widen: () => rmSync(ballast),
  };
}

async function fillAndFree(context: TestContext, folder: string, place: SmallPlace): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const args = [fileURLToPath(import.meta.url), 'writer', folder];
  const writer = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  context.after(() => writer.kill('SIGKILL'));
  const exited = once(writer, 'exit');
  const lines = createInterface({ input: writer.stdout });
  assert.equal((await nextReport(lines)).groups, 0);
  place.narrow(writer);
  writer.stdin.write('write\n');

  const full = await nextReport(lines);
  assert.ok(full.groups > 5, `${full.groups} groups fitted`);
  for (const { kind, message } of full.failures) assert.equal(kind, 'full', message);
  place.widen(writer);
  writer.stdin.write('go on\n');

  const { groups } = await nextReport(lines);
  assert.equal(groups, full.groups + 10);
  assert.deepEqual(await exited, [0, null]);
  await assertHolds(folder, groups);
}

async function nextReport(lines: Interface): Promise<Report> {
  const [line] = await once(lines, 'line', { signal: AbortSignal.timeout(30_000) });
  return JSON.parse(String(line)) as Report;
}

/** Opens the store anew: exactly the groups that were acknowledged are there, byte by byte. */
async function assertHolds(folder: string, groups: number): Promise<void> {
  const opened = await openStore(folder);
  try {
    const visitor = new OperationIgnorer();
    let queued = 0;
    visitor.queued = (_session, count) => void (queued += count);
    for await (const part of opened.snapshot) decodeOperations(part, 0, part.length, visitor);
    assert.equal(queued, groups * PER_GROUP);
    const entries = await readQueue(opened);
    assert.deepEqual(
      entries.map(({ messageId }) => messageId),
      Array.from({ length: groups * PER_GROUP }, (_, i) => i + 1),
    );
    for (const { messageId, body } of entries) assert.deepEqual(body, new Uint8Array(BODY).fill(messageId));
  } finally {
    await opened.close();
  }
}

function readQueue(opened: OpenedStore): Promise<StoredEntry[]> {
  return new Promise((resolve, reject) => {
    opened.store.connect({
      written: () => {},
      writeFailed: () => {},
      entriesRead: (_request, entries) => resolve(readEntries(entries)),
      readFailed: (_request, { message }) => reject(new Error(message)),
    });
    opened.store.read({ session: 1, messages: null, after: 0, limit: 1_000_000, maxBytes: 2 ** 40 });
  });
}
