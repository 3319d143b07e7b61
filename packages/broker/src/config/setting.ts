import { isIP } from 'node:net';
import { isShared, topicFilterProblem } from '@cauldron/protocol';
import { z } from 'zod';
import { formatBytes, formatSeconds, parseBytes, parseSeconds } from './quantity.ts';

interface Quantity {
  /** Smallest and largest accepted value, in bytes, seconds or pieces. */
  readonly min: number;
  readonly max: number;
  /** Only whole numbers. */
  readonly whole: boolean;
}

/** What is known of one value beside its zod type: documentation, error texts and environment variables come from it. */
export type Setting = { readonly help: string } & (
  | ({ readonly kind: 'bytes' | 'seconds' | 'count' } & Quantity)
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly choices: readonly (string | number)[] }
  | { readonly kind: 'text'; readonly accepts: string; readonly example: string }
);

/** The {@link Setting} of each value of the schema. */
export const settings = z.registry<Setting>();

/** What a section is for. */
export const sections = z.registry<{ help: string }>();

/** What holds when an optional value is left out, for the documentation. */
export const absences = z.registry<{ absent: string }>();

interface Range {
  readonly min: number;
  readonly max: number;
  /** Default true. */
  readonly whole?: boolean;
}

/** A size: a number of bytes, or text with a unit. */
export const bytes = (help: string, range: Range) => quantity('bytes', parseBytes, help, range);

/** A time: a number of seconds, or text with a unit. */
export const seconds = (help: string, range: Range) => quantity('seconds', parseSeconds, help, range);

function quantity(kind: 'bytes' | 'seconds', parse: (text: string) => number, help: string, range: Range) {
  const { min, max, whole = true } = range;
  return z
    .union([z.number(), z.string()])
    .transform((given) => (typeof given === 'string' ? parse(given) : given))
    .pipe((whole ? z.int() : z.number()).min(min).max(max))
    .register(settings, { kind, help, min, max, whole });
}

/** A whole number of pieces. */
export const count = (help: string, { min, max }: { min: number; max: number }) =>
  z.int().min(min).max(max).register(settings, { kind: 'count', help, min, max, whole: true });

export const flag = (help: string) => z.boolean().register(settings, { kind: 'boolean', help });

export function choice<const T extends readonly (string | number)[]>(
  help: string,
  choices: T,
): z.ZodLiteral<T[number]> {
  const schema = z.literal<T[number][]>([...choices]);
  settings.add(schema, { kind: 'choice', help, choices });
  return schema;
}

/** Text that is not empty. */
export const text = (help: string, accepts: string, example: string) =>
  z.string().min(1).register(settings, { kind: 'text', help, accepts, example });

/** Text that may be empty. */
export const optionalText = (help: string, accepts: string, example: string) =>
  z.string().register(settings, { kind: 'text', help, accepts, example });

/** An address to listen on; brackets around an IPv6 address are taken off. */
export const host = (help: string) =>
  z
    .string()
    .transform((given) => /^\[(.*)\]$/.exec(given)?.[1] ?? given)
    .refine((given) => isIP(given) !== 0 || /^(?![\d.]+$)[a-z0-9_][a-z0-9_.-]*$/i.test(given))
    .register(settings, {
      kind: 'text',
      help,
      accepts: 'an IP address or a host name, without a port',
      example: '127.0.0.1',
    });

/** A topic filter, not a shared one: for topics of messages, not for subscriptions. */
export const topicFilter = (help: string, example: string) =>
  z
    .string()
    .superRefine((given, context) => {
      const problem =
        topicFilterProblem(given) ??
        (isShared(given) ? 'it is for messages, not for a subscription: leave $share out' : undefined);
      if (problem === undefined) return;
      const message = `${JSON.stringify(given)} is not accepted: ${problem}`;
      context.addIssue({ code: 'custom', message, params: { explains: true } });
    })
    .register(settings, { kind: 'text', help, accepts: 'a topic filter', example });

/** What a setting takes, in words: for error texts and for the documentation. */
export function accepts(setting: Setting): string {
  switch (setting.kind) {
    case 'bytes':
      return `a ${setting.whole ? 'whole ' : ''}number of bytes ${range(setting, formatBytes)}, or text such as "16 MiB"`;
    case 'seconds':
      return `a ${setting.whole ? 'whole ' : ''}number of seconds ${range(setting, formatSeconds)}, or text such as "10 s"`;
    case 'count':
      return `a whole number ${range(setting, () => undefined)}`;
    case 'boolean':
      return 'true or false';
    case 'choice':
      return `one of ${setting.choices.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'text':
      return setting.accepts;
  }
}

function range({ min, max }: Quantity, format: (value: number) => string | undefined): string {
  if (max === Number.MAX_SAFE_INTEGER) return `from ${min}`;
  const readable = format(max);
  return `from ${min} to ${max}${readable === undefined ? '' : ` (${readable})`}`;
}
