import { inspect } from 'node:util';
import type { LogFormat, LogLevel } from './config/index.ts';

/** Extra facts of a log line. A value may be an Error. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the broker says what happens. Nothing is logged per message on the data path. */
export interface Logger {
  /** The broker cannot do what it should. */
  error(message: string, fields?: LogFields): void;
  /** Something an operator should look at; the broker goes on. */
  warn(message: string, fields?: LogFields): void;
  /** Starts, stops and the like: a few lines. */
  info(message: string, fields?: LogFields): void;
  /** Every connection and its end. */
  debug(message: string, fields?: LogFields): void;
  /** False = such a line would go nowhere, so its fields need not be gathered. */
  isEnabled(level: Exclude<LogLevel, 'silent'>): boolean;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly stream: NodeJS.WritableStream;
  /** Default: the clock of the machine. */
  readonly now?: () => Date;
}

type Severity = Exclude<LogLevel, 'silent'>;

const LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug'];

/** Bytes a stream that nobody reads may hold before lines are dropped and counted. */
const MAX_UNREAD = 1024 * 1024;

/**
 * A logger that writes one line each: text for people, or JSON for machines. The level is checked before anything is
 * formatted. Control characters are escaped, so that what a client sends cannot forge lines or drive a terminal.
 *
 * @example createLogger({ level: 'info', format: 'text', stream: process.stderr }).info('listening', { port: 1883 })
 * // 2026-01-31T12:00:00.000Z info  listening port=1883
 */
export function createLogger({ level, format, stream, now = () => new Date() }: LoggerOptions): Logger {
  const highest = LEVELS.indexOf(level);
  const isEnabled = (severity: Severity) => LEVELS.indexOf(severity) <= highest;
  const line = format === 'json' ? jsonLine : textLine;
  let dropped = 0;

  function write(severity: Severity, message: string, fields: LogFields): void {
    if (!isEnabled(severity)) return;
    if (((stream as { writableLength?: number }).writableLength ?? 0) > MAX_UNREAD) {
      dropped += 1;
      return;
    }
    if (dropped > 0) stream.write(line(now(), 'warn', 'log lines were dropped: nobody read them', { dropped }));
    dropped = 0;
    stream.write(line(now(), severity, message, fields));
  }

  return {
    isEnabled,
    error: (message, fields = {}) => write('error', message, fields),
    warn: (message, fields = {}) => write('warn', message, fields),
    info: (message, fields = {}) => write('info', message, fields),
    debug: (message, fields = {}) => write('debug', message, fields),
  };
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  isEnabled: () => false,
  error() {},
  warn() {},
  info() {},
  debug() {},
};

function textLine(time: Date, severity: Severity, message: string, fields: LogFields): string {
  const facts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${textValue(value)}`);
  return `${time.toISOString()} ${severity.padEnd(5)} ${escapeControls(message)}${facts.join('')}\n`;
}

function textValue(value: unknown): string {
  const text =
    value instanceof Error ? describeError(value) : typeof value === 'object' ? inspectShort(value) : String(value);
  const isPlain = text !== '' && !/[\s"=\\]/.test(text);
  return escapeControls(isPlain ? text : JSON.stringify(text));
}

const inspectShort = (value: unknown): string => inspect(value, { depth: 2, breakLength: Number.POSITIVE_INFINITY });

const describeError = (error: Error): string => {
  const { code } = error as { code?: unknown };
  return code === undefined || error.message.includes(String(code)) ? error.message : `${code}: ${error.message}`;
};

/** C0, DEL and C1 control characters, line separators, and what changes the direction of text. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const escapeControls = (text: string): string =>
  text.replace(CONTROLS, (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`);

function jsonLine(time: Date, severity: Severity, message: string, fields: LogFields): string {
  // Named facts come first so that none of them can replace the time, the level or the message.
  const entry = { ...fields, time: time.toISOString(), level: severity, message };
  try {
    return `${JSON.stringify(entry, jsonValue)}\n`;
  } catch (error) {
    const unloggable = describeError(error as Error);
    return `${JSON.stringify({ time: entry.time, level: severity, message, unloggable })}\n`;
  }
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (!(value instanceof Error)) return value;
  const { code } = value as { code?: unknown };
  return { message: value.message, ...(code !== undefined && { code }), stack: value.stack, cause: value.cause };
}
