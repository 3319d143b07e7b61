/**
 * `node bench/clients/run.ts [--rounds N] [--seconds S] [--load NAME]`: our client beside MQTT.js over the same broker in
 * one run. The measured client has a core to itself; broker and counterpart share the other one.
 */
import { execFile, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findBrokers } from '../brokers.ts';
import { findPinning, machineLine, pinned } from '../machine.ts';
import { medianOfKnown, medianRatio, readable } from '../stats.ts';
import type { LibraryName } from './libraries.ts';
import type { WorkerResult, WorkerSpec } from './worker.ts';

interface Row {
  readonly name: string;
  readonly spec: Pick<WorkerSpec, 'load' | 'qos'>;
  /** The figures of the table, each with the aim of Cauldron : MQTT.js. */
  readonly figures: readonly { readonly key: keyof WorkerResult; readonly title: string; readonly aim: string }[];
}

const rate = (aim: string) => [
  { key: 'rate', title: 'messages/s', aim } as const,
  { key: 'cpu', title: 'CPU us/message', aim: '' } as const,
];

const ROWS: readonly Row[] = [
  { name: 'publish-qos0', spec: { load: 'publish', qos: 0 }, figures: rate('>= 3') },
  { name: 'receive-qos0', spec: { load: 'receive', qos: 0 }, figures: rate('>= 3') },
  { name: 'publish-qos1', spec: { load: 'publish', qos: 1 }, figures: rate('>= 2') },
  { name: 'receive-qos1', spec: { load: 'receive', qos: 1 }, figures: rate('>= 2') },
  {
    name: 'latency-1000',
    spec: { load: 'latency', qos: 0 },
    figures: [
      { key: 'p50', title: 'ms p50', aim: '<= 1' },
      { key: 'p99', title: 'ms p99', aim: '<= 1' },
    ],
  },
  {
    name: 'memory-1000-clients',
    spec: { load: 'memory', qos: 0 },
    figures: [
      { key: 'rss', title: 'KiB resident a client', aim: '<= 0.5' },
      { key: 'heap', title: 'KiB heap a client', aim: '' },
    ],
  },
];

const LIBRARIES: readonly LibraryName[] = ['cauldron', 'mqtt.js'];
const workerFile = path.join(path.dirname(fileURLToPath(import.meta.url)), 'worker.ts');

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    load: { type: 'string', multiple: true },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const rows = ROWS.filter(({ name }) => values.load === undefined || values.load.includes(name));
const pinning = findPinning();
const kind = findBrokers('memory', null).get('cauldron')?.[0];
if (kind === undefined) throw new Error('no Cauldron in this clone');
const broker = await kind.start(pinning?.broker ?? null, tmpdir());
const url = `mqtt://127.0.0.1:${broker.port}`;
try {
  const results = new Map<string, WorkerResult[]>();
  for (let round = 0; round < rounds; round++) {
    for (const row of rows) {
      for (const library of LIBRARIES) {
        const result = await run(row, library);
        process.stderr.write(`${round + 1}/${rounds} ${row.name} ${library} ${JSON.stringify(result)}\n`);
        const key = `${row.name} ${library}`;
        results.set(key, [...(results.get(key) ?? []), result]);
      }
    }
  }
  print(results);
} finally {
  await broker.stop();
}

async function run(row: Row, library: LibraryName): Promise<WorkerResult> {
  const spec: WorkerSpec = { library, url, seconds, ...row.spec };
  const flood = row.spec.load === 'receive' ? counterpart(row.spec.qos) : null;
  try {
    return JSON.parse(await worker(spec)) as WorkerResult;
  } finally {
    flood?.kill();
  }
}

/** The publisher that feeds `receive`: ours, for both libraries. */
function counterpart(qos: 0 | 1) {
  const spec: WorkerSpec = { library: 'cauldron', url, load: 'flood', qos, seconds: seconds + 60 };
  const [command, ...args] = pinned(pinning?.broker ?? null, [process.execPath, workerFile, JSON.stringify(spec)]);
  return spawn(command!, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function worker(spec: WorkerSpec): Promise<string> {
  const command = [process.execPath, '--expose-gc', workerFile, JSON.stringify(spec)];
  const [program, ...args] = pinned(pinning?.load ?? null, command);
  return new Promise((resolve, reject) => {
    execFile(program!, args, { timeout: (seconds + 60) * 1000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${spec.library} ${spec.load}: ${error.message}\n${stderr}`));
    });
  });
}

function print(results: ReadonlyMap<string, readonly WorkerResult[]>): void {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  say(`${machineLine(pinning)}; ${rounds} rounds of ${seconds} s, medians`);
  say('');
  say('| load | figure | Cauldron | MQTT.js | Cauldron : MQTT.js | aim |');
  say('|---|---|---|---|---|---|');
  for (const { name, figures } of rows) {
    const [own = [], other = []] = LIBRARIES.map((library) => results.get(`${name} ${library}`));
    for (const { key, title, aim } of figures) {
      const [a, b] = [own, other].map((list) => list.map((result) => result[key] ?? null));
      const ratio = medianRatio(a!, b!);
      say(
        `| ${name} | ${title} | ${readable(medianOfKnown(a!))} | ${readable(medianOfKnown(b!))} | ${readable(ratio)} | ${aim} |`,
      );
    }
  }
}
