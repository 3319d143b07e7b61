import type { Client, Message, SubscribeOptions, Subscription } from '@cauldron/client';
import type { RetainHandling } from '@cauldron/protocol';
import { matchTopic, reasonCodeName, topicFilterProblem } from '@cauldron/protocol';
import type { Command, Io, Parsed } from '../command.ts';
import { UsageError } from '../command.ts';
import { exitCode } from '../exit-codes.ts';
import { type Formatter, parseFormat } from '../format.ts';
import { PayloadError } from '../message-json.ts';
import { mqttFlags } from '../mqtt-flags.ts';
import { type MqttSettings, mqttSettings, qosOf } from '../mqtt-options.ts';
import { Printer } from '../printer.ts';
import { interruptCode, runSession } from '../session.ts';
import { now } from '../strftime.ts';
import { subFlags } from '../sub-flags.ts';
import { isSet, listOf, numberOf, textOf } from '../values.ts';

/** `cauldron sub` */
export const sub: Command = {
  name: 'sub',
  summary: 'subscribe to topics and print what arrives',
  usage: ['cauldron sub -t FILTER [-t FILTER ...] [FLAGS]', 'cauldron sub -L mqtt://HOST/FILTER [FLAGS]'],
  flags: [...subFlags, ...mqttFlags],
  examples: [
    { does: 'Print everything below kitchen with its topic', command: "cauldron sub -t 'kitchen/#' -v" },
    { does: 'The temperature of every room (+ stands for one level)', command: 'cauldron sub -t +/temperature -v' },
    { does: 'Wait at most 5 s for one message, for a script', command: 'cauldron sub -t orders/42 -C 1 -W 5' },
    { does: 'One JSON object a line', command: "cauldron sub -t '#' --json" },
    { does: 'Your own format', command: "cauldron sub -t '#' -F '@H:@M:@S %t %p'" },
    { does: 'Receive what came while away', command: 'cauldron sub -t orders/# -q 1 -c -i my-worker' },
    { does: 'Share the work with others who run the same', command: "cauldron sub -t '$share/workers/orders/#' -q 1" },
    {
      does: 'Clear all retained messages below kitchen',
      command: "cauldron sub -t 'kitchen/#' --remove-retained --retained-only",
    },
  ],
  run,
};

/** Messages that wait in memory for a slow output; then the broker has to wait. */
const BUFFER = 100;

interface Job {
  readonly filters: readonly string[];
  readonly options: SubscribeOptions;
  readonly unsubscribe: readonly string[];
  readonly filterOut: readonly string[];
  /** Undefined = without end. */
  readonly count: number | undefined;
  readonly exitAfterSuback: boolean;
  readonly skipRetained: boolean;
  readonly retainedOnly: boolean;
  readonly removeRetained: boolean;
  /** Percent of the messages to print. */
  readonly chance: number;
  readonly format: Formatter;
  readonly quiet: boolean;
}

async function run(parsed: Parsed, io: Io): Promise<number> {
  if (parsed.positionals.length > 0) {
    throw new UsageError(`"${parsed.positionals[0]}" belongs to no flag; give each topic with its own -t`);
  }
  const settings = mqttSettings(parsed, ['SUBSCRIBE', 'UNSUBSCRIBE'], io.env);
  const job = readJob(parsed, settings);
  const timeout = numberOf(parsed, 'timeout', { min: 1, max: 2_000_000 });
  const printer = new Printer(io.stdout);
  const receiver = new Receiver(job, printer, io);
  const endless = job.count === undefined && !job.exitAfterSuback && !job.retainedOnly;
  try {
    return await runSession(
      {
        name: 'sub',
        url: settings.url,
        connect: {
          ...settings.connect,
          reconnect: isSet(parsed, 'no-reconnect') ? false : {},
          // A kept session may have subscriptions of earlier runs.
          onMessage: (message) => receiver.take(message),
        },
        disconnect: settings.properties.DISCONNECT,
        interrupted: (signal) => (endless ? exitCode.ok : interruptCode(signal)),
        timeout,
        work: (client) => receiver.work(client, settings),
      },
      parsed,
      io,
    );
  } finally {
    printer.release();
  }
}

function readJob(parsed: Parsed, settings: MqttSettings): Job {
  const filters = [...listOf(parsed, 'topic'), ...(settings.urlTopic === undefined ? [] : [settings.urlTopic])];
  const unsubscribe = listOf(parsed, 'unsubscribe');
  const filterOut = listOf(parsed, 'filter-out');
  if (filters.length === 0 && unsubscribe.length === 0) throw new UsageError('a topic is missing: add -t TOPIC');
  for (const filter of filters) checkFilter('-t', filter);
  for (const filter of unsubscribe) checkFilter('-U', filter);
  for (const filter of filterOut) checkFilter('-T', filter);
  if (isSet(parsed, 'no-retained') && isSet(parsed, 'retained-only')) {
    throw new UsageError('-R (no retained messages) and --retained-only exclude each other; give one of them');
  }
  const options: SubscribeOptions = {
    qos: qosOf(parsed, 'qos'),
    noLocal: isSet(parsed, 'no-local'),
    retainAsPublished: isSet(parsed, 'retain-as-published'),
    retainHandling: (numberOf(parsed, 'retain-handling', { min: 0, max: 2 }) ?? 0) as RetainHandling,
    properties: settings.properties.SUBSCRIBE,
    bufferSize: BUFFER,
  };
  checkVersion(parsed, settings);
  return {
    filters,
    options,
    unsubscribe,
    filterOut,
    count: numberOf(parsed, 'count', { min: 1, max: Number.MAX_SAFE_INTEGER }),
    exitAfterSuback: isSet(parsed, 'exit-after-suback'),
    skipRetained: isSet(parsed, 'no-retained'),
    retainedOnly: isSet(parsed, 'retained-only'),
    removeRetained: isSet(parsed, 'remove-retained'),
    chance: numberOf(parsed, 'random-filter', { min: 0.1, max: 100, fraction: true }) ?? 100,
    format: formatOf(parsed),
    quiet: isSet(parsed, 'quiet'),
  };
}

function checkVersion(parsed: Parsed, settings: MqttSettings): void {
  const only5 = ['no-local', 'retain-as-published', 'retain-handling'].find(
    (name) => parsed.values[name] !== undefined,
  );
  if (only5 !== undefined && settings.connect.protocolVersion !== 5) {
    throw new UsageError(`--${only5} exists only in MQTT 5; add -V 5`);
  }
}

function checkFilter(flag: string, filter: string): void {
  const problem = topicFilterProblem(filter);
  if (problem !== undefined) throw new UsageError(`${flag}: ${problem}`);
}

/** How a message is printed, end of line included; nothing at all for an empty payload without its topic. */
function formatOf(parsed: Parsed): Formatter {
  const pretty = isSet(parsed, 'pretty');
  const given = textOf(parsed, 'format') ?? (isSet(parsed, 'json') ? '%j' : undefined);
  const end = isSet(parsed, 'no-eol') ? '' : '\n';
  const withEnd =
    (format: Formatter): Formatter =>
    (message, moment) =>
      Buffer.concat([format(message, moment), Buffer.from(end)]);
  if (given !== undefined) return withEnd(parseFormat(given, pretty));
  const verbose = isSet(parsed, 'verbose');
  const full = withEnd(parseFormat(verbose ? '%t %p' : '%p'));
  const empty: Formatter = (message) => Buffer.from(verbose && end !== '' ? `${message.topic} (null)\n` : '');
  return (message, moment) => (message.payload.length === 0 ? empty : full)(message, moment);
}

/** What happens to each message, and when enough came. */
class Receiver {
  readonly #job: Job;
  readonly #printer: Printer;
  readonly #io: Io;
  readonly #enough = Promise.withResolvers<number>();
  readonly #removals: Promise<unknown>[] = [];
  readonly #refused = new Set<string>();
  #subscription: Subscription | undefined;
  #client: Client | undefined;
  #count = 0;
  #finished = false;

  constructor(job: Job, printer: Printer, io: Io) {
    this.#job = job;
    this.#printer = printer;
    this.#io = io;
  }

  async work(client: Client, { properties }: MqttSettings): Promise<number> {
    this.#client = client;
    void this.#printer.closed.then(() => this.#finish());
    const { filters, unsubscribe } = this.#job;
    const answers: Promise<void>[] = [];
    if (filters.length > 0) answers.push(this.#subscribe(client));
    for (const filter of unsubscribe) answers.push(client.unsubscribe(filter, properties.UNSUBSCRIBE));
    const acknowledged = Promise.all(answers).then(() => this.#acknowledged());
    const code = await Promise.race([acknowledged, this.#enough.promise]);
    await Promise.all(this.#removals);
    const dropped = this.#subscription?.dropped ?? 0;
    if (dropped > 0) this.#warn(`${dropped} QoS 0 messages were dropped: the output is read too slowly`);
    return code;
  }

  async #subscribe(client: Client): Promise<void> {
    const { filters, options } = this.#job;
    const onRefused = (filter: string, code: number): void => {
      const text = `${filter}: ${reasonCodeName(code)} (0x${code.toString(16)})`;
      if (this.#refused.has(text)) return; // it is asked for again after each reconnect
      this.#refused.add(text);
      this.#warn(`the broker refused the subscription to ${text}`);
    };
    this.#subscription = await client.on(filters, (message) => this.take(message), { ...options, onRefused });
    void this.#subscription.ended.then((error) => {
      if (error !== undefined) this.#enough.reject(error); // after a reconnect the broker would not renew it
    });
  }

  /** One refused filter among several is told and the others go on; whoever wanted only the answer hears of it. */
  #acknowledged(): number | Promise<number> {
    if (!this.#job.exitAfterSuback) return new Promise(() => undefined);
    return this.#refused.size === 0 ? exitCode.ok : exitCode.rejected;
  }

  #warn(text: string): void {
    if (!this.#job.quiet) this.#io.stderr.write(`cauldron sub: ${text}\n`);
  }

  take(message: Message): undefined | Promise<void> {
    const job = this.#job;
    // Never done, so never acknowledged: in a kept session it waits for the next run.
    if (this.#finished) return new Promise(() => undefined);
    if (job.retainedOnly && !message.retain) {
      this.#finish();
      return undefined;
    }
    if (job.filterOut.some((filter) => matchTopic(filter, message.topic))) return undefined;
    if (job.removeRetained && message.retain) this.#remove(message.topic);
    if (job.skipRetained && message.retain) return undefined;
    if (job.chance < 100 && Math.random() * 100 >= job.chance) return undefined;
    const printed = this.#print(message);
    this.#count += 1;
    if (this.#count === job.count) this.#finish(printed);
    return printed;
  }

  #print(message: Message): undefined | Promise<void> {
    try {
      return this.#printer.write(this.#job.format(message, now()));
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      this.#warn(error.message);
      return undefined;
    }
  }

  #remove(topic: string): void {
    const client = this.#client;
    if (client === undefined) return; // a message of the old session, before our SUBSCRIBE: the broker sends it again
    this.#removals.push(client.publish(topic, '', { qos: 1, retain: true }));
  }

  /** The current message's acknowledgement leaves after its handler is done; only then may the session end. */
  #finish(printed?: Promise<void>): void {
    this.#finished = true;
    void Promise.resolve(printed).then(() => setImmediate(() => this.#enough.resolve(exitCode.ok)));
  }
}
