import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { exportStore } from './export.ts';
import { importStore } from './import.ts';

const root = mkdtempSync(join(tmpdir(), 'cauldron-round-trip-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, `${++folders}`);

type Json = Record<string, unknown>;

const NOW = Date.UTC(2026, 0, 31, 8);

function imported(lines: readonly Json[]): Promise<string> {
  const folder = newFolder();
  const bytes = lines.map((line) => Buffer.from(JSON.stringify(line)));
  return importStore(folder, bytes, { now: NOW }).then(() => folder);
}

function exported(folder: string): Json[] {
  return [...exportStore(folder)]
    .join('')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Json);
}

const text = fc.string({ unit: 'grapheme', maxLength: 12 }).map((value) => value.replaceAll('\0', ''));
const level = text.map((value) => value.replaceAll(/[+#/$]/g, '_') || 'x');
const topic = fc.array(level, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/'));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  text.map((value) => Buffer.from(value)),
);
const time = fc.integer({ min: 1, max: 4_000_000_000_000 }).map((ms) => new Date(ms).toISOString());
const qos = fc.constantFrom(0, 1, 2);
const identifiers = fc.array(fc.integer({ min: 1, max: 268_435_455 }), { minLength: 1, maxLength: 3 });

function bytesAs(name: string, value: Uint8Array): Json {
  const decoded = Buffer.from(value).toString('utf8');
  const isText = Buffer.from(decoded).equals(value);
  return isText ? { [name]: decoded } : { [`${name}Base64`]: Buffer.from(value).toString('base64') };
}

/** An object of some of these keys. */
const some = (values: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Json> =>
  fc.record(values, { requiredKeys: [] });

const properties = fc
  .tuple(
    some({
      payloadFormatIndicator: fc.constantFrom(0, 1),
      messageExpiryInterval: fc.integer({ min: 0, max: 4_294_967_295 }),
      contentType: text,
      responseTopic: topic,
      userProperties: fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 }),
    }),
    fc.option(bytes),
  )
  .map(([values, correlation]) => ({
    ...values,
    ...(correlation === null ? {} : bytesAs('correlationData', correlation)),
  }));

/** A message's content, with properties or without. */
const content = fc
  .record({ topic, payload: bytes, properties: fc.option(properties, { nil: {} }), qos })
  .map(({ topic, payload, properties, qos }) => ({
    topic,
    ...bytesAs('payload', payload),
    qos,
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
  }));

/** What export adds where it was left out. */
function withTimes(message: Json, publishedAt: string): Json {
  const interval = (message.properties as { messageExpiryInterval?: number } | undefined)?.messageExpiryInterval;
  const expiresAt = Date.parse(publishedAt) + (interval ?? 0) * 1000;
  return {
    ...message,
    publishedAt,
    ...(interval === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() }),
  };
}

const session = fc.tuple(
  fc.record({ sessionExpiryInterval: fc.integer({ min: 0, max: 4_294_967_295 }) }),
  fc.oneof(fc.constant({ connected: true }), fc.record({ endsAt: time })),
  fc.option(
    content.map((message) => ({ will: { ...message, willDelayInterval: 30 } })),
    { nil: {} },
  ),
);

const flags = { retain: fc.constant(true), subscriptionIdentifiers: identifiers };

/** Everything a store can hold, as the lines of its export. */
const store = fc
  .record({
    clients: fc.uniqueArray(level, { minLength: 1, maxLength: 4 }),
    sessions: fc.array(session, { minLength: 4, maxLength: 4 }),
    filters: fc.uniqueArray(topic, { maxLength: 4 }),
    options: some({
      noLocal: fc.constant(true),
      retainAsPublished: fc.constant(true),
      retainedOwed: fc.constant(true),
    }),
    messages: fc.array(fc.tuple(content, time, some({ retain: fc.constant(true) })), { maxLength: 6 }),
    queued: fc.array(fc.tuple(fc.nat(3), fc.nat(5), qos, some(flags)), { maxLength: 30 }),
    packetIds: fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 6 }),
    inflight: some(flags),
    topics: fc.uniqueArray(topic, { maxLength: 4 }),
    retained: content,
  })
  .map((parts) => linesOf(parts));

interface Parts {
  clients: string[];
  sessions: [Json, Json, Json][];
  filters: string[];
  options: Json;
  messages: [Json, string, Json][];
  queued: [number, number, number, Json][];
  packetIds: number[];
  inflight: Json;
  topics: string[];
  retained: Json;
}

function linesOf(parts: Parts): Json[] {
  const { clients, messages } = parts;
  const lines: Json[] = [];
  clients.forEach((clientId, i) => {
    const [expiry, presence, will] = parts.sessions[i]!;
    lines.push({ type: 'session', clientId, ...expiry, ...presence, ...will });
    const filters = parts.filters.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const filter of filters) lines.push({ type: 'subscription', clientId, filter, qos: i % 3, ...parts.options });
  });
  const queued = parts.queued.filter(([client, message]) => client < clients.length && message < messages.length);
  const sent = messages.length === 0 ? [] : parts.packetIds.slice(2);
  const usedBySent = (index: number): boolean => index === 0 && sent.length > 1;
  const used = messages.map((_, index) => usedBySent(index) || queued.some(([, message]) => message === index));
  const idOf = (index: number): number => used.slice(0, index + 1).filter(Boolean).length;
  messages.forEach(([message, publishedAt, retain], index) => {
    const { type, id } = { type: 'message', id: idOf(index) };
    if (used[index]) lines.push({ type, id, ...withTimes({ ...message, ...retain }, publishedAt) });
  });
  clients.forEach((clientId, i) => {
    for (const [client, message, qos, rest] of queued) {
      if (client === i) lines.push({ type: 'queued', clientId, message: idOf(message), qos, ...rest });
    }
    if (i !== 0 || parts.packetIds.length === 0) return;
    const inflight = sent.map((packetId, at) =>
      at === 0 ? { packetId, released: true } : { packetId, message: idOf(0), qos: 1, ...parts.inflight },
    );
    const received = parts.packetIds.slice(0, 2);
    lines.push({ type: 'inflight', clientId, ...(sent.length === 0 ? {} : { sent: inflight }), received });
  });
  lines.push(...retainedLines(parts));
  return lines;
}

function retainedLines({ topics, retained, messages }: Parts): Json[] {
  const publishedAt = messages[0]?.[1] ?? new Date(NOW).toISOString();
  const hasPayload = retained.payload !== '' && retained.payloadBase64 !== '';
  const sorted = topics.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return sorted.map((topic, i) => ({
    type: 'retained',
    ...withTimes({ ...retained, topic, ...(hasPayload ? {} : { payload: 'x' }) }, publishedAt),
    ...(i % 2 === 0 ? {} : { publisher: 'somebody' }),
  }));
}

/** Keys in any order, content as it is: the order of keys matters to nobody but properties, which keep theirs. */
const sameLines = (actual: Json[], expected: Json[], message: string): void =>
  assert.deepEqual(actual, expected, message);

test('what is exported is what was imported, and import and export go on giving the same lines', async () => {
  await fc.assert(
    fc.asyncProperty(store, async (lines) => {
      const first = exported(await imported(lines));
      sameLines(first.slice(1, -1), lines, 'the export is not what was imported');
      assert.deepEqual(first.at(-1), { type: 'end', lines: lines.length });
      const again = await imported(first);
      assert.equal([...exportStore(again)].join(''), first.map((line) => `${JSON.stringify(line)}\n`).join(''));
    }),
    { numRuns: 25 },
  );
});
