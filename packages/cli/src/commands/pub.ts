import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, PublishResult } from '@cauldron/client';
import { reasonCodeName, topicNameProblem } from '@cauldron/protocol';
import type { Command, Flag, Io, Parsed } from '../command.ts';
import { UsageError } from '../command.ts';
import { exitCode } from '../exit-codes.ts';
import { lines } from '../lines.ts';
import { mqttFlags } from '../mqtt-flags.ts';
import { mqttSettings, qosOf } from '../mqtt-options.ts';
import { interruptCode, runSession } from '../session.ts';
import { isSet, numberOf, textOf } from '../values.ts';

const group = 'Message';

const flags: readonly Flag[] = [
  { long: 'topic', short: 't', value: 'TOPIC', group, help: 'Topic to publish to.' },
  { long: 'message', short: 'm', value: 'TEXT', group, help: 'Publish this text.' },
  { long: 'null-message', short: 'n', group, help: 'Publish an empty message; with -r it clears the retained one.' },
  { long: 'file', short: 'f', value: 'FILE', group, help: 'Publish the contents of a file.' },
  { long: 'stdin-line', short: 'l', group, help: 'Publish each line of standard input as a message.' },
  { long: 'stdin-file', short: 's', group, help: 'Publish all of standard input as one message.' },
  {
    long: 'qos',
    short: 'q',
    value: 'QOS',
    group,
    help: '0 at most once, 1 at least once, 2 exactly once. Default: 0.',
  },
  { long: 'retain', short: 'r', group, help: 'Have the broker keep it for those who subscribe later.' },
  { long: 'repeat', value: 'COUNT', group, help: 'Publish it this many times. Not with -l.' },
  {
    long: 'repeat-delay',
    value: 'SECONDS',
    group,
    help: 'Wait this long between repetitions; fractions allowed. Default: 0.',
  },
  {
    long: 'max-inflight',
    short: 'M',
    value: 'COUNT',
    group,
    help: 'How many QoS 1 and 2 messages may wait for their acknowledgement. Default: 20.',
  },
];

/** `cauldron pub` */
export const pub: Command = {
  name: 'pub',
  summary: 'publish messages',
  usage: [
    'cauldron pub -t TOPIC (-m TEXT | -n | -f FILE | -l | -s) [FLAGS]',
    'cauldron pub -L mqtt://HOST/TOPIC -m TEXT [FLAGS]',
  ],
  flags: [...flags, ...mqttFlags],
  examples: [
    { does: 'Publish a text', command: "cauldron pub -t kitchen/soup -m 'ready'" },
    { does: 'Keep the last value for those who come later', command: 'cauldron pub -t kitchen/temperature -m 21.5 -r' },
    { does: 'Clear that value', command: 'cauldron pub -t kitchen/temperature -n -r' },
    { does: 'Make sure the broker has it', command: 'cauldron pub -t orders/42 -f order.json -q 1' },
    { does: 'Publish every line that a program prints', command: 'ping localhost | cauldron pub -t net/ping -l' },
    {
      does: 'Give an MQTT 5 message a life time and a user property',
      command: 'cauldron pub -t a -m x -D publish message-expiry-interval 60 -D publish user-property from kitchen',
    },
  ],
  run,
};

interface Job {
  readonly topic: string;
  readonly debug: boolean;
  readonly inflight: number;
  readonly repeat: number;
  /** Seconds. */
  readonly delay: number;
  publish(client: Client, payload: Uint8Array): Promise<PublishResult>;
}

async function run(parsed: Parsed, io: Io): Promise<number> {
  if (parsed.positionals.length > 0) {
    throw new UsageError(`"${parsed.positionals[0]}" belongs to no flag; a text with spaces needs quotes around it`);
  }
  const { url, connect, properties, urlTopic } = mqttSettings(parsed, ['PUBLISH'], io.env);
  const topic = textOf(parsed, 'topic') ?? urlTopic;
  if (topic === undefined) throw new UsageError('a topic is missing: add -t TOPIC');
  const problem = topicNameProblem(topic);
  if (problem !== undefined) throw new UsageError(`-t: ${problem}`);
  const options = { qos: qosOf(parsed, 'qos'), retain: isSet(parsed, 'retain'), properties: properties.PUBLISH };
  const job: Job = {
    topic,
    debug: isSet(parsed, 'debug'),
    inflight: numberOf(parsed, 'max-inflight', { min: 1, max: 65_535 }) ?? 20,
    repeat: numberOf(parsed, 'repeat', { min: 1, max: Number.MAX_SAFE_INTEGER }) ?? 1,
    delay: numberOf(parsed, 'repeat-delay', { min: 0, max: 2_000_000, fraction: true }) ?? 0,
    publish: (client, payload) => client.publish(topic, payload, options),
  };
  const source = sourceOf(parsed);
  const payload = await payloadOf(source, parsed, io);
  return runSession(
    {
      name: 'pub',
      url,
      connect: { ...connect, maxInflight: job.inflight, reconnect: false },
      disconnect: properties.DISCONNECT,
      interrupted: interruptCode,
      work: (client) =>
        payload === undefined ? publishLines(client, job, io) : publishRepeatedly(client, job, payload, io),
    },
    parsed,
    io,
  ).finally(() => {
    // An interrupted read would keep the process alive.
    if (payload === undefined && 'destroy' in io.stdin) (io.stdin as NodeJS.ReadStream).destroy();
  });
}

const sources = ['message', 'null-message', 'file', 'stdin-line', 'stdin-file'] as const;
type Source = (typeof sources)[number];

function sourceOf(parsed: Parsed): Source {
  const given = sources.filter((name) => parsed.values[name] !== undefined);
  if (given.length === 0) throw new UsageError('the message is missing: add -m TEXT, -n, -f FILE, -l or -s');
  if (given.length > 1) throw new UsageError(`--${given.join(' and --')} exclude each other; give one of them`);
  if (given[0] === 'stdin-line' && parsed.values.repeat !== undefined) {
    throw new UsageError('--repeat does not go with -l, where each line is sent once');
  }
  return given[0]!;
}

/** The one payload, or undefined when each line is one. Read before connecting: what cannot be read is not worth it. */
async function payloadOf(source: Source, parsed: Parsed, io: Io): Promise<Uint8Array | undefined> {
  if (source === 'message') return new TextEncoder().encode(textOf(parsed, 'message'));
  if (source === 'null-message') return new Uint8Array(0);
  if (source === 'stdin-line') return undefined;
  if (source === 'file') {
    const file = textOf(parsed, 'file')!;
    return readFile(file).catch((error: Error) => {
      throw new UsageError(`-f: cannot read ${file}: ${error.message}`);
    });
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of io.stdin) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  return Buffer.concat(chunks);
}

async function publishRepeatedly(client: Client, job: Job, payload: Uint8Array, io: Io): Promise<number> {
  for (let i = 0; i < job.repeat; i++) {
    if (i > 0 && job.delay > 0) await sleep(job.delay * 1000);
    note(await job.publish(client, payload), job, io);
  }
  return exitCode.ok;
}

/** Publishes as many lines at once as may be in flight, and reads on only when there is room. */
async function publishLines(client: Client, job: Job, io: Io): Promise<number> {
  const underway = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  for await (const line of lines(io.stdin as AsyncIterable<Uint8Array>)) {
    const one = job
      .publish(client, line)
      .then((result) => note(result, job, io))
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => underway.delete(one));
    underway.add(one);
    if (underway.size >= job.inflight) await Promise.race(underway);
    if (failure !== undefined) break;
  }
  await Promise.all(underway);
  if (failure !== undefined) throw failure.error;
  return exitCode.ok;
}

function note(result: PublishResult, job: Job, io: Io): void {
  if (job.debug && result.reasonCode > 0) {
    io.stderr.write(`the broker took the message on ${job.topic}: ${reasonCodeName(result.reasonCode)}\n`);
  }
}
