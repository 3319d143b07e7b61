import { type Client, type ClientState, connect, type NodeClientOptions, UnreachableError } from '@cauldron/client';
import type { Packet, Properties } from '@cauldron/protocol';
import { MqttError } from '@cauldron/protocol';
import type { Io, Parsed } from './command.ts';
import { UsageError } from './command.ts';
import { describePacket } from './describe-packet.ts';
import { exitCode } from './exit-codes.ts';
import { isSet } from './values.ts';

/** A failure that is known to the user's scripts: what to print and what to exit with. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, code: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = code;
  }
}

export interface Session {
  readonly name: string;
  readonly url: string;
  /** With `reconnect`, each loss of the connection and each return is told on stderr. */
  readonly connect: NodeClientOptions;
  /** Properties of the DISCONNECT that ends it. */
  readonly disconnect: Properties | undefined;
  /** The exit code when SIGINT or SIGTERM came; asked when it comes. */
  interrupted(signal: 'SIGINT' | 'SIGTERM'): number;
  /** Seconds after which it ends with the exit code for a time-out. */
  readonly timeout?: number | undefined;
  /** The work; its result is the exit code. Left waiting when the session ends in another way. */
  work(client: Client): Promise<number>;
}

/** The exit code of a command that was interrupted with work left. */
export const interruptCode = (signal: 'SIGINT' | 'SIGTERM'): number =>
  signal === 'SIGINT' ? exitCode.interrupted : exitCode.terminated;

/**
 * Connects, works, says DISCONNECT and answers the exit code. Whatever comes first ends it: the work, a signal, the
 * time-out, or the loss of the connection. Errors become one line on stderr.
 */
export async function runSession(session: Session, parsed: Parsed, io: Io): Promise<number> {
  const giveUp = new AbortController();
  const { promise: stopped, resolve: stop } = Promise.withResolvers<number>();
  const stopListening = io.onSignal((signal) => stop(session.interrupted(signal)));
  const timer =
    session.timeout === undefined ? undefined : setTimeout(() => stop(exitCode.timeout), session.timeout * 1000);
  const trace = isSet(parsed, 'debug') ? tracer(io) : undefined;
  let client: Client | undefined;
  try {
    const connecting = open(session.url, { ...session.connect, trace, signal: giveUp.signal });
    const first = await Promise.race([connecting, stopped]);
    if (typeof first === 'number') {
      connecting.catch(() => undefined); // it is given up on purpose: its error says only that
      return over(first, session, parsed, io);
    }
    client = first;
    if (!isSet(parsed, 'quiet')) client.onState(reconnectNotes(session.name, io));
    return over(await Promise.race([session.work(client), stopped, lost(client)]), session, parsed, io);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return report(error, session.name, parsed, io);
  } finally {
    clearTimeout(timer);
    if (client === undefined) giveUp.abort();
    // The work waited for what it published; when it was interrupted, nobody wants to wait any more.
    await client?.end({ timeout: 0, properties: session.disconnect });
    stopListening();
  }
}

function over(code: number, session: Session, parsed: Parsed, io: Io): number {
  if (code === exitCode.timeout && !isSet(parsed, 'quiet')) {
    io.stderr.write(`cauldron ${session.name}: timed out after ${session.timeout} s (-W)\n`);
  }
  return code;
}

const tracer =
  (io: Io) =>
  (direction: 'sent' | 'received', packet: Packet): void => {
    io.stderr.write(`${direction === 'sent' ? '->' : '<-'} ${describePacket(packet)}\n`);
  };

/** Tells when the connection is lost, when the broker does not want us back, and when it is there again. */
function reconnectNotes(name: string, io: Io): (state: ClientState) => void {
  const say = (text: string) => void io.stderr.write(`cauldron ${name}: ${text}\n`);
  let isLost = false;
  let refusal = '';
  return (state) => {
    if (state.status === 'connected') {
      if (isLost) say('connected again');
      isLost = false;
      refusal = '';
    } else if (state.status === 'waiting') {
      const { message } = state.reason;
      const isNew = !isLost || (isRefusal(state.reason) && message !== refusal);
      if (isRefusal(state.reason)) refusal = message;
      isLost = true;
      if (isNew) say(`${message}; trying to connect again`);
    }
  };
}

const isRefusal = (error: Error): boolean => error instanceof MqttError && error.code === 'CONNECTION_REFUSED';

async function open(url: string, options: NodeClientOptions): Promise<Client> {
  try {
    return await connect(url, options);
  } catch (error) {
    throw connectError(error);
  }
}

/** What went wrong with connecting, with its exit code. */
export function connectError(error: unknown): unknown {
  if (error instanceof UnreachableError) return new CommandError(error.message, exitCode.unreachable, error);
  if (!(error instanceof MqttError)) return error;
  if (error.code === 'CONNECTION_REFUSED') return new CommandError(error.message, exitCode.refused, error);
  const silent = error.code === 'TIMEOUT' || error.code === 'CONNECTION_CLOSED';
  if (silent) return new CommandError(error.message, exitCode.unreachable, error);
  return refusals.includes(error.code) ? error : new CommandError(error.message, exitCode.failure, error);
}

async function lost(client: Client): Promise<number> {
  const error = await client.closed;
  if (error === undefined) return new Promise<number>(() => undefined); // end() was called: the work decides
  throw new CommandError(error.message, exitCode.lost, error);
}

const refusals: readonly MqttError['code'][] = [
  'PUBLISH_REFUSED',
  'SUBSCRIBE_REFUSED',
  'QOS_NOT_SUPPORTED',
  'RETAIN_NOT_SUPPORTED',
  'PACKET_TOO_LARGE',
];

/** Tells an error in one line. @returns its exit code */
export function report(error: unknown, name: string, parsed: Parsed, io: Io): number {
  if (!isSet(parsed, 'quiet')) io.stderr.write(`cauldron ${name}: ${(error as Error).message}\n`);
  if (error instanceof CommandError) return error.exitCode;
  if (!(error instanceof MqttError)) return exitCode.failure;
  if (error.code === 'CONNECTION_CLOSED' || error.code === 'TIMEOUT') return exitCode.lost;
  return refusals.includes(error.code) ? exitCode.rejected : exitCode.failure;
}
