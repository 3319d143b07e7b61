import type { ClientOptions, Properties, WillOptions } from '@cauldron/client';
import { type QoS, topicNameProblem } from '@cauldron/protocol';

export type Pair = readonly [name: string, value: string];
export type QosText = '0' | '1' | '2';

/** What the user filled in. Numbers are texts, as they stand in their fields. */
export interface ConnectionForm {
  readonly url: string;
  /** Empty = one is made up. */
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly version: 'auto' | '5' | '4';
  readonly cleanStart: boolean;
  /** Seconds; empty = the session ends with the connection. */
  readonly sessionExpiry: string;
  /** Seconds. */
  readonly keepAlive: string;
  readonly reconnect: boolean;
  readonly userProperties: readonly Pair[];
  readonly will: WillForm;
}

export interface WillForm {
  readonly enabled: boolean;
  readonly topic: string;
  readonly payload: string;
  readonly qos: QosText;
  readonly retain: boolean;
  /** Seconds. */
  readonly delay: string;
}

/** Why a field cannot be used, by the field. */
export type FormErrors = Partial<Record<'url' | 'sessionExpiry' | 'keepAlive' | 'willTopic' | 'willDelay', string>>;

/** @param url of the broker that the page is from */
export const emptyForm = (url: string): ConnectionForm => ({
  url,
  clientId: '',
  username: '',
  password: '',
  version: 'auto',
  cleanStart: true,
  sessionExpiry: '',
  keepAlive: '60',
  reconnect: true,
  userProperties: [],
  will: { enabled: false, topic: '', payload: '', qos: '0', retain: false, delay: '' },
});

/** Where and how to connect; or what is wrong with it. @param secure the page came over https: */
export function readForm(
  form: ConnectionForm,
  secure: boolean,
): { readonly url: string; readonly options: ClientOptions } | { readonly errors: FormErrors } {
  const { will } = form;
  const keepAlive = wholeNumber(form.keepAlive, 65_535);
  const expiry = wholeNumber(form.sessionExpiry, 0xffffffff);
  const delay = wholeNumber(will.delay, 0xffffffff);
  const errors: FormErrors = {};
  const url = urlProblem(form.url.trim(), secure);
  if (url !== undefined) errors.url = url;
  if (keepAlive === null) errors.keepAlive = 'Write seconds from 0 to 65535; 0 switches it off.';
  if (expiry === null) errors.sessionExpiry = 'Write seconds from 0 to 4294967295, or leave it empty.';
  if (will.enabled) {
    const problem = will.topic === '' ? 'the will needs a topic' : topicNameProblem(will.topic);
    if (problem !== undefined) errors.willTopic = sentence(problem);
    if (delay === null) errors.willDelay = 'Write seconds from 0 to 4294967295, or leave it empty.';
  }
  if (Object.keys(errors).length > 0) return { errors };
  const options: ClientOptions = {
    clientId: form.clientId.trim() || undefined,
    username: form.username || undefined,
    password: form.password || undefined,
    protocolVersion: form.version === 'auto' ? undefined : form.version === '5' ? 5 : 4,
    cleanStart: form.cleanStart,
    sessionExpiry: expiry ?? undefined,
    keepAlive: keepAlive ?? undefined,
    will: will.enabled ? willOf(will, delay ?? undefined) : undefined,
    properties: propertiesOf(form.userProperties),
    reconnect: form.reconnect ? undefined : false,
  };
  return { url: form.url.trim(), options };
}

function willOf({ topic, payload, qos, retain }: WillForm, delay: number | undefined): WillOptions {
  const properties = delay === undefined ? undefined : { willDelayInterval: delay };
  return { topic, payload, qos: Number(qos) as QoS, retain, properties };
}

/** Undefined where no pair has a name. */
export function propertiesOf(pairs: readonly Pair[]): Properties | undefined {
  const named = pairs.filter(([name]) => name !== '').map(([name, value]): [string, string] => [name, value]);
  return named.length === 0 ? undefined : { userProperties: named };
}

function urlProblem(text: string, secure: boolean): string | undefined {
  const how = 'Write ws://HOST:PORT/PATH, or wss:// for TLS; many brokers have the path /mqtt.';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return text === '' ? how : `This is no URL. ${how}`;
  }
  if (/^(mqtts?|tcp|ssl):$/.test(url.protocol)) {
    return `Browsers cannot open ${url.protocol}// connections, only WebSocket. ${how} The port is another one, too.`;
  }
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') return how;
  if (secure && url.protocol === 'ws:') {
    return 'This page came over https, and browsers let such pages open only encrypted connections: write wss://.';
  }
  return undefined;
}

/** Undefined = empty, null = no such number. */
export function wholeNumber(text: string, most: number): number | undefined | null {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  return /^\d+$/.test(trimmed) && Number(trimmed) <= most ? Number(trimmed) : null;
}

/** The same text with a capital and a full stop. */
export const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

/** Where a form is kept; `localStorage` in a page. */
export interface Keeper {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const KEY = 'cauldron-client';

/** Remembers a form, without the password and whatever of it stands in the URL. */
export function keepForm(keeper: Keeper, form: ConnectionForm): void {
  keeper.setItem(KEY, JSON.stringify({ ...form, password: '', url: withoutPassword(form.url) }));
}

function withoutPassword(text: string): string {
  return text.replace(/^(wss?:\/\/[^:@/?#]*):[^@/?#]*@/i, '$1@');
}

/** What was remembered, as far as this version of the page knows it; otherwise an empty form. */
export function keptForm(keeper: Keeper, url: string): ConnectionForm {
  const form = emptyForm(url);
  try {
    const kept = JSON.parse(keeper.getItem(KEY) ?? '{}') as Partial<ConnectionForm>;
    return {
      ...fitting(form, kept),
      will: fitting(form.will, kept.will),
      userProperties: pairsOf(kept.userProperties),
    };
  } catch {
    return form;
  }
}

/** Fields of `kept` where they have the type that they have in `form`. */
function fitting<T extends object>(form: T, kept: unknown): T {
  if (typeof kept !== 'object' || kept === null) return form;
  const given = kept as Record<string, unknown>;
  const fields = Object.entries(form).map(([name, value]) => [
    name,
    typeof given[name] === typeof value && typeof value !== 'object' ? given[name] : value,
  ]);
  return Object.fromEntries(fields) as T;
}

function pairsOf(kept: unknown): Pair[] {
  if (!Array.isArray(kept)) return [];
  return kept.filter(
    (pair): pair is Pair => Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'string',
  );
}
