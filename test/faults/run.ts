// npm run faults -- [--seeds N] [--from N] [--peer NAME] [--mqtt 5|4] [--restarts N] [--ws] [--seed N [--trace]]
//   --seeds N     schedules for each broker and version, from seed --from on (1); 200 unless it is said
//   --peer NAME   cauldron, cauldron-process (killed where others are restarted), mosquitto or aedes; all three without it
//   --mqtt N      5, or 4 for MQTT 3.1.1; both without it
//   --restarts N  how often the broker is restarted in each group of 8 schedules; 0 unless it is said
//   --ws          over WebSocket
//   --seed N      this one schedule; with --trace it tells what happens
import { parseArgs } from 'node:util';
import type { ProtocolVersion } from '@cauldron/protocol';
import {
  aedes,
  cauldron,
  cauldronProcess,
  type KillablePeer,
  mosquitto,
  type Peer,
  type PeerKind,
} from '../support/peers/index.ts';
import type { Cleanup } from '../support/process.ts';
import type { FaultRunResult } from './fault-run.ts';
import { faultSeries } from './fault-series.ts';
import { promises } from './history.ts';

const kinds: Readonly<Record<string, PeerKind>> = { cauldron, mosquitto, aedes, 'cauldron-process': cauldronProcess };
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    peer: { type: 'string' },
    mqtt: { type: 'string' },
    restarts: { type: 'string', default: '0' },
    ws: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const names = values.peer === undefined ? ['cauldron', 'mosquitto', 'aedes'] : [values.peer];
  let failed = 0;
  for (const name of names) {
    const kind = kinds[name];
    if (kind === undefined) return complain(`there is no broker '${name}'; there are ${Object.keys(kinds).join(', ')}`);
    const wanted = values.mqtt === undefined ? kind.versions : [wholeNumber('--mqtt', values.mqtt)];
    for (const version of kind.versions.filter((each) => wanted.includes(each)))
      failed += await runAll(name, kind, version);
  }
  return failed === 0 ? 0 : 1;
}

async function runAll(name: string, kind: PeerKind, version: ProtocolVersion): Promise<number> {
  const cleanups: (() => unknown)[] = [];
  const cleanup: Cleanup = { after: (clean) => void cleanups.push(clean) };
  try {
    const peer = await kind.make(cleanup);
    await peer.start();
    return await runSeeds(name, peer, version);
  } finally {
    for (const clean of cleanups.reverse()) await clean();
  }
}

async function runSeeds(name: string, peer: Peer, version: ProtocolVersion): Promise<number> {
  const single = values.seed !== undefined;
  const seeds = single ? 1 : wholeNumber('--seeds', values.seeds);
  const from = wholeNumber('--from', values.seed ?? values.from);
  const restarts = wholeNumber('--restarts', values.restarts);
  const started = performance.now();
  const say = values.trace
    ? (line: string) => console.log(`${(performance.now() - started).toFixed(1)} ${line}`)
    : undefined;
  const totals = { endings: 0, connections: 0, published: 0, received: 0, repeated: 0 };
  let failed = 0;
  const restart = 'killAndStart' in peer ? () => (peer as KillablePeer).killAndStart() : undefined;
  const options = { peer, version, from, seeds, restarts, webSocket: values.ws, say, ...(restart && { restart }) };
  for await (const result of faultSeries(options)) {
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += result.summary[key];
    if (result.violations.length === 0 && !single) continue;
    failed += result.violations.length === 0 ? 0 : 1;
    report(name, version, result);
  }
  const time = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${peer.name}, MQTT ${version === 5 ? '5' : '3.1.1'}: ${seeds} seeds from ${from}, ${failed} failed; ${JSON.stringify(totals)} in ${time} s`,
  );
  return failed;
}

function report(name: string, version: ProtocolVersion, { seed, violations, story }: FaultRunResult): void {
  for (const { promise, what } of violations) console.error(`seed ${seed}: ${promise} (${promises[promise]}): ${what}`);
  const more = `${values.restarts === '0' ? '' : ` --restarts ${values.restarts}`}${values.ws ? ' --ws' : ''}`;
  console.error(`${story}\nAgain: npm run faults -- --peer ${name} --mqtt ${version} --seed ${seed}${more} --trace`);
}

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  process.exit(complain(`${flag} takes a whole number, not '${text}'`));
}

function complain(what: string): number {
  console.error(what);
  return 2;
}
