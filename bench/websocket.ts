/**
 * `node bench/websocket.ts [--rounds N] [--seconds S]`: the same loads over MQTT's TCP listener and over the WebSocket
 * listener of one broker, by turns in one run. The load writes batches, one WebSocket frame each.
 */
import { execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { LoadResult, PublishSpec } from './load/spec.ts';
import { loads } from './loads.ts';
import { findPinning, machineLine, pinned } from './machine.ts';
import { medianOfKnown, medianRatio, readable } from './stats.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const NAMES = ['pair1-q0', 'pair10-q0', 'fanin-q0', 'pair10-q1', 'pair10-q2', 'fanout-flat'];
const AIM = '>= 0.6';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    load: { type: 'string', multiple: true },
  },
});
const rounds = Number(values.rounds);
const pinning = findPinning();
const chosen = loads.filter(({ name, shape }) => shape.kind === 'publish' && (values.load ?? NAMES).includes(name));
if (chosen.length === 0) throw new Error(`no such load; known: ${loads.map(({ name }) => name).join(', ')}`);

const [program, ...args] = pinned(pinning?.broker ?? null, [
  process.execPath,
  path.join(root, 'packages/cli/bin/cauldron.js'),
  ...['broker', '--memory', '-p', '0', '--ws-port', '0'],
]);
const broker = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
try {
  const ports = await portsOf(broker);
  const figures = new Map<string, (number | null)[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const load of chosen) {
      for (const webSocket of [false, true]) {
        const port = webSocket ? ports.ws : ports.mqtt;
        const shape = load.shape as PublishSpec;
        const spec = { ...shape, host: '127.0.0.1', port, brokerPid: broker.pid ?? null, warmup: 1, webSocket };
        const result = await generate({ ...spec, seconds: Number(values.seconds) });
        const rate = result.figures.delivered_per_s ?? null;
        process.stderr.write(
          `${round}/${rounds} ${load.name} ${webSocket ? 'ws' : 'tcp'} ${rate} ${result.errors.join('; ')}\n`,
        );
        const key = `${load.name} ${webSocket}`;
        figures.set(key, [...(figures.get(key) ?? []), result.errors.length > 0 ? null : rate]);
      }
    }
  }
  process.stdout.write(`${machineLine(pinning)}; ${rounds} rounds of ${values.seconds} s, medians\n\n`);
  process.stdout.write(
    '| load | TCP, delivered/s | WebSocket, delivered/s | WebSocket : TCP | aim |\n|---|---|---|---|---|\n',
  );
  for (const { name } of chosen) {
    const [tcp, ws] = [figures.get(`${name} false`)!, figures.get(`${name} true`)!];
    const shown = [medianOfKnown(tcp), medianOfKnown(ws), medianRatio(ws, tcp)].map(readable);
    process.stdout.write(`| ${name} | ${shown.join(' | ')} | ${AIM} |\n`);
  }
} finally {
  broker.kill();
}

/** Where it says that it listens. */
async function portsOf(child: ReturnType<typeof spawn>): Promise<{ mqtt: number; ws: number }> {
  const found = { mqtt: 0, ws: 0 };
  for await (const line of createInterface({ input: child.stdout! })) {
    note(line);
    if (found.mqtt > 0 && found.ws > 0) return found;
  }
  throw new Error('the broker ended before it said where it listens');

  function note(line: string): void {
    const [, scheme, port] = /(mqtt|ws):\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (scheme !== undefined) found[scheme as 'mqtt' | 'ws'] = Number(port);
  }
}

function generate(spec: PublishSpec): Promise<LoadResult> {
  const file = path.join(root, 'bench/load/main.ts');
  const [command, ...rest] = pinned(pinning?.load ?? null, [process.execPath, file, JSON.stringify(spec)]);
  return new Promise((resolve) => {
    execFile(command!, rest, { timeout: 120_000 }, (error, stdout) => {
      resolve(
        error === null
          ? (JSON.parse(stdout) as LoadResult)
          : { figures: {}, errors: [error.message.slice(0, 200)], notes: [] },
      );
    });
  });
}
