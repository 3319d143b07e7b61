import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { topicNameProblem } from '@cauldron/protocol';
import { type Load, type Outcome, runLoad } from '../bench/load.ts';
import { SMALLEST } from '../bench/plan.ts';
import { headline, reportJson, reportText } from '../bench/report.ts';
import type { Command, Flag, Io, Parsed } from '../command.ts';
import { UsageError } from '../command.ts';
import { exitCode } from '../exit-codes.ts';
import { mqttFlags } from '../mqtt-flags.ts';
import { mqttSettings, qosOf } from '../mqtt-options.ts';
import { connectError, interruptCode, report } from '../session.ts';
import { isSet, numberOf, textOf } from '../values.ts';

const group = 'Load';

const flags: readonly Flag[] = [
  { long: 'publishers', value: 'COUNT', group, help: 'Clients that publish. Default: 1.' },
  { long: 'subscribers', value: 'COUNT', group, help: 'Clients that subscribe; 0 = none. Default: 1.' },
  {
    long: 'topics',
    value: 'COUNT',
    group,
    help: 'Topics. As many as clients: each has its own; fewer are shared, more are divided among them. Default: 1, so that every subscriber gets every message.',
  },
  {
    long: 'topic',
    short: 't',
    value: 'PREFIX',
    group,
    help: 'What topics begin with: PREFIX/0, PREFIX/1 ... Default: cauldron-bench and a random part.',
  },
  {
    long: 'rate',
    value: 'RATE',
    group,
    help: 'Messages a second of all publishers together, or max for as many as go. Default: max.',
  },
  { long: 'size', value: 'BYTES', group, help: `Bytes of a payload, at least ${SMALLEST}. Default: 64.` },
  { long: 'qos', short: 'q', value: 'QOS', group, help: 'Of publishing and subscribing: 0, 1 or 2. Default: 0.' },
  {
    long: 'max-inflight',
    short: 'M',
    value: 'COUNT',
    group,
    help: 'How many QoS 1 and 2 messages of a publisher may wait for their acknowledgement. Default: 20.',
  },
  { long: 'duration', value: 'SECONDS', group, help: 'How long it is measured; fractions allowed. Default: 10.' },
  { long: 'warmup', value: 'SECONDS', group, help: 'How long it runs before that. Default: 1.' },
  { long: 'json', group: 'Printing', help: 'Print the result as one JSON object.' },
];

/** Flags of `pub` and `sub` that are about one client make no sense for many. */
const shared = mqttFlags.filter(({ group: of, long }) => of !== 'Session' && of !== 'Last will' && long !== 'debug');

/** `cauldron bench` */
export const bench: Command = {
  name: 'bench',
  summary: 'measure how fast messages go through a broker',
  usage: ['cauldron bench [FLAGS]', 'cauldron bench -L mqtt://HOST [FLAGS]'],
  flags: [...flags, ...shared],
  examples: [
    { does: 'As fast as one publisher and one subscriber go, for 10 s', command: 'cauldron bench' },
    {
      does: 'The latency at 1,000 messages a second, each acknowledged',
      command: 'cauldron bench --rate 1000 -q 1 --duration 30',
    },
    { does: 'One publisher and many subscribers', command: 'cauldron bench --subscribers 500 --rate 100' },
    {
      does: 'A hundred pairs, each with a topic of its own, over WebSocket',
      command: 'cauldron bench -L ws://localhost:8083 --publishers 100 --subscribers 100 --topics 100 --rate 5000',
    },
    { does: 'For a script', command: 'cauldron bench --rate 1000 --duration 5 --json' },
  ],
  run,
};

async function run(parsed: Parsed, io: Io): Promise<number> {
  if (parsed.positionals.length > 0) throw new UsageError(`"${parsed.positionals[0]}" belongs to no flag`);
  const load = readLoad(parsed, io);
  const giveUp = new AbortController();
  setMaxListeners(0, giveUp.signal);
  let code: number = exitCode.ok;
  const stopListening = io.onSignal((signal) => {
    code = interruptCode(signal);
    giveUp.abort();
  });
  try {
    if (!isSet(parsed, 'json')) io.stdout.write(`${headline(load)}\n`);
    const outcome = await runLoad(load, giveUp.signal);
    io.stdout.write(isSet(parsed, 'json') ? `${reportJson(load, outcome)}\n` : reportText(load, outcome));
    return code === exitCode.ok ? codeOf(load, outcome) : code;
  } catch (error) {
    return giveUp.signal.aborted ? code : report(connectError(error), 'bench', parsed, io);
  } finally {
    stopListening();
  }
}

/** Refusals and broken promises fail a script; QoS 0 promises nothing. */
function codeOf({ publish }: Load, { errors, missing }: Outcome): number {
  if ([...errors.keys()].some((what) => what.startsWith('refused'))) return exitCode.rejected;
  const isBroken = missing > 0 && (publish.qos ?? 0) > 0;
  return errors.size > 0 || isBroken ? exitCode.failure : exitCode.ok;
}

function readLoad(parsed: Parsed, io: Io): Load {
  const { url, connect, properties, urlTopic } = mqttSettings(parsed, ['PUBLISH'], io.env);
  const prefix = textOf(parsed, 'topic') ?? urlTopic ?? `cauldron-bench/${randomBytes(4).toString('hex')}`;
  const problem = topicNameProblem(prefix);
  if (problem !== undefined) throw new UsageError(`-t: ${problem}`);
  const number = (long: string, otherwise: number, min: number, max: number, fraction = false): number =>
    numberOf(parsed, long, { min, max, fraction }) ?? otherwise;
  const rate = textOf(parsed, 'rate') ?? 'max';
  const inflight = number('max-inflight', 20, 1, 65_535);
  return {
    url,
    // A session that outlives a lost connection, so that nothing of QoS 1 and 2 is missing behind it.
    connect: { ...connect, sessionExpiry: undefined, maxInflight: inflight },
    prefix,
    publishers: number('publishers', 1, 1, 100_000),
    subscribers: number('subscribers', 1, 0, 100_000),
    topics: number('topics', 1, 1, 1_000_000),
    publish: { qos: qosOf(parsed, 'qos'), properties: properties.PUBLISH },
    size: number('size', 64, SMALLEST, 100_000_000),
    rate: rate === 'max' ? undefined : number('rate', 0, 0.001, 100_000_000, true),
    inflight,
    warmup: number('warmup', 1, 0, 3600, true),
    duration: number('duration', 10, 0.1, 1_000_000, true),
  };
}
