/**
 * `node bench/websocket.ts [--rounds N] [--seconds S]`: the same loads over MQTT's TCP listener and over the WebSocket
 * listener of one broker, by turns in one run. The load writes batches, one WebSocket frame each.
 */
import { parseArgs } from 'node:util';
import type { PublishSpec } from './load/spec.ts';
import { loads } from './loads.ts';
import { findPinning, machineLine } from './machine.ts';
import { measureLoad, startOneBroker } from './one-broker.ts';
import { medianOfKnown, medianRatio, readable } from './stats.ts';

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
const seconds = Number(values.seconds);
const pinning = findPinning();
const chosen = loads.filter(({ name, shape }) => shape.kind === 'publish' && (values.load ?? NAMES).includes(name));
if (chosen.length === 0) throw new Error(`no such load; known: ${loads.map(({ name }) => name).join(', ')}`);

const broker = await startOneBroker(pinning);
try {
  const figures = new Map<string, (number | null)[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const load of chosen) {
      for (const webSocket of [false, true]) {
        const port = webSocket ? broker.ws : broker.mqtt;
        const shape = load.shape as PublishSpec;
        const measured = await measureLoad(broker, pinning, { shape, seconds, port, webSocket });
        const rate = measured?.delivered_per_s ?? null;
        process.stderr.write(`${round}/${rounds} ${load.name} ${webSocket ? 'ws' : 'tcp'} ${rate}\n`);
        const key = `${load.name} ${webSocket}`;
        figures.set(key, [...(figures.get(key) ?? []), rate]);
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
  broker.child.kill();
}
