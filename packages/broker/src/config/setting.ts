import { isIP } from 'node:net';
import { isShared, topicFilterProblem } from '@cauldron/protocol';
import { z } from 'zod';
import { formatBytes, formatSeconds, parseBytes, parseSeconds } from './quantity.ts';
import { Secret, type SecretInput } from './secret.ts';

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
  /** A list of texts. `element` says what one of them is; `orOne`: it may stand alone, without a list. */
  | {
      readonly kind: 'texts';
      readonly element: string;
      readonly example: readonly string[];
      readonly orOne?: boolean;
    }
  /** A text nobody may see; in a URL only its password is hidden. */
  | { readonly kind: 'secret' | 'url'; readonly accepts: string; readonly example: string }
  /** Names of the user's own, each with a secret. */
  | { readonly kind: 'secrets'; readonly accepts: string; readonly example: Readonly<Record<string, string>> }
);

/** The {@link Setting} of each value of the schema. */
export const settings = z.registry<Setting>();

/** What a section is for. */
export const sections = z.registry<{ help: string }>();

interface Absence {
  /** What holds when an optional value is left out. */
  readonly absent: string;
  /** The key it takes the place of: an example shows one of them. */
  readonly insteadOf?: string;
}

/** What holds when an optional value is left out, for the documentation. */
export const absences = z.registry<Absence>();

/** A value that may be left out, with what holds then. */
export function orElse<T extends z.ZodType>(schema: T, absent: string, insteadOf?: string): z.ZodOptional<T> {
  const optional = schema.optional();
  absences.add(optional, { absent, ...(insteadOf !== undefined && { insteadOf }) });
  return optional;
}

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

/** The path of a URL, without a query. */
export const urlPath = (help: string, example: string) =>
  z
    .string()
    .regex(/^\/[!$&-;=@-Z_a-z~]*$/)
    .register(settings, {
      kind: 'text',
      help,
      accepts: 'a path that begins with /, in ASCII, without spaces, ?, # and %',
      example,
    });

/** The path of a file with keys or certificates. Where what belongs into the file is given instead, nobody sees it. */
export const keyFile = (help: string, example: string) =>
  z
    .string()
    .min(1)
    .superRefine((given, context) => {
      if (/[\r\n]|-----BEGIN /.test(given))
        explain(
          context,
          [],
          'takes a path, and what is given is no path but what belongs into the file; name the file',
        );
    })
    .register(settings, { kind: 'text', help, accepts: 'a path', example });

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
  topicFilterText((given) => given).register(settings, { kind: 'text', help, accepts: 'a topic filter', example });

const topicFilterText = (prepared: (given: string) => string) =>
  z.string().superRefine((given, context) => {
    const filter = prepared(given);
    const problem =
      topicFilterProblem(filter) ??
      (isShared(filter) ? 'it is for messages, not for a subscription: leave $share out' : undefined);
    if (problem === undefined) return;
    explain(context, [], `${JSON.stringify(given)} is not accepted: ${problem}`);
  });

/** Refuses what is at a path, in words of its own. */
export function explain(context: z.RefinementCtx, path: readonly (string | number)[], message: string): void {
  context.addIssue({ code: 'custom', path: [...path], message, params: { explains: true } });
}

/** A list of texts that is not empty. */
export const texts = (help: string, element: string, example: readonly string[]) =>
  z.array(z.string().min(1)).min(1).register(settings, { kind: 'texts', help, element, example });

/** A text, or a list of them that is not empty. */
export const oneOrMoreTexts = (help: string, element: string, example: readonly string[]) =>
  z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .register(settings, { kind: 'texts', help, element, example, orOne: true });

/** A list of texts that may be empty. */
export const textList = (help: string, element: string, example: readonly string[]) =>
  z.array(z.string().min(1)).register(settings, { kind: 'texts', help, element, example });

/** A list of texts out of some. */
export const choices = <const T extends readonly string[]>(help: string, known: T, example: readonly T[number][]) =>
  z
    .array(z.literal<T[number][]>([...known]))
    .min(1)
    .register(settings, { kind: 'texts', help, element: oneOf(known), example });

/** A list of addresses or networks, each an IP address with or without the length of its prefix. */
export const networks = (help: string, example: readonly string[]) =>
  z
    .array(z.string().refine(isNetwork))
    .min(1)
    .register(settings, { kind: 'texts', help, element: 'an IP address or a network such as 10.0.0.0/8', example });

function isNetwork(text: string): boolean {
  const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && (length === undefined || Number(length) <= (family === 4 ? 32 : 128));
}

/** A list of topic filters of messages, with the placeholders of rules. */
export const ruleTopics = (help: string, example: readonly string[]) =>
  z.array(ruleTopicText()).min(1).register(settings, { kind: 'texts', help, element: 'a topic filter', example });

/** A topic filter of messages, with the placeholders of rules. */
export const ruleTopic = (help: string, example: string) =>
  ruleTopicText().register(settings, { kind: 'text', help, accepts: 'a topic filter', example });

/** What `%u` and `%c` will stand for is not known yet: for the check it is a name. */
const ruleTopicText = () => topicFilterText((given) => given.replaceAll(/%[uc]/g, 'x'));

/** A file's permissions in octal. */
export const fileMode = (help: string) =>
  z
    .string()
    .regex(/^0?[0-7]{3}$/)
    .register(settings, { kind: 'text', help, accepts: 'permissions in octal, such as "0660"', example: '0660' });

/** An environment variable as texts of secrets name it. */
export const fromEnvironment = (name: string): string => `$\{${name}}`;

/** How a secret may be written. */
export const SECRET = `text, in which "${fromEnvironment('NAME')}" stands for an environment variable, { env = "NAME" } or { file = "path" }`;

/**
 * A text that must not be seen; by the time it is validated, it has been read from where it is ({@link SecretInput}).
 *
 * @param variable an environment variable, for the example
 */
export const secret = (help: string, variable: string) =>
  secretText((value) => value.length > 0).register(settings, {
    kind: 'secret',
    help,
    accepts: SECRET,
    example: fromEnvironment(variable),
  });

/** A URL, which may hold a password. */
export const url = (help: string, protocols: readonly string[], example: string) =>
  secretText((value) => {
    const parsed = URL.parse(value);
    return parsed !== null && protocols.includes(parsed.protocol.slice(0, -1));
  }).register(settings, {
    kind: 'url',
    help,
    accepts: `a URL that starts with ${protocols.map((name) => `${name}://`).join(' or ')}; it may be written as a secret is`,
    example,
  });

/** Names and a secret for each. */
export const secrets = (help: string, example: Readonly<Record<string, string>>) =>
  z
    .record(
      z.string().min(1),
      secretText((value) => value.length > 0),
    )
    .register(settings, { kind: 'secrets', help, accepts: `a table of names, each with a secret: ${SECRET}`, example });

const secretText = (isAccepted: (value: string) => boolean) =>
  z
    .custom<SecretInput>((value) => value instanceof Secret && isAccepted(value.reveal()))
    .transform((value) => value as Secret);

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
      return oneOf(setting.choices);
    case 'texts':
      return setting.orOne === true ? `${setting.element}, or a list of it` : `a list, each ${setting.element}`;
    case 'text':
    case 'secret':
    case 'url':
    case 'secrets':
      return setting.accepts;
  }
}

const oneOf = (choices: readonly unknown[]): string =>
  `one of ${choices.map((value) => JSON.stringify(value)).join(', ')}`;

function range({ min, max }: Quantity, format: (value: number) => string | undefined): string {
  if (max === Number.MAX_SAFE_INTEGER) return `from ${min}`;
  const readable = format(max);
  return `from ${min} to ${max}${readable === undefined ? '' : ` (${readable})`}`;
}
