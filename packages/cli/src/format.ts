import { UsageError } from './command.ts';
import { messageJson, type Printable } from './message-json.ts';
import { isConversion, type Moment, strftime } from './strftime.ts';

/** Turns a message into what is printed, without the end of line. */
export type Formatter = (message: Printable, moment: Moment) => Uint8Array;

type Part = (message: Printable, moment: Moment) => string | Uint8Array;

interface Spec {
  readonly zero: boolean;
  readonly left: boolean;
  readonly width: number;
  readonly max: number | undefined;
}

const hex = (message: Printable): string => Buffer.from(message.payload).toString('hex');
const number = (value: number | undefined): string => (value === undefined ? '' : String(value));

/** Sequences that take flags and a width; `zero` = the 0 flag means something, `max` = a maximum width does. */
const padded: Readonly<Record<string, { of: Part; zero?: true; max?: true }>> = {
  A: { of: (m) => number(m.properties?.topicAlias), zero: true },
  C: { of: (m) => m.properties?.contentType ?? '', max: true },
  E: { of: (m) => number(m.properties?.messageExpiryInterval), zero: true },
  F: { of: (m) => number(m.properties?.payloadFormatIndicator), zero: true },
  I: { of: (_, at) => `${strftime('F', at)}T${strftime('T', at)}${strftime('z', at)}`, max: true },
  l: { of: (m) => String(m.payload.length), zero: true },
  m: { of: (m) => String(m.packetId), zero: true },
  p: { of: (m) => m.payload },
  R: { of: (m) => m.properties?.responseTopic ?? '', max: true },
  S: { of: (m) => (m.properties?.subscriptionIdentifiers ?? []).join(' '), zero: true },
  t: { of: (m) => m.topic, max: true },
  x: { of: hex, zero: true },
  X: { of: (m) => hex(m).toUpperCase(), zero: true },
};

const plain = (pretty: boolean): Readonly<Record<string, Part>> => ({
  '%': () => '%',
  D: (m) => m.properties?.correlationData ?? '',
  P: (m) => (m.properties?.userProperties ?? []).map(([name, value]) => `${name}:${value}`).join(' '),
  q: (m) => String(m.qos),
  r: (m) => (m.retain ? '1' : '0'),
  j: (m, at) => messageJson(m, at, { raw: false, pretty }),
  J: (m, at) => messageJson(m, at, { raw: true, pretty }),
  U: (_, at) => `${strftime('s', at)}.${strftime('N', at)}`,
});

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  '0': '\0',
  a: '\x07',
  e: '\x1b',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/**
 * Reads a format string as `mosquitto_sub -F` knows it: `%` sequences for the message, `@` sequences for the time
 * (strftime), `\` sequences for characters that are hard to type.
 *
 * @throws {UsageError} for a sequence that does not exist or is unfinished
 * @example
 * parseFormat('%t: %p')(message, now()) // the bytes of `kitchen/soup: ready`
 */
export function parseFormat(format: string, pretty = false): Formatter {
  const parts: Part[] = [];
  let literal = '';
  const add = (part: Part): void => {
    const before = literal;
    if (before !== '') parts.push(() => before);
    literal = '';
    parts.push(part);
  };
  let at = 0;
  while (at < format.length) {
    const start = format[at++]!;
    if (start === '%') at = percent(format, at, pretty, add);
    else if (start === '@') {
      literal += format[at] === '@' ? '@' : '';
      if (format[at] !== '@') add(time(format, at));
      at += 1;
    } else if (start === '\\') literal += character(format, at++);
    else literal += start;
  }
  const rest = literal;
  if (rest !== '') parts.push(() => rest);
  return (message, moment) => Buffer.concat(parts.map((part) => bytes(part(message, moment))));
}

const bytes = (value: string | Uint8Array): Uint8Array => (typeof value === 'string' ? Buffer.from(value) : value);

function percent(format: string, at: number, pretty: boolean, add: (part: Part) => void): number {
  const [whole, flags, width, max] = /^([-0]*)(\d*)(?:\.(\d*))?/.exec(format.slice(at))! as unknown as [
    string,
    string,
    string,
    string | undefined,
  ];
  const letter = format[at + whole.length];
  if (letter === undefined) throw new UsageError(`-F ends inside the sequence %${whole}; write %% for a percent sign`);
  const simple = plain(pretty)[letter];
  const field = padded[letter];
  if (simple !== undefined) add(simple);
  else if (field !== undefined) {
    const left = flags.includes('-');
    const zero = flags.includes('0') && field.zero === true && !left;
    const spec = { left, zero, width: Number(width), max: field.max && max !== undefined ? Number(max) : undefined };
    add(whole === '' ? field.of : (message, moment) => fit(field.of(message, moment), spec));
  } else {
    const known = [...Object.keys(plain(pretty)), ...Object.keys(padded)].map((name) => `%${name}`).join(' ');
    throw new UsageError(`-F has no sequence %${letter}; there are ${known}`);
  }
  return at + whole.length + 1;
}

function fit(value: string | Uint8Array, spec: Spec): string | Uint8Array {
  if (typeof value !== 'string') {
    const fill = Buffer.alloc(Math.max(0, spec.width - value.length), ' ');
    return Buffer.concat(spec.left ? [value, fill] : [fill, value]);
  }
  const text = spec.max === undefined ? value : value.slice(0, spec.max);
  if (spec.left) return text.padEnd(spec.width);
  return text.padStart(spec.width, spec.zero ? '0' : ' ');
}

function time(format: string, at: number): Part {
  const letter = format[at];
  if (letter === undefined) throw new UsageError('-F ends with a lone @; write @@ for an at sign');
  if (!isConversion(letter))
    throw new UsageError(`-F has no time sequence @${letter}; see strftime(3), for example @H:@M:@S`);
  return (_, moment) => strftime(letter, moment);
}

function character(format: string, at: number): string {
  const letter = format[at];
  if (letter === undefined) throw new UsageError('-F ends with a lone \\; write \\\\ for a backslash');
  const found = escapes[letter];
  if (found === undefined) {
    const known = Object.keys(escapes)
      .map((name) => `\\${name}`)
      .join(' ');
    throw new UsageError(`-F has no escape \\${letter}; there are ${known}`);
  }
  return found;
}
