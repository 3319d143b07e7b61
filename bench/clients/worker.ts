// One process under measurement: `node worker.ts '{"library": ..., "load": ..., ...}'` prints one line of JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { Histogram } from '../load/histogram.ts';
import { type BenchClient, type LibraryName, libraries } from './libraries.ts';

/** What a worker is told. */
export interface WorkerSpec {
  readonly library: LibraryName;
  readonly url: string;
  readonly load: 'publish' | 'receive' | 'flood' | 'latency' | 'memory';
  readonly qos: 0 | 1;
  readonly seconds: number;
}

export interface WorkerResult {
  /** Messages a second. */
  readonly rate?: number;
  /** CPU microseconds of the process a message. */
  readonly cpu?: number;
  /** Milliseconds. */
  readonly p50?: number;
  readonly p99?: number;
  /** Kilobytes a client: resident, and in the JavaScript heap with its buffers. */
  readonly rss?: number;
  readonly heap?: number;
}

const TOPIC = 'bench/clients/topic';
const PAYLOAD = new Uint8Array(16).fill(120);
/** QoS 0: the library is asked after so many whether it has caught up. QoS 1: so many are under way. */
const BATCH = 500;
const IN_FLIGHT = 100;
const WARM_UP = 1000;
const CLIENTS = 1000;

const spec = JSON.parse(process.argv[2]!) as WorkerSpec;
const open = (): Promise<BenchClient> => libraries[spec.library](spec.url);
const loads = { publish, receive, flood, latency, memory };
process.stdout.write(`${JSON.stringify(await loads[spec.load]())}\n`);
process.exit(0);

/** Counts what `count` says over the measured time, after a warm-up. */
async function measure(count: () => number): Promise<WorkerResult> {
  await sleep(WARM_UP);
  const [from, at, cpu] = [count(), performance.now(), process.cpuUsage()];
  await sleep(spec.seconds * 1000);
  const [messages, ms, used] = [count() - from, performance.now() - at, process.cpuUsage(cpu)];
  return { rate: (messages / ms) * 1000, cpu: (used.user + used.system) / messages };
}

async function publish(): Promise<WorkerResult> {
  const client = await open();
  let done = 0;
  const start = spec.qos === 0 ? batch : () => Array.from({ length: IN_FLIGHT }, one);
  start();
  return measure(() => done);

  function batch(): void {
    for (let i = 1; i < BATCH; i++) client.publish(TOPIC, PAYLOAD, 0);
    client.publish(TOPIC, PAYLOAD, 0, () => {
      done += BATCH;
      setImmediate(batch);
    });
  }

  function one(): void {
    client.publish(TOPIC, PAYLOAD, 1, () => {
      done += 1;
      one();
    });
  }
}

/** The other end of `receive`: a publisher that is not measured. */
async function flood(): Promise<WorkerResult> {
  const client = await open();
  if (spec.qos === 1) for (let i = 0; i < IN_FLIGHT * 5; i++) again();
  else void endless();
  await sleep(spec.seconds * 1000);
  return {};

  function again(): void {
    client.publish(TOPIC, PAYLOAD, 1, again);
  }

  async function endless(): Promise<void> {
    for (;;) {
      for (let i = 1; i < BATCH; i++) client.publish(TOPIC, PAYLOAD, 0);
      await new Promise<void>((resolve) => client.publish(TOPIC, PAYLOAD, 0, resolve));
    }
  }
}

async function receive(): Promise<WorkerResult> {
  const client = await open();
  let received = 0;
  await client.subscribe(TOPIC, spec.qos, () => {
    received += 1;
  });
  return measure(() => received);
}

/** 1,000 messages a second to itself. */
async function latency(): Promise<WorkerResult> {
  const client = await open();
  const times = new Histogram();
  const started = performance.now();
  await client.subscribe(TOPIC, spec.qos, (payload) => {
    const sent = new Float64Array(new Uint8Array(payload).buffer)[0]!;
    if (sent - started > WARM_UP) times.add((performance.now() - sent) * 1000);
  });
  let sent = 0;
  const timer = setInterval(() => {
    for (const due = Math.floor(performance.now() - started); sent < due; sent++) {
      client.publish(TOPIC, new Uint8Array(Float64Array.of(performance.now()).buffer), spec.qos);
    }
  }, 1);
  await sleep(WARM_UP + spec.seconds * 1000);
  clearInterval(timer);
  return { p50: (times.percentile(0.5) ?? 0) / 1000, p99: (times.percentile(0.99) ?? 0) / 1000 };
}

/** Many clients that are connected, subscribed and idle. */
async function memory(): Promise<WorkerResult> {
  const probe = await open();
  await probe.subscribe('bench/clients/probe', 0, () => undefined);
  const before = await settled();
  const clients: BenchClient[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const client = await open();
    await client.subscribe(`bench/clients/${i}`, 1, () => undefined);
    clients.push(client);
  }
  const after = await settled();
  return {
    rss: (after.rss - before.rss) / CLIENTS / 1024,
    heap: (after.heap - before.heap) / CLIENTS / 1024,
  };
}

async function settled(): Promise<{ rss: number; heap: number }> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await sleep(200);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external };
}
