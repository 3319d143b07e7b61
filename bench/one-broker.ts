/** For benchmarks of one broker of this repository by itself: starts it on its core, and measures loads on the other. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { LoadResult, PublishSpec } from './load/spec.ts';
import { type Pinning, pinned } from './machine.ts';

const root = path.dirname(import.meta.dirname);

/** A broker in a process of its own, and where it listens. */
export interface OneBroker {
  readonly child: ChildProcess;
  /** Port of MQTT over TCP. */
  readonly mqtt: number;
  /** Port of MQTT over WebSocket, and of the dashboard. */
  readonly ws: number;
}

/** Starts `cauldron broker` in memory on any free ports. */
export async function startOneBroker(pinning: Pinning | null): Promise<OneBroker> {
  const [program, ...args] = pinned(pinning?.broker ?? null, [
    process.execPath,
    path.join(root, 'packages/cli/bin/cauldron.js'),
    ...['broker', '--memory', '-p', '0', '--ws-port', '0'],
  ]);
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const found = { mqtt: 0, ws: 0 };
  for await (const line of createInterface({ input: child.stdout })) {
    const [, scheme, port] = /(mqtt|ws):\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (scheme !== undefined) found[scheme as 'mqtt' | 'ws'] = Number(port);
    if (found.mqtt > 0 && found.ws > 0) return { child, ...found };
  }
  throw new Error('the broker ended before it said where it listens');
}

/** What is published, for how many seconds, and where. */
export interface OneLoad {
  readonly shape: PublishSpec;
  readonly seconds: number;
  readonly port: number;
  readonly webSocket?: boolean;
}

/** What a load measured, by the names of its figures. */
export type Figures = LoadResult['figures'];

/** Runs a load against it; null where the load failed, which is told. */
export async function measureLoad(
  broker: OneBroker,
  pinning: Pinning | null,
  { shape, seconds, port, webSocket = false }: OneLoad,
): Promise<Figures | null> {
  const brokerPid = broker.child.pid ?? null;
  const { figures, errors } = await generate(pinning, {
    ...shape,
    ...{ host: '127.0.0.1', port, brokerPid, warmup: 1, webSocket, seconds },
  });
  if (errors.length > 0) process.stderr.write(`${errors.join('; ')}\n`);
  return errors.length > 0 ? null : figures;
}

function generate(pinning: Pinning | null, spec: PublishSpec): Promise<LoadResult> {
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
